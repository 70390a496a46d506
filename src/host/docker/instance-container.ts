import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HostContainer } from '#contract/host/service.ts'
import { signalOf } from '#platform/process/isolation.ts'
import { type Address, addressOf } from '../address.ts'
import { makeTmp } from '../instance-process.ts'
import type { InstanceRuntime, RuntimeContext, RuntimeEvents } from '../instance-runtime.ts'
import { rotate, sizeOf } from '../log-file.ts'
import {
  familyOf,
  holdsSocket,
  isRunning,
  type Listener,
  listenersAt,
  signalAll,
  startTimeOf,
} from '../processes.ts'
import { switchesOf } from '../start.ts'
import type { SavedInstance } from '../state.ts'
import { beginOutput, ContainerOutput } from './container-output.ts'
import { containerSpec } from './container-spec.ts'
import type { Containers } from './containers.ts'
import type { Inspected } from './engine.ts'
import { EngineError } from './engine-http.ts'
import { ownerOf, ownTree, placesOf, writeSecrets } from './secret-files.ts'

/** Milliseconds: for the rest of the output after an end, and between tries to reach the Engine. */
const waitMs = { output: 5000, retry: 200, away: 30_000 }

/** The container of an instance. It is removed when it has ended and its output is in the log. */
export class InstanceContainer implements InstanceRuntime {
  readonly unlimited = undefined
  readonly #context: RuntimeContext
  readonly #container: HostContainer
  readonly #saved: SavedInstance
  #output: ContainerOutput | null = null
  #isLeft = false
  /** The start that is under way. */
  #starting: Promise<void> | null = null

  constructor(context: RuntimeContext, container: HostContainer, saved: SavedInstance) {
    this.#context = context
    this.#container = container
    this.#saved = saved
  }

