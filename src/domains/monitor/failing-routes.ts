import type { PartCounts } from '#contract/host/measurements.ts'

/** Failed requests of a route from which it can be named, and routes that are named. */
const least = 3
const most = 3
/** The others must fail this many times less often. */
const contrast = 4

/**
 * The routes that explain why requests fail: those with at least half of the highest share of
 * failed requests, if the others fail clearly less often. None when everything fails. Pure.
 */
export function failingRoutes(counts: PartCounts): string[] {
  const routes = Object.entries(counts).map(([name, [requests, errors]]) => ({
    ...{ name, requests, errors },
    share: errors / Math.max(1, requests),
  }))
  const named = routes.filter(({ name, errors }) => name !== '' && errors >= least)
  const highest = Math.max(0, ...named.map(({ share }) => share))
  const bad = named
    .filter(({ share }) => share >= highest / 2)
    .toSorted((a, b) => b.errors - a.errors || (a.name < b.name ? -1 : 1))
    .slice(0, most)
  const others = routes.filter((one) => !bad.includes(one))
  const sum = (of: typeof routes, key: 'requests' | 'errors') =>
    of.reduce((all, one) => all + one[key], 0)
  if (bad.length === 0 || sum(others, 'requests') === 0) return []
  const share = sum(bad, 'errors') / sum(bad, 'requests')
  const rest = sum(others, 'errors') / sum(others, 'requests')
  return rest * contrast < share ? bad.map(({ name }) => name) : []
}
