import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import type { Exposition } from '#contract/host/expositions.ts'
import type { Fence } from '#contract/host/fence.ts'
import type { HostCanary, HostRoute } from '#contract/host/route.ts'
import type { HostRelease } from '#contract/host/release.ts'
import type { LogLine } from '#contract/host/output.ts'
import type { Observations } from '#contract/host/observations.ts'
import { lastOfEach } from '#platform/process/output-error.ts'
import { CanaryCounts } from './canary-counts.ts'
import { edgeRouteOf } from './edge-route.ts'
import { readKeptOutput } from './kept-output.ts'
import type { Holder } from './exclusive.ts'
import type { EnvironmentContext } from './environment-context.ts'
import type { WantedMetrics } from './exposition.ts'
import { Release } from './release.ts'
import type { ActualRelease, WantedEnvironment } from './state.ts'

/** Number of deployments whose newest epoch is kept. */
const epochsKept = 50

/** In place of the release that runs a service: another host is to run it. */
const elsewhere = 0

/**
 * The releases of one environment and its route. The desired state is on disk before it is acted
 * on.
 */
export class Environment {
  readonly releases = new Map<number, Release>()
  readonly #context: EnvironmentContext
  #wanted: WantedEnvironment
  readonly #counts: CanaryCounts

  constructor(context: EnvironmentContext, wanted: WantedEnvironment, actual: ActualRelease[]) {
    this.#context = context
    this.#wanted = wanted
    const { app, environment } = wanted
    this.#counts = new CanaryCounts({
      folder: join(context.folder, 'observations', app, environment),
      changed: () => context.changed(),
      failed: (release, { message: error }) =>
        context.log('what a canary did cannot be recorded', { ...this.name, release, error }),
    })
    for (const one of wanted.releases)
      this.#add(
        one.spec,
        one.desired,
        actual.find(({ release }) => release === one.spec.release),
      )
  }

  get name(): { app: string; environment: string } {
    return { app: this.#wanted.app, environment: this.#wanted.environment }
  }

  get routed(): number | null {
    return this.#wanted.routed
  }

  #add(
    spec: HostRelease,
    desired: 'running' | 'stopped',
    actual: ActualRelease | undefined,
  ): Release {
    const { app, environment } = this.name
    const release = new Release(
      {
        machine: this.#context.machine,
        artifacts: this.#context.artifacts,
        removedOutput: this.#context.removedOutput,
        folder: this.#context.folder,
        outputFolder: this.#outputFolder(),
        isRouted: () => this.#wanted.routed === spec.release,
        isInUse: () => this.#context.isInUse(app, environment, spec.release),
        changed: () => this.#changed(),
        owns: (service) => this.#wanted.owners[service] === spec.release,
        claim: (service) => this.#claim(service, spec.release),
        drain: async (graceMs) => {
          await this.#context.edge.drain(app, environment, spec.release, graceMs)
          await this.#context.predecessor
        },
        instancesOf: (service) => this.#context.scale.instancesOf(this.name, service),
        drainInstance: async (address, graceMs) => {
          await this.#context.edge.drainInstance(address, graceMs)
          await this.#context.predecessor
        },
      },
      { spec, desired },
      actual,
    )
    this.releases.set(spec.release, release)
    return release
  }

  /**
   * Takes over from the previous host: adopts or starts the releases that should run and stops the
   * others.
   */
  adopt(): void {
    this.#tellEdge()
    for (const release of this.releases.values()) {
      if (release.desired === 'running') release.start()
      else if (release.markers().length > 0) void release.stop()
    }
  }

  /** Accepts only the newest epoch of a deployment; throws for a replaced server. */
  #admitted({ deployment, epoch }: Fence): WantedEnvironment['epochs'] {
    const { epochs } = this.#wanted
    if (epoch < (epochs[deployment] ?? 0))
      throw new FairleadError('overtaken', { what: `deployment ${deployment}` })
    const all: Record<string, number> = { ...epochs, [deployment]: epoch }
    const newest = Object.entries(all).toSorted(([a], [b]) => Number(b) - Number(a))
    return Object.fromEntries(newest.slice(0, epochsKept))
  }

  /** Stores a new desired state; nothing changes when that fails. */
  #want(change: Partial<WantedEnvironment>): void {
    const releases = [...this.releases.values()].map(({ spec, desired }) => ({ spec, desired }))
    const next = { ...this.#wanted, releases, ...change }
    if (this.#context.isFrozen()) throw new FairleadError('unavailable', { what: 'The host' })
    if (JSON.stringify(next) !== JSON.stringify(this.#wanted)) this.#context.state.writeWanted(next)
    this.#wanted = next
  }

  #changed(): void {
    if (this.#context.isFrozen()) return
    const { app, environment } = this.name
    try {
      this.#context.state.writeActual(
        app,
        environment,
        [...this.releases.values()].map((release) => release.actual()),
      )
    } catch (error) {
      // A full disk must not stop supervision; the next change is written again.
      this.#context.log('what runs cannot be recorded', {
        app,
        environment,
        error: (error as Error).message,
      })
    }
    this.#tellEdge()
    this.#context.changed()
  }

  #tellEdge(): void {
    const countOf = (canary: HostCanary) => this.#counts.of(canary)
    this.#context.edge.set(edgeRouteOf(this.#wanted, this.releases, countOf))
  }

  #outputFolder(): string {
    const { app, environment } = this.name
    return join(this.#context.folder, 'output', app, environment)
  }

  /** The last output of a release, also of one that was removed; null when there is none. */
  log(number: number, service: string | undefined, lines: number): LogLine[] | null {
    const release = this.releases.get(number)
    if (release) return release.log(service, lines)
    const kept = readKeptOutput(this.#outputFolder(), number)
    const isWanted = (line: LogLine): boolean => service === undefined || line.service === service
    return kept && lastOfEach(kept.filter(isWanted), lines)
  }

  observations(number: number, after: number): Observations {
    return this.#counts.observations(number, after)
  }

  /** The metrics of the instances of a release. */
  expositions(number: number, wanted: WantedMetrics): Promise<Exposition[]> {
    return Promise.all(this.releases.get(number)?.expositions(wanted) ?? [])
  }

  settleCounts(now: number): void {
    this.#counts.settle(now, this.#wanted.canary?.release)
  }

  start(spec: HostRelease): Release {
    const epochs = this.#admitted(spec.fence)
    const existing = this.releases.get(spec.release)
    const isUnderWay = existing?.desired === 'running' && !existing.hasFailed
    const others = this.#wanted.releases.filter((one) => one.spec.release !== spec.release)
    const wanted = isUnderWay
      ? { spec: existing.spec, desired: existing.desired }
      : { spec, desired: 'running' as const }
    const owned = spec.services.filter(({ exclusive }) => exclusive !== undefined)
    const { owners } = this.#wanted
    const taken = owned.filter(({ name }) => !isUnderWay || owners[name] === elsewhere)
    const own = Object.fromEntries(taken.map(({ name }) => [name, spec.release]))
    this.#want({
      ...{ epochs, owners: { ...owners, ...own } },
      route: { host: spec.route.host, port: this.#portAtStart(spec.route) },
      releases: [...others, wanted],
    })
    if (isUnderWay) {
      if (taken.length > 0) existing.regain()
      return existing
    }
    const before = existing?.stop()
    const release = this.#add(spec, 'running', undefined)
    this.#changed()
    if (before) void before.then(() => release.start())
    else release.start()
    return release
  }

  /**
   * The fixed port from the start of a release on. An environment that has no traffic yet leaves a
   * port to the environment that has it, until it gets its first traffic.
   */
  #portAtStart({ port, isLate = false }: HostRelease['route']): number | null {
    const { routed, route } = this.#wanted
    if (port === null || port === route.port) return port
    if (routed === null && (isLate || this.#context.isPortHeld(port))) return route.port
    this.#context.takePort(port)
    return port
  }

  get port(): number | null {
    return this.#wanted.route.port
  }

  /** Closes a fixed port that another environment has now. */
  releasePort(port: number): void {
    if (this.#wanted.route.port !== port) return
    this.#want({ route: { ...this.#wanted.route, port: null } })
    this.#tellEdge()
  }

  route(route: HostRoute): void {
    const { release } = route
    const canary = route.canary ?? null
    const epochs = this.#admitted(route.fence)
    if (this.#wanted.routed !== release) this.#mustBeRoutable(release)
    if (canary !== null && this.#wanted.canary?.release !== canary.release)
      this.#mustBeRoutable(canary.release)
    if (canary?.fresh !== undefined && this.#wanted.canary?.fresh !== canary.fresh)
      this.#mustBeRoutable(canary.fresh)
    if (canary?.release === release)
      throw new FairleadError('not_now', { why: `Release ${release} has all of the traffic` })
    const port = this.releases.get(release)?.spec.route.port ?? null
    const isFirst = this.#wanted.routed === null && port !== this.#wanted.route.port
    if (isFirst && port !== null) this.#context.takePort(port)
    const { host } = this.#wanted.route
    this.#want({
      ...{ epochs, routed: release, former: this.#formerOf(release), canary },
      ...(isFirst ? { route: { host, port } } : {}),
    })
    this.#changed()
  }

  /** The release that runs on after the traffic goes to `next`. */
  #formerOf(next: number): number | null {
    const { routed, former } = this.#wanted
    if (routed === next) return former
    const before = routed === null ? undefined : this.releases.get(routed)
    return before?.desired === 'running' ? before.number : null
  }

  #mustBeRoutable(number: number): void {
    const release = this.releases.get(number)
    const { app, environment } = this.name
    if (!release)
      throw new FairleadError('not_found', {
        kind: 'release',
        id: `${app}/${environment}/${number}`,
      })
    if (release.failure !== null)
      throw new FairleadError('not_now', { why: `Release ${number} failed: ${release.failure}` })
    if (!release.isRoutable)
      throw new FairleadError('not_now', { why: `Release ${number} is not ready for traffic` })
  }

  async stop(number: number, fence: Fence): Promise<void> {
    const release = this.releases.get(number)
    if (!release) return
    const epochs = this.#admitted(fence)
    const { routed, former, canary } = this.#wanted
    if ([routed, canary?.release, canary?.fresh].includes(number))
      throw new FairleadError('not_now', { why: `Release ${number} has the traffic` })
    const releases = this.#wanted.releases.map((one) =>
      one.spec.release === number ? { ...one, desired: 'stopped' as const } : one,
    )
    this.#want({ epochs, releases, former: former === number ? null : former })
    release.desired = 'stopped'
    this.#changed()
    await release.stop()
    this.#mustServe()
    this.#giveBack(number)
  }

  /** Stops services that never run twice, which another host is to run; a start has them again. */
  async stopServices(names: string[], fence: Fence): Promise<void> {
    const epochs = this.#admitted(fence)
    const { owners } = this.#wanted
    const left = names.filter((name) => owners[name] !== undefined)
    const gone = Object.fromEntries(left.map((name) => [name, elsewhere]))
    this.#want({ epochs, owners: { ...owners, ...gone } })
    const releases = [...this.releases.values()]
    await Promise.all(releases.flatMap((one) => names.map((name) => one.drop(name))))
    this.#mustServe()
  }

  /** Starts and stops instances after a change of their number. */
  scaled(): void {
    for (const release of this.releases.values()) release.scaled()
  }

  /** The process of a service in another release, to be stopped or taken over; null for none. */
  #claim(service: string, number: number): Holder | null {
    for (const other of this.releases.values()) {
      const holder = other.number === number ? null : other.holder(service)
      if (holder !== null) return holder
    }
    return null
  }

  /** Returns the services that never run twice to the release with the traffic. */
  #giveBack(from: number): void {
    const { owners, routed } = this.#wanted
    const release = routed === null ? undefined : this.releases.get(routed)
    const names = Object.keys(owners).filter((name) => owners[name] === from)
    const returned = names.filter((name) =>
      release?.spec.services.some((one) => one.name === name && one.exclusive !== undefined),
    )
    if (names.length === 0) return
    const left = Object.entries(owners).filter(([name]) => !names.includes(name))
    const next = returned.map((name) => [name, release?.number ?? 0] as const)
    this.#want({ owners: Object.fromEntries([...left, ...next]) })
    if (returned.length > 0) release?.regain()
  }

  async remove(number: number, fence: Fence): Promise<void> {
    const release = this.releases.get(number)
    if (!release) return
    await this.stop(number, fence)
    // The release was started again meanwhile.
    if (this.releases.get(number) !== release || release.desired !== 'stopped') return
    await release.remove()
    this.#counts.remove(number)
    this.releases.delete(number)
    this.#want({})
    this.#changed()
  }

  /** Stops everything, the traffic first. */
  async removeAll(fence?: Fence): Promise<void> {
    const epochs = fence ? { epochs: this.#admitted(fence) } : {}
    for (const release of this.releases.values()) release.desired = 'stopped'
    this.#want({ ...epochs, routed: null, former: null, canary: null })
    this.#changed()
    await Promise.all([...this.releases.values()].map((release) => release.stop()))
    this.#mustServe()
  }

  /** Another host took over while this one waited: the caller must repeat the request there. */
  #mustServe(): void {
    if (this.#context.isFrozen()) throw new FairleadError('unavailable', { what: 'The host' })
  }
}
