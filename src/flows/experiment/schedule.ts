import { FairleadError } from '#contract/errors.ts'
import { commitmentOf, drawAt } from '#contract/experiment/draw.ts'
import type { Hours } from '#contract/oncall/oncall.ts'
import * as draws from '#domains/experiment/draw-store.ts'
import type { ExperimentPlace } from '#domains/experiment/store.ts'
import { hourSpans, type Span } from '#domains/oncall/shifts.ts'
import type { Engine } from '#engine/workflow.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { type LiveExperiments, liveExperiments } from '#views/experiment.ts'
import { readWorking } from './owner.ts'
import { requestExperiment } from './request.ts'

export interface ScheduleParts {
  db: Database
  engine: Pick<Engine, 'startStatements'>
  now(): number
  /** 64 hexadecimal digits that nobody can predict */
  seed(): string
}

/** The hours of a team that has set none. */
const usual: Working = {
  zone: 'UTC',
  hours: [{ days: [1, 2, 3, 4, 5], from: '09:00', until: '17:00' }],
}
/** Days for which seeds are made beforehand: a weekend, and one more. */
const daysAhead = 4
/** Milliseconds after which a run that could not begin is given up. */
const latest = 900_000
const tooLate = 'no server was there within 15 minutes, or another experiment was under way'

interface Working {
  zone: string
  hours: Hours[]
}

/**
 * Makes the seeds of the coming working days, draws that of today, and requests the runs that are
 * due, for each experiment with `every`.
 */
export async function runScheduled(parts: ScheduleParts): Promise<void> {
  for (const live of await liveExperiments(parts.db, null))
    for (const [name, { every, service }] of Object.entries(live.experiments)) {
      if (every === undefined) continue
      const { app, environment } = live
      const working = (await readWorking(parts.db, { app, service })) ?? usual
      const place = { app, environment, name }
      await commit(parts, place, { every, working })
      await runToday(parts, place, { live, working })
    }
}

/** The days from `now` on that have working hours, after today. */
function comingDays({ zone, hours }: Working, now: number): { day: string; hours: Span[] }[] {
  const today = dayOf(zone, now)
  return Array.from({ length: daysAhead }, (_, i) => today.add({ days: i + 1 })).flatMap((day) => {
    const start = day.toZonedDateTime(zone).epochMilliseconds
    const spans = hourSpans(hours, zone, { from: start, until: start })
    const own = spans.filter(({ from }) => dayOf(zone, from).equals(day))
    return own.length === 0 ? [] : [{ day: day.toString(), hours: own }]
  })
}

const dayOf = (zone: string, at: number): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate()

async function commit(
  { db, now, seed }: ScheduleParts,
  place: ExperimentPlace,
  { every, working }: { every: number; working: Working },
): Promise<void> {
  const wanted = comingDays(working, now())
  const [first] = wanted
  if (!first) return
  const known = await draws.drawsFrom(db, place, first.day)
  for (const one of wanted) {
    if (known.some(({ day }) => day === one.day)) continue
    const secret = seed()
    const draw = { ...place, ...one, every, seed: secret }
    await db.query(draws.insertDraw(draw, await commitmentOf(secret)))
  }
}

async function runToday(
  { db, engine, now }: ScheduleParts,
  place: ExperimentPlace,
  { live, working }: { live: LiveExperiments; working: Working },
): Promise<void> {
  const day = dayOf(working.zone, now()).toString()
  const today = (await draws.drawsFrom(db, place, day)).find((one) => one.day === day)
  if (!today || today.run !== null || today.problem !== null) return
  const known = today.at === null ? null : Date.parse(today.at)
  const at = today.drawn === null ? await draw(db, today) : known
  if (at === null || now() < at) return
  if (now() >= at + latest) return void (await db.query(draws.setDrawProblem(today, tooLate)))
  try {
    const wanted = { live, name: place.name, trigger: 'schedule' as const, actor: 'fairlead' }
    await requestExperiment(db, engine, wanted, (id) => [draws.setDrawRun(today, id)])
  } catch (error) {
    // Another experiment is under way; this one begins after it, if that ends soon.
    if (!(error instanceof FairleadError) || error.code !== 'not_now') throw error
  }
}

/** Stores the result of the draw of a day, and returns it. */
async function draw(db: Database, one: draws.StoredDraw): Promise<number | null> {
  const gap = await draws.gapBefore(db, one, one.day)
  const at = await drawAt({ ...one, gap })
  await db.query(draws.setDrawn(one, gap, at === null ? null : new Date(at).toISOString()))
  return at
}
