import { mkdirSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Exposition, HostRelease, HostReleaseStatus, LogLine } from '#contract/host/host.ts'
import { chownTree, userOf } from '#platform/process/isolation.ts'
import { Instance } from './instance.ts'
import { keepOutput } from './kept-output.ts'
import { shownLines } from './log-file.ts'
import type { Machine } from './machine.ts'
import type { ActualRelease, SavedInstance, WantedRelease } from './state.ts'
import type { UnpackedArtifacts } from './unpacked.ts'

export interface ReleaseContext {
  machine: Machine
  artifacts: UnpackedArtifacts
  /** The folder of the host. */
  folder: string
  /** Holds the output of removed releases of the environment. */
  outputFolder: string
  isRouted(): boolean
  /** Stores the new state and updates the edge. */
  changed(): void
  drain(graceMs: number): Promise<void>
}

/** Lines of each instance that are kept when its release is removed. */
const linesKept = 2000

/** The instances of one release: they start, become ready and stop together. */
export class Release {
  readonly spec: HostRelease
  readonly #context: ReleaseContext
  desired: WantedRelease['desired']
  #wasReady: boolean
  #failed: string | null
  /** Ends of instances since the release was ready. */
  #crashes: number
  #lastCrash: string | null
  #saved: SavedInstance[]
  #instances: Instance[] = []
  /** The current start or stop; the next one waits for it. */
  #work: Promise<void> = Promise.resolve()
  #isReleased = false
  #isRemoved = false
  /** The files of its artifact. */
  #files = ''

  constructor(context: ReleaseContext, wanted: WantedRelease, actual: ActualRelease | undefined) {
    this.#context = context
    this.spec = wanted.spec
    this.desired = wanted.desired
    this.#wasReady = actual?.wasReady ?? false
    this.#failed = actual?.failed ?? null
    this.#crashes = actual?.crashes ?? 0
    this.#lastCrash = actual?.lastCrash ?? null
    this.#saved = actual?.instances ?? []
  }

  get number(): number {
    return this.spec.release
  }

  /** Whether it needs the files of an artifact. */
  uses(artifact: string): boolean {
    return this.spec.artifact === artifact && !this.#isRemoved
  }

  get hasFailed(): boolean {
    return this.#failed !== null
  }

  /** Why it failed; null when it did not. */
  get failure(): string | null {
    return this.#failed
  }

