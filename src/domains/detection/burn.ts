import type { Counts } from './counts.ts'

/** A rule of the Site Reliability Workbook, chapter 5: both windows must burn at this factor. */
interface Rule {
  factor: number
  long: number
  short: number
  urgency: 'page' | 'ticket'
}

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** Factors for a period of 30 days; windows in seconds. */
export const burnRules: Rule[] = [
  { factor: 14.4, long: hour, short: 5 * minute, urgency: 'page' },
  { factor: 6, long: 6 * hour, short: 30 * minute, urgency: 'page' },
  { factor: 3, long: day, short: 2 * hour, urgency: 'ticket' },
  { factor: 1, long: 3 * day, short: 6 * hour, urgency: 'ticket' },
]

/** With fewer errors in the long window, a single request could raise an alarm at night. */
const leastErrors = 10

export interface Burn {
  rule: Rule
  /** how many times faster than allowed the error budget is used in the long window */
  factor: number
}

/**
 * The most urgent burn-rate rule that holds, or null. `objective` is the share of requests that
 * must succeed, such as 0.999; `over` sums the last seconds. A window without requests burns
 * nothing.
 */
export function burnOf(objective: number, over: (seconds: number) => Counts): Burn | null {
  const budget = 1 - objective
  const factorOf = ({ trials, events }: Counts): number =>
    trials === 0 ? 0 : events / trials / budget
  for (const rule of burnRules) {
    const long = over(rule.long)
    if (long.events < leastErrors) continue
    const factor = factorOf(long)
    if (factor >= rule.factor && factorOf(over(rule.short)) >= rule.factor) return { rule, factor }
  }
  return null
}

/** The share of the error budget of a period that is left; negative when it is overspent. */
export function budgetLeft(objective: number, { trials, events }: Counts): number | null {
  const allowed = trials * (1 - objective)
  return allowed === 0 ? null : 1 - events / allowed
}
