import type { HostReleaseStatus } from '#contract/host/host.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import type { Target } from '../target.ts'

/** Services as plain processes on this machine, supervised by `fairlead host`. */
export function processTarget(host: HostClient): Target {
  return {
    kind: 'process',
    title: 'Processes on this machine',
    start: async (release) => void (await host.start(release)),
    report: async ({ app, environment, release }, waitMs) => {
      const status = await host.release(app, environment, release, waitMs)
      if (!status)
        return { state: 'missing', reason: null, routed: false, address: null, instances: [] }
      return {
        state: status.state,
        reason: status.reason,
        routed: status.routed,
        address: addressOf(status),
        instances: status.instances,
      }
    },
    route: ({ app, environment }, route) => host.route(app, environment, route),
    observations: ({ app, environment, release }, after, waitMs) =>
      host.observations(app, environment, release, after, waitMs),
    expositions: ({ app, environment, release }, path, names) =>
      host.expositions(app, environment, release, path, names),
    stop: ({ app, environment, release }, fence) => host.stop(app, environment, release, fence),
    remove: ({ app, environment, release }, fence) => host.remove(app, environment, release, fence),
    environments: async () => {
      const { releases, routes } = await host.status()
      const all = [...releases, ...routes].map(({ app, environment }) => ({ app, environment }))
      return [...new Map(all.map((one) => [`${one.app}/${one.environment}`, one])).values()]
    },
    removeEnvironment: (app, environment) => host.removeEnvironment(app, environment),
    log: ({ app, environment, release }, service, lines) =>
      host.log(app, environment, release, service, lines),
  }
}

function addressOf(status: HostReleaseStatus): string | null {
  const first = status.instances.find((instance) => instance.port !== null)
  return first ? `http://127.0.0.1:${first.port}` : null
}
