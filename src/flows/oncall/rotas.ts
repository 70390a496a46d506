import type { Rota, RotaDetail, RotaOverride, Shift } from '#contract/oncall/oncall.ts'
import { listUsers } from '#domains/access/user-store.ts'
import { listChannels } from '#domains/alert/channel-store.ts'
import { nowAndNext, type Problem, problemsOf, type Reachable } from '#domains/oncall/problems.ts'
import { type OverrideSpan, shiftsOf, type ShiftSpan, type Span } from '#domains/oncall/shifts.ts'
import * as store from '#domains/oncall/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'

const day = 86_400_000
/** Problems are reported so long before they come. */
const aheadMs = 28 * day

const iso = (ms: number): string => new Date(ms).toISOString()

const shiftOf = ({ from, until, ...rest }: ShiftSpan): Shift => ({
  ...{ from: iso(from), until: iso(until), ...rest },
})

/** The users, and whether a channel of theirs has worked. */
export async function peopleOf(db: Database): Promise<Reachable[]> {
  const [users, channels] = await Promise.all([listUsers(db), listChannels(db)])
  const proven = new Set(channels.flatMap(({ person, proven }) => (proven ? [person] : [])))
  return users.map(({ name, disabled }) => ({
    ...{ name, isEnabled: disabled === null, isProven: proven.has(name) },
  }))
}

/** An override as the API shows it, within its rota. */
export const overrideOf = (row: store.OverrideRow): RotaOverride => {
  const { id, person, from, until, reason, actor } = row
  return { id, person, from, until, reason, actor }
}

interface Facts {
  now: number
  people: Reachable[]
  overrides: readonly OverrideSpan[]
}

function viewOf(stored: store.StoredRota, { now, people, overrides }: Facts): Rota {
  const shifts = shiftsOf(stored, overrides, { from: now, until: now + aheadMs })
  const { now: current, next } = nowAndNext(shifts, now)
  return {
    ...stored,
    now: current && shiftOf(current),
    next: next && shiftOf(next),
    problems: problemsOf(shifts, people).map(({ from, until, ...rest }: Problem) => ({
      ...{ ...rest, from: iso(from), until: iso(until) },
    })),
  }
}

/** Every rota with who is on call now and next, and what is wrong in the next four weeks. */
export async function listRotaViews(db: Database, now: number): Promise<Rota[]> {
  const [rotas, overrides, people] = await Promise.all([
    store.listRotas(db),
    store.listOverrides(db, null, now),
    peopleOf(db),
  ])
  return rotas.map((rota) => {
    const own = overrides.filter((one) => one.rota === rota.name).map(store.spanOf)
    return viewOf(rota, { now, people, overrides: own })
  })
}

/** A rota with its shifts in a period; null when there is none of that name. */
export async function rotaView(
  db: Database,
  name: string,
  now: number,
  period: Span,
): Promise<RotaDetail | null> {
  const [stored, rows, people] = await Promise.all([
    store.getRota(db, name),
    store.listOverrides(db, name, Math.min(now, period.from)),
    peopleOf(db),
  ])
  if (!stored) return null
  const overrides = rows.map(store.spanOf)
  return {
    ...viewOf(stored, { now, people, overrides }),
    shifts: shiftsOf(stored, overrides, period).map(shiftOf),
    overrides: rows.map(overrideOf),
  }
}
