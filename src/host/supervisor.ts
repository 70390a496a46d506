import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Exposition } from '#contract/host/expositions.ts'
import type { HostRelease, HostReleaseStatus } from '#contract/host/release.ts'
import type { HostRoute } from '#contract/host/route.ts'
import type { Fence } from '#contract/host/fence.ts'
import type { LogLine, NewOutput, OutputPlaces } from '#contract/host/output.ts'
import type { Observations } from '#contract/host/observations.ts'
import { bootId } from '#platform/boot-id.ts'
import { Commands } from './command/commands.ts'
import type { CommandPlace, SavedCommand } from './command/saved.ts'
import { Changes } from './changes.ts'
import type { Edge } from './edge/edge.ts'
import { Environment } from './environment.ts'
import { Examiner } from './examiner.ts'
import type { WantedMetrics } from './exposition.ts'
import { Faults } from './fault/faults.ts'
import { handedOver, releaseNotFound } from './host-errors.ts'
import type { Machine } from './machine.ts'
import { endStrays } from './processes.ts'
import { readOutput } from './output.ts'
import type { Release } from './release.ts'
import { RemovedOutput } from './removed-output.ts'
import { commandPlace, monitorPlace, type ReleasePlace } from './release-command.ts'
import { filesPlace } from './command/files-place.ts'
import { removeCommandFolders } from './release-folders.ts'
import type { Scale } from './scale.ts'
import type { StateFiles, WantedEnvironment } from './state.ts'
import { sourceOf, type SwitchSource } from './switches/states.ts'
import { openUnpacked, type UnpackedArtifacts } from './unpacked.ts'

export interface SupervisorOptions {
  /** The folder of the host. */
  folder: string
  machine: Machine
  state: StateFiles
  scale: Pick<Scale, 'instancesOf'>
  edge: Edge
  /** Resolves when the previous host has answered its last request. */
  predecessor: Promise<void>
  log(message: string, fields?: Record<string, unknown>): void
}

/** Milliseconds between checks of the log sizes. */
const trimEveryMs = 10_000
/** Milliseconds between comparisons of the containers with what should run. */
const sweepEveryMs = 60_000
/** Milliseconds between emissions of canary counts. */
const settleEveryMs = 25

