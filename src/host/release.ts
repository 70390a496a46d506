import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Exposition } from '#contract/host/expositions.ts'
import type { HostRelease, HostReleaseStatus } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import type { LogLine } from '#contract/host/output.ts'
import { Before } from './before.ts'
import type { ServicePorts } from './edge/paths.ts'
import { busyPort, type Done, type Holder, measurePauses, reportOf, takeOver } from './exclusive.ts'
import type { WantedMetrics } from './exposition.ts'
import { liveTarget } from './fault/live-target.ts'
import type { FaultTarget } from './fault/target.ts'
import { Instances } from './instances.ts'
import { keepOutput } from './kept-output.ts'
import { logOf, outputsOf } from './release-output.ts'
import type { ReleaseContext } from './release-context.ts'
import type { InstanceOutput } from './output.ts'
import { rehearsablePlace, ReleaseFolders } from './release-folders.ts'
import { makeData, provideFiles } from './service-files.ts'
import type { ServicePlace } from './start.ts'
import { type ActualRelease, freshInstance, type WantedRelease } from './state.ts'

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
  readonly #instances: Instances
  /** The current start or stop; the next one waits for it. */
  #work: Promise<void> = Promise.resolve()
  #isReleased = false
  #isRemoved = false
  /** The files of its artifact. */
  files = ''
  readonly #folders: ReleaseFolders
  #done: Done[] = []
  readonly #before: Before | null

  constructor(context: ReleaseContext, wanted: WantedRelease, actual: ActualRelease | undefined) {
    this.#context = context
    this.spec = wanted.spec
    this.#folders = new ReleaseFolders(context.folder, wanted.spec)
    this.#before = wanted.spec.before ? new Before(context, wanted.spec, this.#folders) : null
    this.desired = wanted.desired
    this.#wasReady = actual?.wasReady ?? false
    this.#failed = actual?.failed ?? null
    this.#crashes = actual?.crashes ?? 0
    this.#lastCrash = actual?.lastCrash ?? null
    this.#instances = new Instances(
      {
        ...{ context, spec: wanted.spec, folders: this.#folders, files: () => this.files },
        changed: () => this.#changed(),
        ended: (reason) => this.#recordCrash(reason),
        failed: (reason) => this.#fail(reason),
      },
      actual?.instances ?? [],
    )
  }

  get number(): number {
    return this.spec.release
  }

  /** Whether it needs the files of an artifact. */
  uses(artifact: string): boolean {
    if (this.#isRemoved) return false
    return (
      this.spec.artifact === artifact ||
      this.#instances.saved.some((one) => one.artifact === artifact)
    )
  }

  get hasFailed(): boolean {
    return this.#failed !== null
  }

  /** Why it failed; null when it did not. */
  get failure(): string | null {
    return this.#failed
  }

  get state(): HostReleaseStatus['state'] {
    if (this.desired === 'stopped') return this.#instances.isEmpty ? 'stopped' : 'stopping'
    if (this.#failed !== null) return 'failed'
    return this.#wasReady ? 'ready' : 'starting'
  }

  /** The files with the output of its instances. */
  outputs(): InstanceOutput[] {
    return outputsOf(this.spec, this.#folders)
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
      ...this.#instances.status(),
      ...reportOf(this.#done),
      ...(this.#before?.status && { before: this.#before.status }),
    }
  }

  actual(): ActualRelease {
    return {
      release: this.number,
      wasReady: this.#wasReady,
      failed: this.#failed,
      crashes: this.#crashes,
      lastCrash: this.#lastCrash,
      instances: [...this.#instances.saved],
    }
  }

  /** The markers of its known processes. */
  markers(): string[] {
    return [...this.#instances.saved, this.#before].flatMap((one) => one?.marker ?? [])
  }

  /** The images of its services. */
  images(): string[] {
    return this.spec.services.flatMap(({ container }) => container?.image ?? [])
  }

  /**
   * The services with a port, the one with the environment's traffic first, and the ports that
   * accept requests; with `isHealthyOnly`, only those of healthy instances.
   */
  services(isHealthyOnly = false): ServicePorts[] {
    return this.#instances.ports(isHealthyOnly)
  }

  /**
   * Returns whether it can take the traffic: it became ready, and each service with a port has a
   * healthy instance.
   */
  get isRoutable(): boolean {
    return this.state === 'ready' && this.#instances.areServing
  }

  /** Starts the release, or adopts the processes of a previous host. */
  start(): void {
    this.#work = this.#work.then(() => this.#launch())
  }

  get #isOver(): boolean {
    return this.#failed !== null || this.desired !== 'running' || this.#isReleased
  }

  async #launch(): Promise<void> {
    if (this.#isOver) return
    const { isolation } = this.#context.machine
    try {
      this.files = await this.#context.artifacts.provide(this.spec, this.#folders.path('releases'))
      await makeData({ release: this.spec, isolation }, this.#folders.data)
      for (const folder of this.#folders.logs()) mkdirSync(folder, { recursive: true, mode: 0o700 })
    } catch (error) {
      this.#fail(`its artifact cannot be unpacked: ${(error as Error).message}`)
      return
    }
    const wrong = await provideFiles(this.#unstarted(), (one) =>
      join(this.#folders.path('log'), `${one}.check.log`),
    )
    if (wrong !== null) return this.#fail(wrong)
    const busy = await busyPort(
      this.#unstarted().map(({ service }) => service),
      this.#context.claim,
    )
    if (busy !== null) return this.#fail(busy)
    if (this.#isOver) return
    await this.#takeOver()
    this.#instances.make()
    await this.#startExclusive()
    if (!this.#isOver && !this.#wasReady) {
      const problem = await this.#before?.run(this.files)
      if (problem && !this.#isOver) this.#fail(problem)
    }
    if (this.#isOver) return
    this.#instances.start()
    // A release without services (a library, a tool) is ready as soon as it is unpacked.
    if (this.spec.services.length === 0) this.#wasReady = true
    this.#context.changed()
  }

  /** The services whose processes do not run yet. */
  #unstarted(): ServicePlace[] {
    return this.#instances
      .owned()
      .filter(({ name }) => !this.#instances.hasProcess(name))
      .map((service) => this.#place(service))
  }

  #place(service: HostService): ServicePlace {
    return this.#folders.placeOf(service, this.files, this.#context.machine)
  }

  /** Takes the services that never run twice from the release that has them. */
  async #takeOver(): Promise<void> {
    for (const service of this.#instances.owned()) {
      if (service.exclusive === undefined) continue
      const { name } = service
      const holder = this.#context.claim(name)
      if (this.#instances.hasProcess(name) && holder === null) continue
      const { done, saved } = await takeOver(this.#place(service), holder, freshInstance(name, 0))
      this.#done = [...this.#done.filter((one) => one.service !== name), done]
      this.#instances.replace(saved)
      this.#context.changed()
    }
  }

  /** Its process of a service that never runs twice, for the release that takes it over. */
  holder(name: string): Holder | null {
    return this.#instances.holder(name)
  }

  /** Stops a service that it does not own any more. */
  async drop(name: string): Promise<void> {
    await this.#instances.drop(name)
    this.#context.changed()
  }

  /** Runs the services again that never run twice, after another release had them. */
  regain(): void {
    this.#work = this.#work.then(async () => {
      if (this.desired !== 'running' || this.#isReleased) return
      await this.#takeOver()
      this.#instances.make()
      this.#instances.start()
      this.#context.changed()
    })
  }

  /** Starts the services that never run twice, and waits for them: the others may need them. */
  async #startExclusive(): Promise<void> {
    const begins = this.#done.filter(({ did }) => did !== 'nothing').map(({ service }) => service)
    const first = this.#instances.start(begins)
    while (!this.#isOver && !first.every(({ isHealthy }) => isHealthy)) await sleep(10)
    measurePauses(this.#done, first)
  }

  #changed(): void {
    if (this.#instances.areHealthy) this.#wasReady = true
    if (!this.#isOver) this.#retire()
    this.#context.changed()
  }

  /** Starts instances that are missing after a change of their number, and retires surplus ones. */
  scaled(): void {
    this.#work = this.#work.then(() => {
      if (this.#isOver || this.#instances.isEmpty) return
      this.#instances.make()
      this.#instances.start()
      this.#changed()
    })
  }

  #retire(): void {
    for (const instance of this.#instances.leave())
      this.#work = this.#work.then(() => this.#instances.retire(instance, () => this.#isReleased))
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
    void this.#before?.stop()
    this.#work = this.#work.then(() => this.#halt())
    return this.#work
  }

  async #halt(): Promise<void> {
    if (this.#isReleased) return
    // Processes of a previous host must end as well.
    if (this.#instances.isEmpty && this.markers().length > 0) this.#instances.make()
    const grace = Math.max(0, ...this.spec.services.map((service) => service.stop.grace))
    await this.#context.drain(grace)
    await this.stopInstances()
    this.#instances.clear()
    this.#wasReady = false
    this.#crashes = 0
    this.#lastCrash = null
    this.#context.changed()
  }

  async stopInstances(): Promise<void> {
    await Promise.all([this.#before?.stop(), this.#instances.stop()])
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
    this.#context.removedOutput.keep(this.#folders.path('log'), this.outputs())
    await this.#folders.remove(() => this.#context.isInUse())
  }

  /** Detaches every process without stopping it. */
  release(): void {
    this.#isReleased = true
    this.#before?.leave()
    this.#instances.release()
  }

  /** What a rehearsal of a service needs; its files are unpacked. Throws when there is none. */
  rehearsable(name: string) {
    return rehearsablePlace(name, this.spec, this.files, this.#folders, this.#instances.saved)
  }

  /** A service with its instances, for a fault. */
  faultTarget(name: string): FaultTarget {
    return liveTarget(name, this.spec, this.#folders, this.#instances.saved)
  }

  /**
   * Restarts the instances of a service one after another; each has to become healthy before the
   * next one. Returns the problem of the first that does not, in one sentence, or null.
   */
  restart(name: string): Promise<string | null> {
    const isOver = (): boolean => this.desired !== 'running' || this.#isReleased
    const restarted = this.#work.then(() => this.#instances.restart(name, isOver))
    this.#work = restarted.then(
      () => undefined,
      () => undefined,
    )
    return restarted
  }

  expositions(wanted: WantedMetrics): Promise<Exposition>[] {
    return this.#instances.expositions(wanted)
  }

  async trimLogs(): Promise<void> {
    await this.#instances.trimLogs()
  }

  log(service: string | undefined, lines: number): LogLine[] {
    return logOf(this.spec, this.#folders, service, lines)
  }
}
