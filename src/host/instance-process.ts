import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { signalOf } from '#platform/process/isolation.ts'
import { metricsName } from './exposition.ts'
import type { InstanceOf } from './fault/changed-start.ts'
import { rotate, sizeOf } from './log-file.ts'
import type { InstanceRuntime, RuntimeContext, RuntimeEvents } from './instance-runtime.ts'
import {
  familyOf,
  holdsSocket,
  isRunning,
  type Listener,
  listenersOf,
  type Origin,
  startTimeOf,
} from './processes.ts'
import { isConfined, lockedExit, startProcess, switchesOf } from './start.ts'
import type { SavedInstance } from './state.ts'
import { killFamily, terminate } from './terminate.ts'

/**
 * The process of an instance, with its port, its memory limit and its family of child processes.
 * Its identity is kept in the saved state, so that the next host finds it again.
 */
export class InstanceProcess implements InstanceRuntime {
  readonly #context: RuntimeContext
  readonly #saved: SavedInstance
  /** Why its memory limit is not enforced; undefined when it is or when there is none. */
  unlimited: string | undefined

  constructor(context: RuntimeContext, saved: SavedInstance) {
    this.#context = context
    this.#saved = saved
    if (saved.port !== null && saved.pid !== null) context.machine.ports.reserve(saved.port)
  }

  get isRunning(): boolean {
    return isRunning(this.#saved.pid ?? 0, this.#saved.startTime)
  }

  get holdsSocket(): boolean {
    return holdsSocket(this.#saved.pid ?? 0)
  }

  get address(): number | null {
    return this.#saved.port
  }

  get exists(): boolean {
    return this.#saved.pid !== null
  }

  get #origin(): Origin {
    const { pid, startTime, marker } = this.#saved
    return { pid: pid ?? 0, startTime, marker }
  }

  /** Reserves a port and starts the process. Throws one sentence on failure. */
  async start(events: RuntimeEvents): Promise<void> {
    const { machine, service } = this.#context
    // Leftover processes from a time without a host must not hold the port or the files.
    if (this.#saved.pid !== null) await killFamily(this.#origin)
    machine.ports.release(this.#saved.port)
    const port = service.port
      ? (service.exclusive?.listens ?? (await machine.ports.assign(this.#saved.port)))
      : null
    if (events.isCancelled()) return machine.ports.release(port)
    const child = this.#spawn(port)
    events.onStart()
    // Node emits an error of the start in the next tick, so the listeners are added in this one.
    child.once('error', (error) => events.onError(error))
    child.once('exit', (code, signal) => events.onExit(this.#describeExit(code, signal)))
    child.unref()
  }

  #spawn(port: number | null): ChildProcess {
    const { machine, release, logFile, tmpFolder } = this.#context
    rotate(logFile)
    this.#saved.logStart = sizeOf(logFile)
    makeTmp(tmpFolder)
    const marker = `${this.#name()}/${randomBytes(8).toString('hex')}`
    const child = startProcess({
      ...this.#context,
      index: this.#saved.index,
      port,
      metricsFile: join(tmpFolder, metricsName),
      marker,
      cgroup: this.#limitMemory(),
      path: machine.path,
      isolation: machine.isolation,
      switches: switchesOf(machine, release),
      fault: machine.changedStart?.({ ...this.#of(), index: this.#saved.index }),
    })
    const pid = child.pid ?? null
    const startTime = pid === null ? null : startTimeOf(pid)
    Object.assign(this.#saved, { pid, startTime, marker, port, started: Date.now() })
    return child
  }

  /** Returns the cgroup that limits its memory; null when there is no limit. */
  #limitMemory(): string | null {
    const { service, machine } = this.#context
    if (service.memory === undefined) return null
    const place = machine.limits.bound(this.#name(), service.memory)
    this.unlimited = 'problem' in place ? place.problem : undefined
    return 'folder' in place ? place.folder : null
  }

  #of(): Omit<InstanceOf, 'index'> {
    const { app, environment, release } = this.#context.release
    return { app, environment, release, service: this.#context.service.name }
  }

  #name(): string {
    const { app, environment, release, service } = this.#of()
    return [this.#context.machine.id, app, environment, release, service, this.#saved.index].join(
      '/',
    )
  }

  /** Describes how the process ended, for a sentence that starts with the service's name. */
  #describeExit(code: number | null, signal: NodeJS.Signals | null): string {
    const { machine } = this.#context
    const name = signal ?? (isConfined(machine) ? signalOf(code) : null)
    if (name) return `was killed by ${name}`
    if (code === lockedExit && this.#context.service.exclusive)
      return 'cannot start, because another process of it still runs'
    return code === 0
      ? 'exited with 0, but a service has to stay in the foreground'
      : `exited with ${code}`
  }

  /** The exit of a process that is not our child is not reported. */
  adopt(): boolean {
    return false
  }

  leave(): void {
    // Its end does not touch it.
  }

  listeners(): Promise<Listener[]> {
    return listenersOf(familyOf(this.#origin))
  }

  kill(): Promise<void> {
    return killFamily(this.#origin)
  }

  /** Asks the process to end, as the service configures it, and then kills what is left. */
  async terminate(): Promise<void> {
    await terminate(this.#origin, this.#context.service.stop)
  }

  /** Forgets the process, which has ended. */
  forget(): void {
    Object.assign(this.#saved, { pid: null, startTime: null, marker: null })
  }

  releasePort(): void {
    this.#context.machine.ports.release(this.#saved.port)
  }

  releaseLimits(): void {
    this.#context.machine.limits.release(this.#name())
  }
}

/** Only the service's user may write there; the parent folders belong to the host. */
export function makeTmp(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o1777)
}
