import type { Alert, Channel } from '#contract/alert/alert.ts'
import type { Hours } from '#contract/oncall/oncall.ts'
import { listChannels } from '#domains/alert/channel-store.ts'
import { planStep, type StepFacts } from '#domains/alert/escalation.ts'
import * as store from '#domains/alert/escalation-store.ts'
import { getAlert } from '#domains/alert/store.ts'
import { hourSpans, shiftAt } from '#domains/oncall/shifts.ts'
import * as oncall from '#domains/oncall/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { ownersOf } from '#views/owners.ts'
import { pulledOwnerOf } from '#views/pulls.ts'

/** The team of apps whose file names none. */
export const defaultTeam = 'default'
/** Steps of one alert that are taken at once; each that reaches nobody is followed by the next. */
const mostAtOnce = 20

export interface EscalateParts {
  db: Database
  now(): number
  /** called when messages are due */
  onNotification(): void
}

/**
 * Takes every step that is due. A step and its messages are one statement with a key. `ending`
 * names the alerts that are resolved next.
 */
export async function escalate(
  { db, now, onNotification }: EscalateParts,
  ending: readonly number[] = [],
): Promise<void> {
  for (let round = 0; round < mostAtOnce; round += 1) {
    const due = await store.listDue(db, ending)
    if (due.length === 0) return
    const common = await readCommon(db, now())
    for (const one of due) await takeOne(db, one, common, now())
    onNotification()
  }
}

interface Common {
  channels: Channel[]
  teams: oncall.StoredTeam[]
  onCall: Map<string, string | null>
}

async function readCommon(db: Database, now: number): Promise<Common> {
  const [channels, teams, rotas, overrides] = await Promise.all([
    listChannels(db),
    oncall.listTeams(db),
    oncall.listRotas(db),
    oncall.listOverrides(db, null, now),
  ])
  const onCall = rotas.map((rota): [string, string | null] => {
    const own = overrides.filter((one) => one.rota === rota.name).map(oncall.spanOf)
    return [rota.name, shiftAt(rota, own, now)?.person ?? null]
  })
  return { channels, teams, onCall: new Map(onCall) }
}

async function takeOne(
  db: Database,
  due: store.Due,
  { channels, teams, onCall }: Common,
  now: number,
): Promise<void> {
  const alert = await getAlert(db, due.id)
  if (!alert) return
  const pulled = await pulledOwnerOf(db, alert.id)
  const team = await teamOf(db, alert, { teams, owner: pulled.team })
  const waitsUntil =
    team?.escalation.working && alert.urgency === 'low'
      ? nextHours(team.escalation.working, now)
      : null
  if (due.step > 0 && waitsUntil !== null)
    return void (await db.query(store.postpone(due, waitsUntil)))
  const facts: StepFacts = {
    ...{ urgency: alert.urgency, suspects: alert.suspects, channels, team, onCall, waitsUntil },
    isAtOnce: pulled.isPull,
    passed: new Set(await store.listPassed(db, alert.id)),
  }
  await db.query(store.takeStep(due, planStep(due.step, facts)))
}

/** The team that owns what was turned off, otherwise the team of the service. */
async function teamOf(
  db: Database,
  { app, service }: Alert,
  { teams, owner: first }: { teams: readonly oncall.StoredTeam[]; owner: string | null },
): Promise<oncall.StoredTeam | null> {
  const owner = first ?? (await ownersOf(db, { app, service }))
  const named = (name: string) => teams.find((team) => team.name === name)
  return (owner === null ? undefined : named(owner)) ?? named(defaultTeam) ?? null
}

const week = 7 * 86_400_000

/** When working hours begin next, in milliseconds; null during them. */
export function nextHours(
  { zone, hours }: { zone: string; hours: Hours[] },
  now: number,
): number | null {
  const spans = hourSpans(hours, zone, { from: now, until: now + week })
  if (spans.some(({ from, until }) => from <= now && now < until)) return null
  return spans.find(({ from }) => from > now)?.from ?? null
}
