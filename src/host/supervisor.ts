import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import type {
  Exposition,
  HostRelease,
  HostReleaseStatus,
  HostRoute,
  Fence,
  LogLine,
  Observations,
} from '#contract/host/host.ts'
import type { Edge } from './edge/edge.ts'
import { Environment } from './environment.ts'
import type { Machine } from './machine.ts'
import { markedProcesses, signalAll } from './processes.ts'
import type { Release } from './release.ts'
import type { StateFiles, WantedEnvironment } from './state.ts'
import { bootId, openUnpacked, type UnpackedArtifacts } from './unpacked.ts'

export interface SupervisorOptions {
  /** The folder of the host. */
  folder: string
  machine: Machine
  state: StateFiles
  edge: Edge
  /** Resolves when the previous host has answered its last request. */
  predecessor: Promise<void>
  log(message: string, fields?: Record<string, unknown>): void
}

/** Milliseconds between checks of the log sizes. */
const trimEveryMs = 10_000
/** Milliseconds between emissions of canary counts. */
const settleEveryMs = 25

/** Keeps the releases of every environment in their desired state. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #artifacts: UnpackedArtifacts
  readonly #environments = new Map<string, Environment>()
  readonly #waiters = new Set<() => void>()
  #isFrozen = false
  #trimmer: NodeJS.Timeout | undefined
  #settler: NodeJS.Timeout | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    const { folder, machine } = options
    this.#artifacts = openUnpacked({
      folder: join(folder, 'unpacked'),
      isShared: machine.isolation.kind === 'confined',
      boot: bootId(),
      keepFree: machine.keepFree,
      isUsed: (artifact) => this.#releases().some((release) => release.uses(artifact)),
    })
  }

  /**
   * Takes over from the previous host: adopts running processes, starts missing ones and ends
   * unknown ones.
   */
  adopt(): void {
    this.#isFrozen = false
    this.settleCounts(Infinity)
    this.#environments.clear()
    for (const { wanted, actual } of this.#options.state.read())
      this.#environments.set(`${wanted.app}/${wanted.environment}`, this.#make(wanted, actual))
    this.#endStrays()
    void this.#sweepArtifacts()
    for (const environment of this.#environments.values()) environment.adopt()
    this.#trimmer = setInterval(() => void this.#trimLogs(), trimEveryMs)
    this.#trimmer.unref()
    clearInterval(this.#settler)
    // Continues after a handover, because this host counts the requests that it began.
    this.#settler = setInterval(() => this.settleCounts(performance.now()), settleEveryMs)
    this.#settler.unref()
  }

  #make(
    wanted: WantedEnvironment,
    actual: ConstructorParameters<typeof Environment>[2],
  ): Environment {
    const context = {
      ...this.#options,
      artifacts: this.#artifacts,
      isFrozen: () => this.#isFrozen,
      changed: () => this.#wake(),
      isPortHeld: (port: number) =>
        [...this.#environments.values()].some((one) => one.port === port),
      takePort: (port: number) => {
        for (const one of this.#environments.values()) one.releasePort(port)
      },
    }
    return new Environment(context, wanted, actual)
  }

  /** A host that died between a start and its record left an unknown process. */
  #endStrays(): void {
    const markers = new Set(this.#releases().flatMap((release) => release.markers()))
    const strays = markedProcesses(`${this.#options.machine.id}/`).filter(
      ({ marker }) => !markers.has(marker),
    )
    if (strays.length === 0) return
    this.#options.log('processes that no record names are ended', {
      pids: strays.map(({ pid }) => pid),
    })
    signalAll(
      strays.map(({ pid }) => pid),
      'SIGKILL',
    )
  }

  async #sweepArtifacts(): Promise<void> {
    try {
      await this.#artifacts.sweep()
    } catch (error) {
      this.#options.log('unused artifacts could not be deleted', {
        error: (error as Error).message,
      })
    }
  }

  #releases(): Release[] {
    return [...this.#environments.values()].flatMap((environment) => [
      ...environment.releases.values(),
    ])
  }

  async #trimLogs(): Promise<void> {
    for (const release of this.#releases()) await release.trimLogs()
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake()
  }

  #get(app: string, name: string): Environment {
    const key = `${app}/${name}`
    const existing = this.#environments.get(key)
    if (existing) return existing
    const route = { host: `${app}.${name}.localhost`, port: null }
    const fresh = this.#make(
      {
        ...{ app, environment: name, epochs: {}, routed: null, former: null, canary: null },
        ...{ route, releases: [] },
      },
      [],
    )
    this.#environments.set(key, fresh)
    return fresh
  }

  #find(app: string, name: string, number: number): Release {
    const release = this.#environments.get(`${app}/${name}`)?.releases.get(number)
    if (!release) throw releaseNotFound(app, name, number)
    return release
  }

  start(spec: HostRelease): HostReleaseStatus {
    return this.#get(spec.app, spec.environment).start(spec).status()
  }

  /** Waits for a state other than `starting`, at most `waitMs`. */
  async report(
    app: string,
    name: string,
    number: number,
    waitMs: number,
  ): Promise<HostReleaseStatus> {
    const until = performance.now() + waitMs
    for (;;) {
      const now = this.#find(app, name, number).status()
      const left = until - performance.now()
      if (now.state !== 'starting' || left <= 0) return { ...now, ...this.#portProblem(app, name) }
      await this.#change(left)
      // After the handover, this host's state is outdated.
      if (this.#isFrozen) throw new FairleadError('unavailable', { what: 'The host' })
    }
  }

  #portProblem(app: string, name: string): { portProblem?: string } {
    const routes = this.#options.edge.counts()
    const route = routes.find((one) => one.app === app && one.environment === name)
    return route?.problem ? { portProblem: route.problem } : {}
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, timeoutMs)
      this.#waiters.add(wake)
    })
  }

  route(app: string, name: string, route: HostRoute): void {
    this.#find(app, name, route.release)
    this.#get(app, name).route(route)
  }

  /** Returns the counts of a canary since `after`; waits for more, at most `waitMs`. */
  async observations(
    app: string,
    name: string,
    number: number,
    after: number,
    waitMs: number,
  ): Promise<Observations> {
    const until = performance.now() + waitMs
    for (;;) {
      this.#find(app, name, number)
      const found = this.#get(app, name).observations(number, after)
      const left = until - performance.now()
      if (found.next > after || left <= 0) return found
      await this.#change(left)
      if (this.#isFrozen) throw new FairleadError('unavailable', { what: 'The host' })
    }
  }

  async expositions(
    app: string,
    name: string,
    number: number,
    path: string,
    names: Set<string>,
  ): Promise<Exposition[]> {
    this.#find(app, name, number)
    return this.#get(app, name).expositions(number, path, names)
  }

  /**
   * Emits the known outcomes of canary requests; with Infinity, at the end of this process, all of
   * them.
   */
  settleCounts(now: number): void {
    for (const environment of this.#environments.values()) environment.settleCounts(now)
  }

  async stop(app: string, name: string, number: number, fence: Fence): Promise<void> {
    await this.#environments.get(`${app}/${name}`)?.stop(number, fence)
  }

  async remove(app: string, name: string, number: number, fence: Fence): Promise<void> {
    await this.#environments.get(`${app}/${name}`)?.remove(number, fence)
  }

  async removeEnvironment(app: string, name: string, fence?: Fence): Promise<void> {
    const { folder, edge, state } = this.#options
    const environment = this.#environments.get(`${app}/${name}`)
    await environment?.removeAll(fence)
    this.#environments.delete(`${app}/${name}`)
    for (const release of environment?.releases.values() ?? [])
      await this.#artifacts.discard(release.spec.artifact)
    edge.remove(app, name)
    state.remove(app, name)
    for (const kind of ['releases', 'log', 'tmp', 'data', 'observations', 'output'])
      await rm(join(folder, kind, app, name), { recursive: true, force: true })
  }

  log(
    app: string,
    name: string,
    number: number,
    service: string | undefined,
    lines: number,
  ): LogLine[] {
    const found = this.#environments.get(`${app}/${name}`)?.log(number, service, lines)
    if (!found) throw releaseNotFound(app, name, number)
    return found
  }

  all(): HostReleaseStatus[] {
    return this.#releases().map((release) => release.status())
  }

  /** Waits until no stop is in progress, at most `timeoutMs`. */
  async settled(timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs
    const isStopping = (): boolean =>
      this.#releases().some((release) => release.state === 'stopping')
    while (isStopping() && performance.now() < until) await this.#change(100)
  }

  /** Detaches every process and changes nothing any more; `adopt` takes over again. */
  freeze(): void {
    this.#isFrozen = true
    clearInterval(this.#trimmer)
    for (const release of this.#releases()) release.release()
    this.#wake()
  }

  /** Stops every process; the next host starts those that should run. */
  async stopAll(): Promise<void> {
    await Promise.all(this.#releases().map((release) => release.stopInstances()))
  }
}

const releaseNotFound = (app: string, environment: string, release: number): FairleadError =>
  new FairleadError('not_found', { kind: 'release', id: `${app}/${environment}/${release}` })
