import type { ShiftSpan, Span } from './shifts.ts'

export interface Reachable {
  name: string
  /** an enabled user */
  isEnabled: boolean
  /** a channel of the person has accepted a message */
  isProven: boolean
}

export interface Problem extends Span {
  kind: 'hole' | 'unproven' | 'unknown'
  person: string | null
}

/** What is wrong with shifts: times with nobody, and people who cannot be reached. */
export function problemsOf(shifts: readonly ShiftSpan[], people: readonly Reachable[]): Problem[] {
  const known = new Map(people.map((one) => [one.name, one]))
  const seen = new Set<string>()
  return shifts.flatMap(({ from, until, person }): Problem[] => {
    if (person === null) return [{ kind: 'hole', person, from, until }]
    if (seen.has(person)) return []
    seen.add(person)
    const found = known.get(person)
    if (found?.isEnabled !== true) return [{ kind: 'unknown', person, from, until }]
    return found.isProven ? [] : [{ kind: 'unproven', person, from, until }]
  })
}

/** Now, and the next shift of another person. */
export function nowAndNext(
  shifts: readonly ShiftSpan[],
  now: number,
): { now: ShiftSpan | null; next: ShiftSpan | null } {
  const current = shifts.find(({ from, until }) => from <= now && now < until) ?? null
  const next = shifts.find(
    ({ from, person }) => from > now && person !== null && person !== current?.person,
  )
  const isHole = current === null || current.person === null
  return { now: isHole ? null : current, next: next ?? null }
}