  get state(): HostReleaseStatus['state'] {
    if (this.desired === 'stopped') return this.#instances.length > 0 ? 'stopping' : 'stopped'
    if (this.#failed !== null) return 'failed'
    return this.#wasReady ? 'ready' : 'starting'
  }

  status(): HostReleaseStatus {
    const { app, environment, release, artifact } = this.spec
    return {
      app,
      environment,
      release,
      artifact,
      state: this.state,
      reason: this.#failed,
      routed: this.#context.isRouted(),
      crashes: this.#crashes,
      lastCrash: this.#lastCrash,
      settleMs: Math.max(0, ...this.#instances.map(({ settleMs }) => settleMs)),
      instances: this.#instances.map((instance) => instance.view()),
    }
  }

  actual(): ActualRelease {
    return {
      release: this.number,
      wasReady: this.#wasReady,
      failed: this.#failed,
      crashes: this.#crashes,
      lastCrash: this.#lastCrash,
      instances: this.#saved,
    }
  }

  /** The markers of its known processes. */
  markers(): string[] {
    return this.#saved.flatMap((instance) => instance.marker ?? [])
  }

  /**
   * The services with a port, the one with the environment's traffic first, and the ports that
   * accept requests; with `isHealthyOnly`, only those of healthy instances.
   */
  services(isHealthyOnly = false): { name: string; ports: number[] }[] {
    return this.spec.services
      .filter((service) => service.port)
      .map(({ name }) => {
        const mine = this.#instances.filter(
          ({ saved }) => saved.service === name && saved.pid !== null && saved.port !== null,
        )
        const well = mine.filter((instance) => instance.isHealthy)
        // When none is healthy, trying is better than refusing.
        return {
          name,
          ports: (well.length > 0 || isHealthyOnly ? well : mine).flatMap(
            ({ saved }) => saved.port ?? [],
          ),
        }
      })
  }

  /**
   * Returns whether it can take the traffic: it became ready, and each service with a port has a
   * healthy instance.
   */
  get isRoutable(): boolean {
    const isServed = (name: string): boolean =>
      this.#instances.some((instance) => instance.saved.service === name && instance.isHealthy)
    return (
      this.state === 'ready' &&
      this.spec.services.every(({ name, port }) => !port || isServed(name))
    )
  }

  /** Starts the release, or adopts the processes of a previous host. */
  start(): void {
    this.#work = this.#work.then(() => this.#launch())
  }

  async #launch(): Promise<void> {
    if (this.desired !== 'running' || this.#failed !== null || this.#isReleased) return
    try {
      this.#files = await this.#context.artifacts.provide(this.spec, this.#path('releases'))
      mkdirSync(this.#dataFolder(), { recursive: true, mode: 0o700 })
      await this.#giveData()
      mkdirSync(this.#path('log'), { recursive: true, mode: 0o700 })
    } catch (error) {
      this.#fail(`its artifact cannot be unpacked: ${(error as Error).message}`)
      return
    }
    if (this.desired !== 'running' || this.#isReleased) return
    this.#makeInstances()
    for (const instance of this.#instances) void instance.start()
    // A release without services (a library, a tool) is ready as soon as it is unpacked.
    if (this.spec.services.length === 0) this.#wasReady = true
    this.#context.changed()
  }

  /** Changes the owner of data that services wrote as the host's own user. */
  async #giveData(): Promise<void> {
    const { isolation } = this.#context.machine
    if (isolation.kind === 'none' || isolation.tools.setpriv === null) return
    const user = userOf(this.spec.app, 'services')
    if (statSync(this.#dataFolder()).uid !== user) await chownTree(user, this.#dataFolder())
  }

  #makeInstances(): void {
    const before = this.#saved
    this.#instances = this.spec.services.flatMap((service) =>
      Array.from({ length: service.instances }, (_, index) => {
        const saved = before.find((one) => one.service === service.name && one.index === index)
        return new Instance(
          {
            machine: this.#context.machine,
            release: this.spec,
            service,
            folder: this.#files,
            dataFolder: this.#dataFolder(),
            tmpFolder: join(this.#path('tmp'), `${service.name}.${index}`),
            logFile: this.#logFile(service.name, index),
            changed: () => this.#changed(),
            mustGoOn: () => this.#context.isRouted(),
            longestStartMs: () =>
              Math.max(0, ...this.#instances.map(({ startMs }) => startMs ?? 0)),
            ended: (reason) => this.#recordCrash(reason),
            failed: (reason) => this.#fail(reason),
          },
          saved ?? freshInstance(service.name, index),
        )
      }),
    )
    this.#saved = this.#instances.map((instance) => instance.saved)
  }

  #changed(): void {
    if (this.#instances.length > 0 && this.#instances.every((instance) => instance.isHealthy))
      this.#wasReady = true
    this.#context.changed()
  }

  #recordCrash(reason: string): void {
    if (!this.#wasReady) return
    this.#crashes += 1
    this.#lastCrash = reason
  }

  #fail(reason: string): void {
    this.#failed ??= reason
    this.#context.changed()
  }

  /** Finishes requests in progress, then stops every instance; the folder stays. */
  stop(): Promise<void> {
    this.#work = this.#work.then(() => this.#halt())
    return this.#work
  }

  async #halt(): Promise<void> {
    if (this.#isReleased) return
    // Processes of a previous host must end as well.
    if (this.#instances.length === 0 && this.markers().length > 0) this.#makeInstances()
    const grace = Math.max(0, ...this.spec.services.map((service) => service.stop.grace))
    await this.#context.drain(grace)
    await this.stopInstances()
    this.#instances = []
    this.#saved = []
    this.#wasReady = false
    this.#crashes = 0
    this.#lastCrash = null
    this.#context.changed()
  }

  async stopInstances(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.stop()))
  }

  /** Deletes its files, and keeps the end of its output. */
  async remove(): Promise<void> {
    // A second start of a release has a negative number.
    if (this.number > 0)
      keepOutput(
        this.#context.outputFolder,
        this.number,
        this.log(undefined, linesKept),
        Date.now(),
      )
    this.#isRemoved = true
    await this.#context.artifacts.discard(this.spec.artifact)
    for (const kind of ['releases', 'log', 'tmp'] as const)
      await rm(this.#path(kind), { recursive: true, force: true })
  }

  /** Detaches every process without stopping it. */
  release(): void {
    this.#isReleased = true
    for (const instance of this.#instances) instance.release()
  }

  expositions(path: string, names: Set<string>): Promise<Exposition>[] {
    return this.#instances.map((instance) => instance.exposition(path, names))
  }

  async trimLogs(): Promise<void> {
    for (const instance of this.#instances) await instance.trimLog()
  }

  log(service: string | undefined, lines: number): LogLine[] {
    return this.spec.services
      .filter(({ name }) => service === undefined || name === service)
      .flatMap((one) => Array.from({ length: one.instances }, (_, index) => ({ one, index })))
      .flatMap(({ one, index }) =>
        shownLines(this.#logFile(one.name, index), one, lines).map((text) => ({
          service: one.name,
          index,
          text,
        })),
      )
  }

  #path(kind: 'releases' | 'log' | 'tmp'): string {
    return join(
      this.#context.folder,
      kind,
      this.spec.app,
      this.spec.environment,
      String(this.number),
    )
  }

  #dataFolder(): string {
    return join(this.#context.folder, 'data', this.spec.app, this.spec.environment)
  }

  #logFile(service: string, index: number): string {
    return join(this.#path('log'), `${service}.${index}.log`)
  }
}

function freshInstance(service: string, index: number): SavedInstance {
  return {
    service,
    index,
    pid: null,
    startTime: null,
    marker: null,
    port: null,
    started: null,
    restarts: 0,
    crashes: 0,
    reason: null,
    wasHealthy: false,
    logStart: 0,
  }
}
