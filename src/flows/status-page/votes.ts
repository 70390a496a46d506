import { countOutcomes, type HostSecond } from '#contract/host/measurements.ts'
import type { HostStatus } from '#contract/host/status.ts'
import type { MonitorState } from '#contract/monitor/monitor.ts'
import { routeVote, type Vote, votingKinds } from '#domains/status-page/component.ts'
import type { ComponentScope } from '#domains/status-page/settings.ts'
import type { PageMonitor } from '#views/status-page.ts'

interface Place {
  app: string
  environment: string
}

/** A component of a place; without a service, a route and monitors, the whole environment. */
export interface ScopedPlace extends Place {
  scope: ComponentScope
}

/** Milliseconds that a check may be late before its result proves nothing. */
const lateMs = 60_000
const isVoting = (kind: string): boolean => votingKinds.some((one) => one === kind)

/** Whether only the monitors that the file names decide. */
const isNamedOnly = ({ service, route, monitors }: ComponentScope): boolean =>
  service === null && route === null && monitors.length > 0

/** What the monitors of a component say. A check that is late says nothing. Pure. */
export const monitorVotes = (monitors: readonly PageMonitor[], at: ScopedPlace): Vote[] =>
  monitors
    .filter(({ app, environment }) => app === at.app && environment === at.environment)
    .filter((one) => at.scope.monitors.includes(one.name) || isInScope(one, at.scope))
    .map((one) => ({ kind: one.kind, since: Date.parse(one.since), state: stateOf(one, at.scope) }))

function stateOf(
  { kind, state, age, every, routes }: PageMonitor,
  { route }: ComponentScope,
): MonitorState {
  if (every !== null && (age ?? Infinity) > every + lateMs) return 'unknown'
  const isOfRoutes = kind === 'routes' || kind === 'slow-routes'
  const isOther = isOfRoutes && route !== null && !routes.some((one) => isBelow(one, route))
  return isOther && (state === 'degraded' || state === 'down') ? 'up' : state
}

function isInScope({ kind, service, url }: PageMonitor, scope: ComponentScope): boolean {
  if (!isVoting(kind) || isNamedOnly(scope)) return false
  if (scope.route !== null && kind === 'http')
    return url !== null && isBelow(pathOf(url), scope.route)
  return scope.service === null || service === scope.service
}

const pathOf = (url: string): string =>
  (url.startsWith('/') ? url : new URL(url).pathname).split('?')[0] ?? '/'

const isBelow = (path: string, route: string): boolean =>
  path === route || path.startsWith(`${route}/`)

/** Whether each service of the release with the traffic runs; none for other targets. Pure. */
export function healthVotes(
  { releases }: Pick<HostStatus, 'releases'>,
  { app, environment, scope }: ScopedPlace,
  now: number,
): Vote[] {
  if (isNamedOnly(scope)) return []
  const live = releases.find(
    (one) => one.routed && one.app === app && one.environment === environment,
  )
  const instances = (live?.instances ?? []).filter(
    ({ service }) => scope.service === null || service === scope.service,
  )
  return [...Map.groupBy(instances, ({ service }) => service).values()].map((own): Vote => {
    const healthy = own.filter(({ state }) => state === 'healthy').length
    const state: MonitorState = healthy === own.length ? 'up' : healthy > 0 ? 'degraded' : 'down'
    return { kind: 'health', state, since: now }
  })
}

/** Requests and how many of them failed. */
export interface Failing {
  requests: number
  errors: number
}

/** The requests of a component in some seconds. Pure. */
export function failingOf(
  seconds: readonly HostSecond[],
  { app, environment, scope }: ScopedPlace,
): Failing {
  const sum: Failing = { requests: 0, errors: 0 }
  if (isNamedOnly(scope)) return sum
  const own = seconds
    .flatMap(({ traffic }) => traffic)
    .filter((one) => one.app === app && one.environment === environment)
    .filter(({ service }) => scope.service === null || service === scope.service)
  for (const { outcomes, routes = {} } of own) {
    const { route } = scope
    const counts: Failing[] =
      route === null
        ? [countOutcomes(outcomes)]
        : Object.entries(routes).flatMap(([path, [requests, errors]]) =>
            isBelow(path, route) ? [{ requests, errors }] : [],
          )
    for (const one of counts) {
      sum.requests += one.requests
      sum.errors += one.errors
    }
  }
  return sum
}

/** The share of requests that failed; null without requests. */
export const shareOf = ({ requests, errors }: Failing): number | null =>
  requests === 0 ? null : errors / requests

/** Everything that decides the state of a component. Pure. */
export function votesOf(
  at: ScopedPlace,
  facts: { monitors: readonly PageMonitor[]; status: HostStatus; seconds: readonly HostSecond[] },
  now: number,
): Vote[] {
  const votes = [...monitorVotes(facts.monitors, at), ...healthVotes(facts.status, at, now)]
  if (at.scope.route === null) return votes
  const own = failingOf(facts.seconds, at)
  const all = failingOf(facts.seconds, { ...at, scope: { ...at.scope, route: null } })
  return votes.map((vote) => (vote.kind === 'errors' ? routeVote(vote, own, all) : vote))
}
