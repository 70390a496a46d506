import type { Exposition } from '#contract/host/expositions.ts'
import type { HostRelease, HostReleaseStatus } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import { addressOf } from './address.ts'
import type { ServicePorts } from './edge/paths.ts'
import { type Holder, holderOf } from './exclusive.ts'
import type { WantedMetrics } from './exposition.ts'
import { Instance } from './instance.ts'
import type { ReleaseContext } from './release-context.ts'
import type { ReleaseFolders } from './release-folders.ts'
import { isServed, portsOf } from './release-ports.ts'
import { restartEach } from './restart.ts'
import { freshInstance, type SavedInstance } from './state.ts'

export interface InstancesOptions {
  context: ReleaseContext
  spec: HostRelease
  folders: ReleaseFolders
  /** The files of the artifact. */
  files(): string
  /** Called after each change of an instance. */
  changed(): void
  /** Called with the reason each time a process ends without being asked to. */
  ended(reason: string): void
  /** Called with the reason when an instance is not restarted any more. */
  failed(reason: string): void
}

/** The processes of one release, and what is recorded of them. */
export class Instances {
  readonly #options: InstancesOptions
  #saved: SavedInstance[]
  #all: Instance[] = []
  /** Those that get no new requests because they are to be stopped. */
  readonly #leaving = new Set<Instance>()

  constructor(options: InstancesOptions, saved: SavedInstance[]) {
    this.#options = options
    this.#saved = saved
  }

  get saved(): readonly SavedInstance[] {
    return this.#saved
  }

  get isEmpty(): boolean {
    return this.#all.length === 0
  }

  get areHealthy(): boolean {
    const own = this.#all.filter((one) => !this.#isSurplus(one))
    return own.length > 0 && own.every(({ isHealthy }) => isHealthy)
  }

  /** Whether each service that the edge routes to has a healthy instance. */
  get areServing(): boolean {
    return isServed(this.#options.spec.services, this.#staying())
  }

  status(): Pick<HostReleaseStatus, 'settleMs' | 'instances'> {
    return {
      settleMs: Math.max(0, ...this.#all.map(({ settleMs }) => settleMs)),
      instances: this.#staying().map((instance) => instance.view()),
    }
  }

  ports(isHealthyOnly: boolean): ServicePorts[] {
    return portsOf(this.#options.spec.services, this.#staying(), isHealthyOnly)
  }

  hasProcess(service: string): boolean {
    return this.#processOf(service) !== undefined
  }

  #processOf(service: string): SavedInstance | undefined {
    return this.#saved.find((one) => one.service === service && one.pid !== null)
  }

  /** The services that the release runs; those that never run twice only while it owns them. */
  owned(): HostService[] {
    const { context, spec } = this.#options
    return spec.services.filter(
      ({ name, exclusive }) => exclusive === undefined || context.owns(name),
    )
  }

  /** Its process of a service that never runs twice, for the release that takes it over. */
  holder(service: string): Holder | null {
    const saved = this.#processOf(service)
    if (!saved) return null
    const instance = this.#all.find((one) => one.saved === saved) ?? this.#adopt(saved)
    const forget = (): void => {
      this.#all = this.#all.filter((one) => one.saved !== saved)
      this.#saved = this.#saved.filter((one) => one !== saved)
    }
    return holderOf(saved, instance, forget)
  }

  /** Stops a service that never runs twice, and forgets its processes. */
  async drop(service: string): Promise<void> {
    const isOwn = (saved: SavedInstance): boolean => saved.service === service
    const own = this.#saved.filter(isOwn)
    const all = own.map((saved) => this.#all.find((one) => one.saved === saved))
    await Promise.all(own.map(async (saved, i) => (all[i] ?? this.#adopt(saved))?.stop()))
    this.#all = this.#all.filter(({ saved }) => !isOwn(saved))
    this.#saved = this.#saved.filter((saved) => !isOwn(saved))
  }

  #adopt(saved: SavedInstance): Instance | null {
    const service = this.#options.spec.services.find(({ name }) => name === saved.service)
    return service ? this.#make(service, saved) : null
  }

  /** Records the process of a service that was taken over, or the place for a new one. */
  replace(saved: SavedInstance): void {
    const { service } = saved
    this.#saved = [...this.#saved.filter((one) => one.service !== service), saved]
    this.#all = this.#all.filter((one) => one.saved.service !== service)
  }

  #staying(): Instance[] {
    return this.#all.filter((one) => !this.#leaving.has(one))
  }

  /** Whether its service has fewer instances now. */
  #isSurplus({ saved }: Instance): boolean {
    const { context, spec } = this.#options
    const service = spec.services.find(({ name }) => name === saved.service)
    return service !== undefined && saved.index >= context.instancesOf(service)
  }

  /**
   * Takes the requests from surplus instances, as far as their service has another healthy one.
   * Returns those that can be retired.
   */
  leave(): Instance[] {
    const chosen = this.#staying().filter(
      (one) => this.#isSurplus(one) && this.#hasOther(one.saved.service),
    )
    for (const one of chosen) this.#leaving.add(one)
    return chosen
  }

  #hasOther(service: string): boolean {
    return this.#all.some(
      (one) => one.saved.service === service && one.isHealthy && !this.#isSurplus(one),
    )
  }