  get #containers(): Containers {
    return this.#context.machine.containers
  }

  get isRunning(): boolean {
    return isRunning(this.#saved.pid ?? 0, this.#saved.startTime)
  }

  get exists(): boolean {
    return this.#saved.container !== undefined || this.#starting !== null
  }

  get holdsSocket(): boolean {
    return holdsSocket(this.#saved.pid ?? 0)
  }

  get address(): Address | null {
    const { ip, port } = this.#saved
    return port === null ? null : addressOf({ ip, port })
  }

  async start(events: RuntimeEvents): Promise<void> {
    this.#isLeft = false
    this.#starting = this.#start(events).finally(() => (this.#starting = null))
    return this.#starting
  }

  async #start(events: RuntimeEvents): Promise<void> {
    // One that ended in a time without a host: its last output is read before it is removed.
    await this.#remove()
    if (process.getuid?.() !== 0)
      throw new Error('the host must run as root, to give files to the users of containers')
    const image = await this.#containers.image(this.#container.image)
    if (events.isCancelled()) return
    const marker = `${this.#name('/')}/${randomBytes(8).toString('hex')}`
    const isRecorded = this.#containers.expect(marker)
    let id: string | null = null
    try {
      id = await this.#create(marker, image.id)
      await this.#prepare(id, image.user)
      if (!events.isCancelled()) await this.#containers.engine.start(id)
      const seen = await this.#containers.engine.inspect(id)
      if (events.isCancelled() || seen === null) return await this.#containers.engine.remove(id)
      this.#record(id, marker, seen)
      events.onStart()
    } catch (error) {
      // Without an answer, the next sweep removes it.
      if (id !== null) await this.#containers.engine.remove(id).catch(() => undefined)
      throw error
    } finally {
      isRecorded()
    }
    this.#watch(id, events.onExit)
  }

  async #create(marker: string, image: string): Promise<string> {
    const { machine, release, service, tmpFolder, dataFolder, configFolder } = this.#context
    const { engine } = this.#containers
    const { secretsFolder } = placesOf(tmpFolder)
    makeTmp(tmpFolder)
    writeSecrets(secretsFolder, service)
    const switches = switchesOf(machine, release)
    const { folder } = this.#context
    return engine.create(
      `fairlead-${this.#name('-')}-${marker.slice(-16)}`,
      containerSpec({
        ...{ installation: machine.id, marker, release, service, container: this.#container },
        ...{ image, index: this.#saved.index, folder, dataFolder, configFolder },
        ...{ tmpFolder, secretsFolder, switches },
      }),
    )
  }

  async #prepare(id: string, imageUser: string): Promise<void> {
    const { tmpFolder, logFile, dataFolder, configFolder } = this.#context
    const { engine } = this.#containers
    const { secretsFolder, positionFile } = placesOf(tmpFolder)
    for (const network of this.#container.networks) await engine.join(id, network)
    const owner = await ownerOf(engine, id, this.#container.user ?? imageUser)
    ownTree(owner, [secretsFolder, configFolder, dataFolder])
    rotate(logFile)
    this.#saved.logStart = sizeOf(logFile)
    beginOutput(positionFile, logFile)
  }

  #record(container: string, marker: string, { State, NetworkSettings }: Inspected): void {
    const pid = State.Running && State.Pid > 0 ? State.Pid : null
    const startTime = pid === null ? null : startTimeOf(pid)
    const port = this.#context.service.port ? this.#container.port : null
    const ip = NetworkSettings.IPAddress
    Object.assign(this.#saved, { container, marker, pid, startTime, port, started: Date.now() })
    if (ip === '') delete this.#saved.ip
    else this.#saved.ip = ip
  }

  adopt({ onExit }: Pick<RuntimeEvents, 'onExit'>): boolean {
    const { container } = this.#saved
    if (container === undefined) return false
    this.#isLeft = false
    this.#watch(container, onExit)
    return true
  }

  #watch(id: string, onExit: (how: string) => void): void {
    const { logFile, tmpFolder } = this.#context
    const { engine } = this.#containers
    const { positionFile } = placesOf(tmpFolder)
    this.#output = new ContainerOutput({ engine, container: id, logFile, positionFile })
    void this.#ended(id).then((how) => {
      if (how !== null && !this.#isLeft) onExit(how)
    })
  }

  /** Resolves when the container has ended, also after the Engine was away; null when left. */
  async #ended(id: string): Promise<string | null> {
    for (; !this.#isLeft; await sleep(waitMs.retry, undefined, { ref: false })) {
      try {
        await this.#containers.engine.wait(id)
        const seen = await this.#containers.engine.inspect(id)
        if (seen?.State.Running) continue
        await this.#drained()
        return seen === null ? 'ended, and its container was removed' : this.#describe(seen)
      } catch {
        // The Engine is away: a container may outlive it.
      }
    }
    return null
  }

  #describe({ State: { ExitCode, OOMKilled } }: Inspected): string {
    const { memory } = this.#context.service
    const megabytes = Math.round((memory ?? 0) / 1_048_576)
    if (OOMKilled && memory !== undefined)
      return `was killed, because it used more than its memory of ${megabytes} MB`
    const signal = signalOf(ExitCode)
    if (signal) return `was killed by ${signal}`
    return ExitCode === 0
      ? 'exited with 0, but a service has to stay in the foreground'
      : `exited with ${ExitCode}`
  }

  #drained(): Promise<unknown> {
    return Promise.race([this.#output?.done, sleep(waitMs.output, undefined, { ref: false })])
  }

  listeners(): Promise<Listener[]> {
    return listenersAt(`/proc/${this.#saved.pid ?? 0}/net`)
  }

  kill(): Promise<void> {
    return this.#remove()
  }

  async terminate(): Promise<void> {
    await this.#starting?.catch(() => undefined)
    const { container } = this.#saved
    if (container === undefined) return
    const { signal, grace } = this.#context.service.stop
    const until = performance.now() + grace
    await this.#ask(container, signal).catch(() => undefined)
    for (
      let pause = 4;
      performance.now() < until && this.isRunning;
      pause = Math.min(200, pause * 1.5)
    )
      await sleep(Math.min(pause, until - performance.now()))
    await this.#remove()
  }

  /** A shell of `run` that is the first process would ignore the signal: its children get it. */
  async #ask(container: string, signal: string): Promise<void> {
    const { pid, startTime, marker } = this.#saved
    if (this.#context.service.run !== undefined && process.getuid?.() === 0)
      return signalAll(familyOf({ pid: pid ?? 0, startTime, marker }), signal as NodeJS.Signals)
    await this.#containers.engine.signal(container, signal)
  }

  /** Kills and removes the container after its output is read; while the Engine is away, waits. */
  async #remove(): Promise<void> {
    const { container } = this.#saved
    if (container === undefined) return
    const until = performance.now() + waitMs.away
    for (;;) {
      try {
        await this.#containers.engine.signal(container, 'SIGKILL')
        await this.#readRest(container)
        await this.#containers.engine.remove(container)
        return this.forget()
      } catch (error) {
        const isAway = error instanceof EngineError && error.status === 0
        // What is left has no record any more, and is removed by a sweep.
        if (!isAway || performance.now() > until) return this.forget()
      }
      await sleep(waitMs.retry)
    }
  }

  async #readRest(container: string): Promise<void> {
    const { logFile, tmpFolder } = this.#context
    const { positionFile } = placesOf(tmpFolder)
    const { engine } = this.#containers
    this.#output ??= new ContainerOutput({ engine, container, logFile, positionFile })
    await this.#drained()
    this.#output.leave()
    this.#output = null
  }

  leave(): void {
    this.#isLeft = true
    this.#output?.leave()
    this.#output = null
  }

  forget(): void {
    Object.assign(this.#saved, { pid: null, startTime: null, marker: null })
    delete this.#saved.container
    delete this.#saved.ip
  }

  releasePort(): void {
    // Each container has an address of its own.
  }

  releaseLimits(): void {
    // The Engine removes them with the container.
  }

  #name(separator: string): string {
    const { machine, release, service } = this.#context
    const { app, environment, release: number } = release
    const parts = [app, environment, number, service.name, this.#saved.index]
    return (separator === '/' ? [machine.id, ...parts] : parts).join(separator)
  }
}
