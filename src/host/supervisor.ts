import { existsSync, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import type { Fence, HostRelease, HostReleaseStatus } from '#contract/host.ts'
import { unpack } from '#platform/oci.ts'
import type { Edge } from './edge/edge.ts'
import { createInstance, type Instance } from './instance.ts'
import { lastLines } from './log-file.ts'
import type { SavedEnvironment, SavedInstance, StateFiles } from './state.ts'

export interface SupervisorOptions {
  /** the host's folder */
  folder: string
  state: StateFiles
  edge: Edge
  random(): number
  log(message: string, fields?: Record<string, unknown>): void
}

interface Release {
  spec: HostRelease
  saved: SavedEnvironment['releases'][number]
  instances: Instance[]
  /** the start, stop or unpack under way; the next waits for it */
  work: Promise<void>
  stopping: boolean
}

interface Environment {
  saved: SavedEnvironment
  releases: Map<number, Release>
}

export type Supervisor = ReturnType<typeof createSupervisor>

/** Keeps the releases of every environment as they are wanted. Everything it knows is on disk before it acts on it. */
export function createSupervisor(options: SupervisorOptions) {
  const environments = new Map<string, Environment>()
  let waiters: (() => void)[] = []

  const changed = (environment: Environment): void => {
    environment.saved.releases = [...environment.releases.values()].map((release) => release.saved)
    options.state.write(environment.saved)
    tellEdge(environment)
    for (const wake of waiters.splice(0)) wake()
  }

  const tellEdge = (environment: Environment): void => {
    const { app, environment: name, routed, route } = environment.saved
    const release = routed === null ? null : environment.releases.get(routed)
    options.edge.set({
      app,
      environment: name,
      host: route.host,
      port: route.port,
      release: release ? release.spec.release : null,
      services: release ? edgeServices(release) : [],
    })
  }

  const environmentOf = (app: string, name: string): Environment => {
    const key = `${app}/${name}`
    let found = environments.get(key)
    if (!found) {
      found = {
        saved: {
          app,
          environment: name,
          epochs: {},
          routed: null,
          route: { host: `${app}.${name}.localhost`, port: null },
          releases: [],
        },
        releases: new Map(),
      }
      environments.set(key, found)
    }
    return found
  }

  /** Refuses who was overtaken; remembers the newest epoch of the last deployments. */
  const admit = (environment: Environment, { deployment, epoch }: Fence): void => {
    const { epochs } = environment.saved
    const seen = epochs[deployment] ?? 0
    if (epoch < seen) throw new FairleadError('overtaken', { what: `deployment ${deployment}` })
    if (epoch === seen) return
    epochs[deployment] = epoch
    const old = Object.keys(epochs)
      .map(Number)
      .sort((a, b) => b - a)
      .slice(50)
    for (const one of old) delete epochs[one]
    options.state.write(environment.saved)
  }

  const mustFind = (app: string, name: string, number: number): { environment: Environment; release: Release } => {
    const environment = environmentOf(app, name)
    const release = environment.releases.get(number)
    if (!release) throw new FairleadError('not_found', { kind: 'release', id: `${app}/${name}/${number}` })
    return { environment, release }
  }

  const folderOf = (spec: HostRelease): string =>
    join(options.folder, 'releases', spec.app, spec.environment, String(spec.release))

  const makeInstances = (environment: Environment, release: Release, saved: SavedInstance[]): Instance[] => {
    const { spec } = release
    const dataFolder = join(options.folder, 'data', spec.app, spec.environment)
    const logFolder = join(options.folder, 'log', spec.app, spec.environment, String(spec.release))
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
    mkdirSync(logFolder, { recursive: true, mode: 0o700 })
    return spec.services.flatMap((service) =>
      Array.from({ length: service.instances }, (_, index) => {
        const memory = saved.find((one) => one.service === service.name && one.index === index) ?? {
          service: service.name,
          index,
          pid: null,
          startTime: null,
          port: null,
          started: null,
          restarts: 0,
          reason: null,
        }
        return createInstance(
          {
            release: spec,
            service,
            folder: folderOf(spec),
            dataFolder,
            logFile: join(logFolder, `${service.name}.${index}.log`),
            random: options.random,
            changed: () => {
              release.saved.instances = release.instances.map((instance) => instance.saved)
              if (release.instances.length > 0 && release.instances.every((instance) => instance.isHealthy()))
                release.saved.wasReady = true
              changed(environment)
            },
            failed: (reason) => {
              if (release.saved.wasReady && environment.saved.routed === spec.release) return
              release.saved.failed = reason
              changed(environment)
            },
          },
          memory,
        )
      }),
    )
  }

  const launch = async (environment: Environment, release: Release): Promise<void> => {
    if (release.saved.desired !== 'running') return
    try {
      if (!existsSync(folderOf(release.spec)))
        await unpack({ layout: release.spec.layout, digest: release.spec.artifact, folder: folderOf(release.spec) })
    } catch (error) {
      release.saved.failed = `the artifact cannot be unpacked: ${(error as Error).message}`
      return changed(environment)
    }
    if (release.saved.desired !== 'running') return
    if (release.instances.length === 0) release.instances = makeInstances(environment, release, release.saved.instances)
    for (const instance of release.instances) instance.start()
    changed(environment)
  }

  const halt = async (environment: Environment, release: Release): Promise<void> => {
    release.stopping = true
    const grace = Math.max(0, ...release.spec.services.map((service) => service.stop.grace))
    await options.edge.drain(release.spec.app, release.spec.environment, release.spec.release, grace)
    await Promise.all(release.instances.map((instance) => instance.stop()))
    release.instances = []
    release.stopping = false
    release.saved.instances = []
    changed(environment)
  }

  const status = (environment: Environment, release: Release): HostReleaseStatus => ({
    app: release.spec.app,
    environment: release.spec.environment,
    release: release.spec.release,
    artifact: release.spec.artifact,
    state: stateOf(release),
    reason: release.saved.failed,
    routed: environment.saved.routed === release.spec.release,
    instances: release.instances.map((instance) => instance.view()),
  })

  return {
    /** Takes up what a host before this one left: adopts what runs, starts what should. */
    adopt: (): void => {
      for (const saved of options.state.read()) {
        const environment: Environment = { saved, releases: new Map() }
        environments.set(`${saved.app}/${saved.environment}`, environment)
        for (const one of saved.releases) {
          const release: Release = {
            spec: one.spec,
            saved: one,
            instances: [],
            work: Promise.resolve(),
            stopping: false,
          }
          environment.releases.set(one.spec.release, release)
          if (one.desired === 'running') release.work = launch(environment, release)
          else if (one.instances.some((instance) => instance.pid !== null)) {
            release.instances = makeInstances(environment, release, one.instances)
            release.work = halt(environment, release)
          }
        }
        tellEdge(environment)
      }
    },
    start: (spec: HostRelease): HostReleaseStatus => {
      const environment = environmentOf(spec.app, spec.environment)
      admit(environment, spec.fence)
      environment.saved.route = { host: spec.route.host, port: spec.route.port }
      const known = environment.releases.get(spec.release)
      if (known && known.saved.desired === 'running' && known.saved.failed === null) return status(environment, known)
      const release: Release = known ?? {
        spec,
        saved: { spec, desired: 'running', wasReady: false, failed: null, instances: [] },
        instances: [],
        work: Promise.resolve(),
        stopping: false,
      }
      Object.assign(release.saved, { spec, desired: 'running', wasReady: false, failed: null })
      release.spec = spec
      environment.releases.set(spec.release, release)
      changed(environment)
      release.work = release.work.then(async () => {
        if (release.instances.length > 0) await halt(environment, release)
        await launch(environment, release)
      })
      return status(environment, release)
    },
    /** Waits for a state other than `starting`, at most so long. */
    report: async (app: string, name: string, number: number, waitMs: number): Promise<HostReleaseStatus> => {
      const until = performance.now() + waitMs
      for (;;) {
        const { environment, release } = mustFind(app, name, number)
        const now = status(environment, release)
        const left = until - performance.now()
        if (now.state !== 'starting' || left <= 0) return now
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left)
          waiters.push(() => {
            clearTimeout(timer)
            resolve()
          })
        })
      }
    },
    route: (app: string, name: string, number: number, fence: Fence): void => {
      const { environment, release } = mustFind(app, name, number)
      admit(environment, fence)
      if (environment.saved.routed === number) return
      if (stateOf(release) !== 'ready')
        throw new FairleadError('not_now', { why: `Release ${number} is not ready for traffic` })
      environment.saved.routed = number
      changed(environment)
    },
    stop: async (app: string, name: string, number: number, fence: Fence): Promise<void> => {
      const environment = environmentOf(app, name)
      const release = environment.releases.get(number)
      if (!release) return
      admit(environment, fence)
      if (environment.saved.routed === number)
        throw new FairleadError('not_now', { why: `Release ${number} has the traffic` })
      release.saved.desired = 'stopped'
      changed(environment)
      release.work = release.work.then(() => halt(environment, release))
      await release.work
    },
    remove: async (app: string, name: string, number: number, fence: Fence): Promise<void> => {
      const environment = environmentOf(app, name)
      const release = environment.releases.get(number)
      if (!release) return
      admit(environment, fence)
      if (environment.saved.routed === number)
        throw new FairleadError('not_now', { why: `Release ${number} has the traffic` })
      release.saved.desired = 'stopped'
      changed(environment)
      release.work = release.work.then(() => halt(environment, release))
      await release.work
      await rm(folderOf(release.spec), { recursive: true, force: true })
      await rm(join(options.folder, 'log', app, name, String(number)), { recursive: true, force: true })
      environment.releases.delete(number)
      changed(environment)
    },
    removeEnvironment: async (app: string, name: string): Promise<void> => {
      const environment = environmentOf(app, name)
      environment.saved.routed = null
      for (const release of environment.releases.values()) release.saved.desired = 'stopped'
      changed(environment)
      await Promise.all(
        [...environment.releases.values()].map(
          (release) => (release.work = release.work.then(() => halt(environment, release))),
        ),
      )
      environments.delete(`${app}/${name}`)
      options.edge.remove(app, name)
      options.state.remove(app, name)
      for (const kind of ['releases', 'log', 'data'])
        await rm(join(options.folder, kind, app, name), { recursive: true, force: true })
    },
    log: (app: string, name: string, number: number, service: string | undefined, lines: number) => {
      const { release } = mustFind(app, name, number)
      const wanted = release.spec.services.filter((one) => service === undefined || one.name === service)
      return wanted.flatMap((one) =>
        Array.from({ length: one.instances }, (_, index) => index).flatMap((index) =>
          lastLines(join(options.folder, 'log', app, name, String(number), `${one.name}.${index}.log`), lines).map(
            (text) => ({ service: one.name, index, text }),
          ),
        ),
      )
    },
    all: (): HostReleaseStatus[] =>
      [...environments.values()].flatMap((environment) =>
        [...environment.releases.values()].map((release) => status(environment, release)),
      ),
    /** Lets go of every process without stopping it. */
    release: (): void => {
      for (const environment of environments.values())
        for (const release of environment.releases.values())
          for (const instance of release.instances) instance.release()
    },
    /** Stops every process; what is routed stays so and comes back with the next host. */
    stopAll: async (): Promise<void> => {
      await Promise.all(
        [...environments.values()].flatMap((environment) =>
          [...environment.releases.values()].flatMap((release) => release.instances.map((instance) => instance.stop())),
        ),
      )
    },
  }
}

function stateOf(release: Release): HostReleaseStatus['state'] {
  if (release.saved.failed !== null) return 'failed'
  if (release.saved.desired === 'stopped') return release.instances.length > 0 ? 'stopping' : 'stopped'
  return release.saved.wasReady ? 'ready' : 'starting'
}

/** The services with a port, the one that has the environment's traffic first, with the instances that can take a request. */
function edgeServices(release: Release) {
  return release.spec.services
    .filter((service) => service.port)
    .map((service) => {
      const mine = release.instances.filter(
        (instance) => instance.saved.service === service.name && instance.saved.port !== null,
      )
      const well = mine.filter((instance) => instance.isHealthy())
      // When none is well, trying is better than refusing.
      return { name: service.name, ports: (well.length > 0 ? well : mine).map((instance) => instance.saved.port ?? 0) }
    })
}
