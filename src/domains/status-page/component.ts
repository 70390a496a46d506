import type { ComponentState } from '#contract/status-page/status-page.ts'
import type { MonitorState } from '#contract/monitor/monitor.ts'

/** What one monitor, or the health of one service, says about a component. */
export interface Vote {
  /** the kind of the monitor; `health` for the instances of a service */
  kind: string
  state: MonitorState
  /** milliseconds since 1970; when the harm began, or when the state did */
  since: number
}

/** Requests of a route from which more failed ones than half make an outage. */
const fewRequests = 5

/**
 * What errors of a service say about one of its routes, by the requests of both in the last
 * minute. The monitor of the service decides that there is harm and when it is over; a route takes
 * part if its requests fail at least half as often as those of the service. Pure.
 */
export function routeVote(
  vote: Vote,
  route: { requests: number; errors: number },
  service: { requests: number; errors: number },
): Vote {
  if (vote.state !== 'degraded' && vote.state !== 'down') return vote
  if (route.requests === 0) return { ...vote, state: 'unknown' }
  const share = route.errors / route.requests
  if (share === 0 || 2 * share * service.requests < service.errors) return { ...vote, state: 'up' }
  const isDown = route.requests >= fewRequests && share >= 0.5
  return { ...vote, state: isDown ? 'down' : 'degraded' }
}

/** Kinds that fail when customers notice it. */
export const votingKinds = [
  ...(['health', 'http', 'tcp', 'dns'] as const),
  ...(['errors', 'latency', 'routes', 'slow-routes'] as const),
]
/** Kinds that know nothing without traffic, which says nothing about the component. */
const needTraffic = new Set(['errors', 'latency', 'routes', 'slow-routes'])

/**
 * The state of a component. At least half of the answers make an outage major, fewer make it
 * partial. Nothing is known if more than half of the checks have no answer. Pure.
 */
export function componentState(votes: readonly Vote[]): ComponentState {
  if (votes.some(({ state }) => state === 'maintenance')) return 'maintenance'
  const counted = votes.filter(({ kind, state }) => state !== 'unknown' || !needTraffic.has(kind))
  const known = counted.filter(({ state }) => state !== 'unknown')
  const down = known.filter(({ state }) => state === 'down').length
  if (known.length === 0 || 2 * known.length < counted.length) return 'unknown'
  if (2 * down >= known.length) return 'major_outage'
  if (down > 0) return 'partial_outage'
  return known.some(({ state }) => state === 'degraded') ? 'degraded' : 'operational'
}

/**
 * What fails, in one sentence for customers; empty when nothing does. `failing` is the share of
 * requests that failed in the last minute, null without requests. Pure.
 */
export function detailOf(
  state: ComponentState,
  votes: readonly Vote[],
  failing: number | null,
): string {
  if (state === 'operational' || state === 'maintenance' || state === 'unknown') return ''
  const bad = votes.filter(({ state }) => state === 'down' || state === 'degraded')
  if (bad.length === 0) return ''
  const began = new Date(Math.min(...bad.map(({ since }) => since))).toISOString()
  const is = (kind: string): boolean => bad.some((vote) => vote.kind === kind)
  const what =
    failing !== null && failing > 0
      ? `${shareText(failing)} of the requests fail`
      : (is('latency') || is('slow-routes')) && !is('errors') && !is('routes')
        ? 'Answers are slower than usual'
        : is('health') && state === 'major_outage'
          ? 'It does not run'
          : 'Some checks fail'
  return `${what}; this began on ${began.slice(0, 10)} at ${began.slice(11, 16)} UTC.`
}

function shareText(share: number): string {
  if (share < 0.01) return 'Less than 1 %'
  return share >= 0.995 ? 'Nearly all' : `About ${Math.round(share * 100)} %`
}
