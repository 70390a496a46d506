import type { ComponentState, StatusDay } from '#contract/status-page/status-page.ts'

/** Days that the page shows. */
export const historyDays = 90
const dayMs = 86_400_000

/** From the least to the most important: what a day is remembered for. */
const order: ComponentState[] = [
  ...(['operational', 'unknown', 'maintenance', 'degraded'] as const),
  ...(['partial_outage', 'major_outage'] as const),
]

/** A state from a time on, in milliseconds since 1970. */
export interface StateSince {
  state: ComponentState
  since: number
}

/**
 * The last 90 days of UTC with the worst state of each, and the share of the known time without an
 * outage, from all changes in any order. Pure.
 */
export function historyOf(
  changes: readonly StateSince[],
  now: number,
): { days: StatusDay[]; uptime: number | null } {
  const sorted = changes.filter(({ since }) => since <= now).toSorted((a, b) => a.since - b.since)
  const first = Math.floor(now / dayMs) - historyDays + 1
  const days = Array.from({ length: historyDays }, (_, index): StatusDay => ({
    date: new Date((first + index) * dayMs).toISOString().slice(0, 10),
    state: null,
  }))
  let [known, good] = [0, 0]
  for (const [index, { state, since }] of sorted.entries()) {
    const from = Math.max(since, first * dayMs)
    const until = sorted[index + 1]?.since ?? now
    if (until < from || (until === from && index < sorted.length - 1)) continue
    if (state !== 'unknown') known += until - from
    if (state !== 'unknown' && state !== 'partial_outage' && state !== 'major_outage')
      good += until - from
    const last = Math.floor((until > from ? until - 1 : from) / dayMs)
    for (let day = Math.floor(from / dayMs); day <= last; day += 1) {
      const entry = days[day - first]
      if (entry) entry.state = worse(entry.state, state)
    }
  }
  return { days, uptime: known > 0 ? good / known : null }
}

const worse = (a: ComponentState | null, b: ComponentState): ComponentState =>
  a !== null && order.indexOf(a) >= order.indexOf(b) ? a : b

const harms: ComponentState[] = ['degraded', 'partial_outage', 'major_outage']

/** The worst harm between two times, from all changes in any order; null without any. Pure. */
export function worstBetween(
  changes: readonly StateSince[],
  from: number,
  until: number,
): ComponentState | null {
  const sorted = changes.toSorted((a, b) => a.since - b.since)
  const states = sorted
    .filter(({ since }, index) => since < until && (sorted[index + 1]?.since ?? Infinity) > from)
    .map(({ state }) => harms.indexOf(state))
  return harms[Math.max(-1, ...states)] ?? null
}