/** Keeps the releases of every environment in their desired state. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #artifacts: UnpackedArtifacts
  readonly #removedOutput: RemovedOutput
  readonly #environments = new Map<string, Environment>()
  readonly #changes = new Changes()
  readonly examiner: Examiner
  readonly commands: Commands
  readonly faults: Faults
  #isFrozen = false
  #trimmer: NodeJS.Timeout | undefined
  #settler: NodeJS.Timeout | undefined
  #sweeper: NodeJS.Timeout | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    const { folder, machine } = options
    this.#removedOutput = new RemovedOutput(join(folder, 'removed-output'))
    this.commands = new Commands({
      ...{ folder: join(folder, 'commands'), id: machine.id },
      placeOf: (app, name, command) =>
        commandPlace(this.#find(app, name, command.release), command.service, options),
      provide: (place, files, own) =>
        filesPlace(place, files, own, { ...options, artifacts: this.#artifacts }),
      released: (...of) => void this.#released(...of),
    })
    this.#artifacts = openUnpacked({
      folder: join(folder, 'unpacked'),
      isShared: machine.isolation.kind === 'confined',
      boot: bootId(),
      keepFree: machine.keepFree,
      isUsed: (artifact) => this.usesArtifact(artifact),
    })
    this.examiner = new Examiner({
      ...{ folder, machine, artifacts: this.#artifacts },
      live: (app, name) => this.#live(app, name),
    })
    this.faults = new Faults({
      ...{ folder, id: machine.id, random: machine.random, log: options.log },
      live: (app, name) => this.#live(app, name),
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
    this.commands.adopt()
    this.#endStrays()
    void this.#sweepContainers()
    clearInterval(this.#sweeper)
    this.#sweeper = setInterval(() => void this.#sweepContainers(), sweepEveryMs)
    this.#sweeper.unref()
    this.examiner.sweep()
    this.faults.start()
    this.#removedOutput.sweep()
    void this.#artifacts.sweep().catch(({ message: error }: Error) => {
      this.#options.log('unused artifacts could not be deleted', { error })
    })
    for (const environment of this.#environments.values()) environment.adopt()
    this.#trimmer = setInterval(() => void this.#trimLogs(), trimEveryMs)
    this.#trimmer.unref()
    clearInterval(this.#settler)
    // Continues after a handover, because this host counts the requests that it began.
    this.#settler = setInterval(() => this.settleCounts(performance.now()), settleEveryMs)
    this.#settler.unref()
  }

  /** The switches of every environment. */
  switchSources(): SwitchSource[] {
    return [...this.#environments.values()].map(sourceOf)
  }

  #make(
    wanted: WantedEnvironment,
    actual: ConstructorParameters<typeof Environment>[2],
  ): Environment {
    const context = {
      ...this.#options,
      artifacts: this.#artifacts,
      removedOutput: this.#removedOutput,
      isFrozen: () => this.#isFrozen,
      isInUse: (...of: [string, string, number]) => this.commands.useRelease(...of),
      changed: () => this.#changes.announce(),
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
    const known = this.#releases().flatMap((release) => release.markers())
    const markers = new Set([...known, ...this.commands.markers()])
    const pids = endStrays(`${this.#options.machine.id}/`, markers)
    if (pids.length > 0) this.#options.log('processes that no record names are ended', { pids })
  }

  async #sweepContainers(): Promise<void> {
    try {
      await this.#options.machine.containers.sweep(
        () => new Set(this.#releases().flatMap((release) => release.markers())),
        () => new Set(this.#releases().flatMap((release) => release.images())),
      )
    } catch (error) {
      this.#options.log('containers cannot be compared with what should run', {
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
    await this.commands.trim()
  }

  #get(app: string, name: string): Environment {
    const key = `${app}/${name}`
    const existing = this.#environments.get(key)
    if (existing) return existing
    const route = { host: `${app}.${name}.localhost`, port: null }
    const fresh = this.#make(
      {
        ...{ app, environment: name, epochs: {}, routed: null, former: null, canary: null },
        ...{ route, releases: [], owners: {} },
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
      await this.#changes.next(left)
      // After the handover, this host's state is outdated.
      if (this.#isFrozen) throw handedOver()
    }
  }

  #portProblem(app: string, name: string): { portProblem?: string } {
    const routes = this.#options.edge.counts()
    const route = routes.find((one) => one.app === app && one.environment === name)
    return route?.problem ? { portProblem: route.problem } : {}
  }

  /** Deletes the files of a release that was removed while a command used them. */
  async #released({ app, environment }: CommandPlace, saved: SavedCommand): Promise<void> {
    const { release, artifact } = saved
    if (this.#environments.get(`${app}/${environment}`)?.releases.has(release)) return
    await this.#artifacts.discard(artifact)
    await removeCommandFolders(this.#options.folder, { app, environment, release })
  }

  /** Restarts the instances of a service; returns the problem of one that is not healthy again. */
  restart(app: string, name: string, number: number, service: string): Promise<string | null> {
    return this.#find(app, name, number).restart(service)
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
      await this.#changes.next(left)
      if (this.#isFrozen) throw handedOver()
    }
  }

  async expositions(
    app: string,
    name: string,
    number: number,
    wanted: WantedMetrics,
  ): Promise<Exposition[]> {
    this.#find(app, name, number)
    return this.#get(app, name).expositions(number, wanted)
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

  async stopServices(app: string, name: string, services: string[], fence: Fence): Promise<void> {
    await this.#environments.get(`${app}/${name}`)?.stopServices(services, fence)
  }

  /**
   * With a fence, a deployment has moved it: the data of its services stays. With `leaveMs`,
   * requests are answered until no client is connected, at most for that long.
   */
  async removeEnvironment(
    app: string,
    name: string,
    { fence, leaveMs = 0 }: { fence?: Fence | undefined; leaveMs?: number | undefined } = {},
  ): Promise<void> {
    const { folder, edge, state } = this.#options
    const environment = this.#environments.get(`${app}/${name}`)
    try {
      if (leaveMs > 0) await edge.leave(app, name, leaveMs)
      await environment?.removeAll(fence)
    } catch (error) {
      edge.stay(app, name)
      throw error
    }
    await this.commands.removeEnvironment(app, name)
    this.#environments.delete(`${app}/${name}`)
    for (const release of environment?.releases.values() ?? [])
      await this.#artifacts.discard(release.spec.artifact)
    edge.remove(app, name)
    state.remove(app, name)
    const kinds = ['releases', 'log', 'tmp', 'files', 'before', 'observations', 'output']
    if (!fence) kinds.push('data')
    for (const kind of [...kinds, 'switches/environments'])
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

  /** What every instance wrote after the places, also those of removed releases. */
  output(after: OutputPlaces): NewOutput {
    const running = this.#releases().flatMap((release) => release.outputs())
    return readOutput([...running, ...this.#removedOutput.outputs(running)], after, Date.now())
  }

  /** Whether a release or a command uses an artifact. */
  usesArtifact(artifact: string): boolean {
    return this.commands.use(artifact) || this.#releases().some((release) => release.uses(artifact))
  }

  /** The release with the traffic. */
  #live(app: string, name: string): Release | undefined {
    const environment = this.#environments.get(`${app}/${name}`)
    return environment?.releases.get(environment.routed ?? 0)
  }

  /** Where the commands of monitors run: in the release that has the traffic. */
  place(app: string, name: string, service: string | null): ReleasePlace | null {
    const release = this.#live(app, name)
    return release ? monitorPlace(release, service, this.#options) : null
  }

  all = (): HostReleaseStatus[] => this.#releases().map((release) => release.status())

  /** Starts and stops instances after a change of their number. */
  scaled(): void {
    for (const environment of this.#environments.values()) environment.scaled()
  }

  /** Waits until no stop is in progress, at most `timeoutMs`. */
  async settled(timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs
    const isStopping = (): boolean =>
      this.#releases().some((release) => release.state === 'stopping')
    while (isStopping() && performance.now() < until) await this.#changes.next(100)
  }

  /** Detaches every process and changes nothing any more; `adopt` takes over again. */
  freeze(): void {
    this.#isFrozen = true
    this.examiner.stop()
    this.faults.stop()
    this.#removedOutput.release()
    this.commands.freeze()
    clearInterval(this.#trimmer)
    clearInterval(this.#sweeper)
    for (const release of this.#releases()) release.release()
    this.#changes.announce()
  }

  /** Stops every process; the next host starts those that should run. */
  async stopAll(): Promise<void> {
    await Promise.all([
      this.commands.stopAll(),
      ...this.#releases().map((release) => release.stopInstances()),
    ])
  }
}
