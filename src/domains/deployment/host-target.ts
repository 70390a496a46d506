import type { HostRelease, HostReleaseStatus } from '#contract/host/release.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import {
  type EnvironmentReference,
  missingRelease,
  type ReleaseSpec,
  type ServiceSpec,
  type Target,
  type TargetIo,
  type TrafficShare,
} from './target.ts'

/** A target whose services run on this machine, supervised by `fairlead host`. */
export function hostTarget(io: TargetIo): Target {
  const { host } = io
  return {
    reserve: ({ wanted, current, taken, domains }) => {
      const port = wanted ?? current ?? choosePort(io.edgePort, taken)
      return { port, url: domainUrls(domains, io)[0] ?? portUrl(port) }
    },
    urls: ({ port, domains, ...environment }) => [
      ...domainUrls(domains, io),
      `http://${hostName(environment)}:${io.edgePort}`,
      ...(port === null ? [] : [portUrl(port)]),
    ],
    start: async (release) => void (await host.start(toHostRelease(release, io))),
    report: async ({ app, environment, release }, waitMs) => {
      const status = await host.release(app, environment, release, waitMs)
      if (!status) return missingRelease
      return { ...status, address: addressOf(status) }
    },
    route: ({ app, environment, release }, fence) =>
      host.route(app, environment, { release, fence }),
    stop: ({ app, environment, release }, fence) => host.stop(app, environment, release, fence),
    remove: ({ app, environment, release }, fence) => host.remove(app, environment, release, fence),
    certificates: async () => (await host.status()).certificates ?? [],
    environments: async () => {
      const { releases, routes } = await host.status()
      const all = [...releases, ...routes].map(({ app, environment }) => ({ app, environment }))
      return [...new Map(all.map((one) => [`${one.app}/${one.environment}`, one])).values()]
    },
    stopServices: ({ app, environment }, services, fence) =>
      host.stopServices(app, environment, services, fence),
    removeEnvironment: ({ app, environment }, fence, leaveMs) =>
      host.removeEnvironment(app, environment, fence, leaveMs),
    share: trafficShare(host),
    commands: host.commands,
    faults: host.faults,
    metrics: ({ app, environment, release }, path, only) =>
      host.expositions(app, environment, release, path, only),
    rehearse: ({ app, environment }, service, next, after) =>
      host.rehearse(app, environment, {
        service,
        ...(next === undefined ? {} : { release: toHostRelease(next, io) }),
        ...(after && { after: { ...after, release: toHostRelease(after.release, io) } }),
      }),
    restart: ({ app, environment, release }, service) =>
      host.restart(app, environment, release, service),
    drift: {
      find: (declared) =>
        host.findDrift(declared.app, declared.environment, { declared: declare(declared, io) }),
      repair: (declared, file) =>
        host.repairDrift(declared.app, declared.environment, {
          ...{ declared: declare(declared, io), ...file },
        }),
      read: ({ app, environment }, file) => host.driftFile(app, environment, file),
    },
    log: ({ app, environment, release }, service, lines) =>
      host.log(app, environment, release, service, lines),
  }
}

function trafficShare(host: HostClient): TrafficShare {
  return {
    split: ({ app, environment }, release, canary, fence) =>
      host.route(app, environment, { release, canary, fence }),
    observations: async ({ app, environment, release }, after, waitMs) => {
      const read = await host.observations(app, environment, release, after[''] ?? 0, waitMs)
      return { ...read, next: { '': read.next } }
    },
    served: async ({ app, environment }, after) => {
      const read = await host.measurements(after?.next ?? 0)
      // The numbers of another host process begin again.
      const isOther = after !== null && after.run !== read.run
      const { run, next, seconds } = isOther ? await host.measurements(0) : read
      return {
        position: { run, next },
        seconds: seconds.flatMap(({ at, traffic }) =>
          traffic
            .filter((one) => one.app === app && one.environment === environment)
            .map((one) => ({ at, ...one })),
        ),
      }
    },
  }
}

/** The smallest free port above the port of the edge. */
export function choosePort(edgePort: number, taken: number[]): number {
  const used = new Set(taken)
  let port = edgePort + 1
  while (used.has(port)) port += 1
  return port
}

/** The addresses of domains; one for many names has none, and without TLS, a proxy is in front. */
function domainUrls(domains: string[] = [], { edgeHttpsPort: port }: TargetIo): string[] {
  if (port === undefined || port === null) return []
  const named = domains.filter((name) => !name.startsWith('*'))
  return named.map((name) => `https://${name}${port === 443 ? '' : `:${port}`}`)
}

const hostName = ({ app, environment }: EnvironmentReference): string =>
  `${app}.${environment}.localhost`

const portUrl = (port: number): string => `http://127.0.0.1:${port}`

function addressOf(status: HostReleaseStatus): string | null {
  const first = status.instances.find((instance) => instance.port !== null)
  if (!first?.port) return null
  return first.ip === undefined ? portUrl(first.port) : `http://${first.ip}:${first.port}`
}

function toHostRelease(
  { port, services, env, tenant, domains, edge, isLate, ...release }: ReleaseSpec,
  io: TargetIo,
): HostRelease {
  return {
    ...release,
    layout: io.artifacts,
    services: services.map(toHostService),
    env: { ...io.machine, ...env },
    route: {
      ...{ port, host: hostName(release) },
      ...(domains && { domains }),
      ...(tenant && { tenant }),
      ...(edge && { edge }),
      ...(isLate && { isLate }),
    },
  }
}

/** Without the variables of the machine, which no release declares. */
const declare = (release: ReleaseSpec, io: TargetIo): HostRelease => ({
  ...toHostRelease(release, io),
  env: release.env,
})

function toHostService({ hasTraffic, secrets, memory, ...service }: ServiceSpec) {
  return {
    ...service,
    port: hasTraffic,
    ...(memory === undefined ? {} : { memory: memory * 1_048_576 }),
    ...(secrets.length === 0 ? {} : { secrets }),
  }
}
