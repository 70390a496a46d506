import { countOutcomes, type HostSecond } from '#contract/host/measurements.ts'
import type { HostStatus } from '#contract/host/status.ts'
import type { MonitorState } from '#contract/monitor/monitor.ts'
import type { Vote } from '#domains/status-page/component.ts'
import type { PageMonitor } from '#views/status-page.ts'

interface Place {
  app: string
  environment: string
}

/** Milliseconds that a check may be late before its result proves nothing. */
const lateMs = 60_000

/** What the monitors of an environment say. A check that is late says nothing. Pure. */
export const monitorVotes = (monitors: readonly PageMonitor[], at: Place): Vote[] =>
  monitors
    .filter(({ app, environment }) => app === at.app && environment === at.environment)
    .map(({ kind, state, since, age, every }) => ({
      ...{ kind, since: Date.parse(since) },
      state: every !== null && (age ?? Infinity) > every + lateMs ? 'unknown' : state,
    }))

/** Whether each service of the release with the traffic runs; none for other targets. Pure. */
export function healthVotes({ releases }: Pick<HostStatus, 'releases'>, at: Place, now: number) {
  const live = releases.find(
    ({ app, environment, routed }) => routed && app === at.app && environment === at.environment,
  )
  const services = Map.groupBy(live?.instances ?? [], ({ service }) => service)
  return [...services.values()].map((instances): Vote => {
    const healthy = instances.filter(({ state }) => state === 'healthy').length
    const state: MonitorState =
      healthy === instances.length ? 'up' : healthy > 0 ? 'degraded' : 'down'
    return { kind: 'health', state, since: now }
  })
}

/** The share of requests that failed in some seconds; null without requests. Pure. */
export function failingShare(seconds: readonly HostSecond[], at: Place): number | null {
  let [requests, errors] = [0, 0]
  for (const { traffic } of seconds)
    for (const { app, environment, outcomes } of traffic) {
      if (app !== at.app || environment !== at.environment) continue
      const counted = countOutcomes(outcomes)
      requests += counted.requests
      errors += counted.errors
    }
  return requests === 0 ? null : errors / requests
}