  /** Stops an instance after its last request, and forgets it. */
  async retire(instance: Instance, isReleased: () => boolean): Promise<void> {
    const { context, spec, changed } = this.#options
    const { service, ip, port } = instance.saved
    const grace = spec.services.find(({ name }) => name === service)?.stop.grace ?? 0
    if (port !== null) await context.drainInstance(addressOf({ ip, port }), grace)
    if (isReleased()) return
    await instance.stop()
    this.#leaving.delete(instance)
    this.#all = this.#all.filter((one) => one !== instance)
    this.#saved = this.#saved.filter((one) => one !== instance.saved)
    changed()
  }

  /**
   * Makes the instances of the owned services that do not exist yet. Surplus ones stay until they
   * are retired.
   */
  make(): void {
    const before = this.#saved
    const running = new Map(this.#all.map((one) => [one.saved, one]))
    this.#all = this.owned().flatMap((service) => {
      const own = before.filter((one) => one.service === service.name)
      const number = this.#options.context.instancesOf(service)
      const wanted = Array.from(
        { length: number },
        (_, index) => own.find((one) => one.index === index) ?? freshInstance(service.name, index),
      )
      const surplus = own.filter(
        (one) => one.index >= number && (one.pid !== null || running.has(one)),
      )
      return [...wanted, ...surplus].map((one) => running.get(one) ?? this.#make(service, one))
    })
    this.#saved = this.#all.map((instance) => instance.saved)
  }

  #make(service: HostService, saved: SavedInstance): Instance {
    const { context, spec, folders, files, changed, ended, failed } = this.#options
    return new Instance(
      {
        machine: context.machine,
        release: spec,
        service,
        folder: files(),
        dataFolder: folders.dataOf(service),
        configFolder: folders.configOf(service),
        tmpFolder: folders.tmpOf(service, saved.index),
        logFile: folders.logOf(service, saved.index),
        ...{ changed, ended, failed },
        mustGoOn: () => context.isRouted(),
        longestStartMs: () => Math.max(0, ...this.#all.map(({ startMs }) => startMs ?? 0)),
      },
      saved,
    )
  }

  /** Starts all instances, or those of some services; returns them. */
  start(services?: string[]): Instance[] {
    const started = this.#all.filter(({ saved }) => services?.includes(saved.service) ?? true)
    for (const one of started) void one.start()
    return started
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((one) => one.stop()))
  }

  /** Forgets the processes, which have ended. */
  clear(): void {
    this.#all = []
    this.#saved = []
    this.#leaving.clear()
  }

  /** Detaches every process without stopping it. */
  release(): void {
    for (const instance of this.#all) instance.release()
  }

  /** See `restartEach`. */
  restart(name: string, isOver: () => boolean): Promise<string | null> {
    const own = this.#all.filter(({ saved }) => saved.service === name)
    const service = this.#options.spec.services.find((one) => one.name === name)
    return restartEach(name, own, service?.health.timeout ?? 0, isOver)
  }

  expositions(wanted: WantedMetrics): Promise<Exposition>[] {
    const isOf = ({ saved: { service } }: Instance) => (wanted.service ?? service) === service
    return this.#all.filter(isOf).map((instance) => instance.exposition(wanted))
  }

  async trimLogs(): Promise<void> {
    for (const instance of this.#all) await instance.trimLog()
  }
}
