import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Exposition, HostInstance, HostRelease, HostService } from '#contract/host/host.ts'
import { type Isolation, signalOf } from '#platform/process/isolation.ts'
import { askExposition, onlyNamed, readExposition } from './exposition.ts'
import { checkHealth } from './health.ts'
import type { Limits } from './limits.ts'
import { rotate, tailOf, trim } from './log-file.ts'
import type { Ports } from './port.ts'
import { familyOf, holdsSocket, isRunning, listeningPorts, startTimeOf } from './processes.ts'
import {
  explainsAfterMs,
  explainsEveryMs,
  judgeEnd,
  judgeLook,
  lookPauseMs,
  workerSettlesMs,
} from './rules.ts'
import { isConfined, startProcess } from './start.ts'
import type { SavedInstance } from './state.ts'
import { killFamily, terminate } from './terminate.ts'

/** Settings shared by all instances of a host. */
export interface Machine {
  /** Identifies this installation in the markers of its processes. */
  id: string
  ports: Ports
  limits: Limits
  isolation: Isolation
  path: string
  random(): number
}

export interface InstanceContext {
  machine: Machine
  release: HostRelease
  service: HostService
  folder: string
  dataFolder: string
  logFile: string
  tmpFolder: string
  /** Stores the state and notifies the release and the edge. */
  changed(): void
  /** Returns whether the instance must not be given up. */
  mustGoOn(): boolean
  /** Called with the reason when the instance is given up. */
  failed(reason: string): void
}

/** One process from its start to its end, as far as this host watches it. */
interface Life {
  isOver: boolean
  child: ChildProcess | null
  since: number
  healthySince: number | null
  /** The ports that it listens on instead, and when that was determined. */
  explanation: string
  explainedAt: number | null
  wake(): void
}

/**
 * Keeps one instance of a service running: starts, checks, restarts and stops it, and adopts a
 * running process.
 */
export class Instance {
  readonly saved: SavedInstance
  readonly #context: InstanceContext
  #state: HostInstance['state'] = 'stopped'
  #life: Life | null = null
  #isWanted = false
  #timer: NodeJS.Timeout | undefined
  #crashes = 0
  /** Start of the period in which it must become healthy. */
  #wantedSince = performance.now()
  #unlimited: string | undefined

  constructor(context: InstanceContext, saved: SavedInstance) {
    this.#context = context
    this.saved = saved
    if (saved.port !== null && saved.pid !== null) context.machine.ports.keep(saved.port)
  }

  get isHealthy(): boolean {
    return this.#state === 'healthy'
  }

  view(): HostInstance {
    const { service, index, pid, port, started, restarts, reason } = this.saved
    const unlimited = this.#unlimited === undefined ? {} : { unlimited: this.#unlimited }
    return {
      service,
      index,
      state: this.#state,
      pid,
      port,
      started,
      restarts,
      reason,
      ...unlimited,
    }
  }

  /** Returns its metrics with those names. */
  async exposition(path: string, names: Set<string>): Promise<Exposition> {
    const { service, index, port, started } = this.saved
    const text =
      port === null
        ? await readExposition(this.#context.tmpFolder, metricsName)
        : await askExposition(port, path)
    return {
      instance: `${service}/${index}/${started ?? 0}`,
      text: text === null ? null : onlyNamed(text, names),
    }
  }

  #metricsFile(): string {
    return join(this.#context.tmpFolder, metricsName)
  }

  /**
   * Adopts the process of the saved state when it still runs, otherwise starts one. Does nothing
   * when one is already watched.
   */
  async start(): Promise<void> {
    if (this.#life) return
    this.#isWanted = true
    clearTimeout(this.#timer)
    const life: Life = {
      isOver: false,
      child: null,
      since: performance.now(),
      healthySince: null,
      explanation: '',
      explainedAt: null,
      wake: () => undefined,
    }
    this.#life = life
    try {
      if (isRunning(this.saved.pid ?? 0, this.saved.startTime)) this.#adopt(life)
      else await this.#launch(life)
      if (!life.isOver) await this.#watch(life)
    } catch (error) {
      this.#cannotStart(life, (error as Error).message)
    }
  }

  /** A process that outlived a host keeps its health state until the first check. */
  #adopt(life: Life): void {
    const age = Math.max(0, Date.now() - (this.saved.started ?? 0))
    life.since = performance.now() - age
    this.#state = this.saved.wasHealthy ? 'healthy' : 'starting'
    if (this.saved.wasHealthy) life.healthySince = life.since
    this.#context.changed()
  }

  async #launch(life: Life): Promise<void> {
    const { machine, service, release } = this.#context
    // Leftover processes from a time without a host must not hold the port or the files.
    if (this.saved.pid !== null) await killFamily(this.#origin())
    machine.ports.giveBack(this.saved.port)
    const port = service.port ? await machine.ports.take(this.saved.port) : null
    if (life.isOver) return machine.ports.giveBack(port)
    rotate(this.#context.logFile)
    makeTmp(this.#context.tmpFolder)
    const marker = `${this.#name()}/${randomBytes(8).toString('hex')}`
    const child = startProcess({
      ...this.#context,
      release,
      index: this.saved.index,
      port,
      metricsFile: this.#metricsFile(),
      marker,
      cgroup: this.#bound(),
      path: machine.path,
      isolation: machine.isolation,
    })
    const pid = child.pid ?? null
    Object.assign(this.saved, {
      pid,
      startTime: pid === null ? null : startTimeOf(pid),
      marker,
      port,
      started: Date.now(),
    })
    life.child = child
    this.#state = 'starting'
    this.#context.changed()
    child.once('error', (error) => this.#cannotStart(life, error.message))
    child.once('exit', (code, signal) => {
      const name = signal ?? (isConfined({ ...machine, service }) ? signalOf(code) : null)
      void this.#ended(life, name ? `was killed by ${name}` : `exited with ${code}`)
    })
    child.unref()
  }

  #bound(): string | null {
    const { service, machine } = this.#context
    if (service.memory === undefined) return null
    const place = machine.limits.bound(this.#name(), service.memory)
    this.#unlimited = 'problem' in place ? place.problem : undefined
    return 'folder' in place ? place.folder : null
  }

  #name(): string {
    const { machine, release, service } = this.#context
    return [
      machine.id,
      release.app,
      release.environment,
      release.release,
      service.name,
      this.saved.index,
    ].join('/')
  }

  #origin() {
    return { pid: this.saved.pid ?? 0, startTime: this.saved.startTime, marker: this.saved.marker }
  }

  async #watch(life: Life): Promise<void> {
    const { service } = this.#context
    let misses = 0
    while (!life.isOver) {
      if (!life.child && !isRunning(this.saved.pid ?? 0, this.saved.startTime))
        return this.#ended(life, 'ended')
      const problem = await this.#look(life)
      if (life.isOver) return
      const state =
        this.#state === 'healthy' || this.#state === 'unhealthy' ? this.#state : 'starting'
      const waitedMs = performance.now() - (this.saved.wasHealthy ? life.since : this.#wantedSince)
      const verdict = judgeLook({
        state,
        problem,
        misses,
        waitedMs,
        timeoutMs: service.health.timeout,
      })
      misses = verdict.misses
      if (verdict.state === 'hopeless') return this.#hopeless(life, problem ?? '')
      this.#become(life, verdict.state, problem)
      await this.#sleep(
        life,
        lookPauseMs(
          performance.now() - life.since,
          verdict.state === 'starting',
          service.health.interval,
        ),
      )
    }
  }

  /** Checks its health: returns the problem, or null. */
  async #look(life: Life): Promise<string | null> {
    const { service } = this.#context
    const age = performance.now() - life.since
    if (!service.port) return age < workerSettlesMs ? 'it has just started' : null
    const port = this.saved.port ?? 0
    const problem = await checkHealth(
      port,
      service.health.path,
      Math.max(1000, Math.min(5000, service.health.timeout)),
    )
    if (life.isOver || this.#state !== 'starting') return problem
    if (problem === null)
      return this.#isStranger(age) ? `another program answers on port ${port}` : null
    return age < explainsAfterMs ? problem : problem + (await this.#wrongPort(life))
  }

  /**
   * Another process may have taken the port just before the service did, and the service then exits
   * soon. A container's socket is not visible in our processes, so this is only a reason to wait.
   */
  #isStranger(age: number): boolean {
    return age < workerSettlesMs && !holdsSocket(this.saved.pid ?? 0)
  }

  /** The ports that it listens on instead; cached, because the lookup is expensive. */
  async #wrongPort(life: Life): Promise<string> {
    const now = performance.now()
    if (life.explainedAt !== null && now - life.explainedAt < explainsEveryMs)
      return life.explanation
    life.explainedAt = now
    const others = (await listeningPorts(familyOf(this.#origin()))).filter(
      (port) => port !== this.saved.port,
    )
    const ports = others.join(', ')
    life.explanation =
      ports === '' ? '' : `; it listens on port ${ports} instead of $PORT (${this.saved.port})`
    return life.explanation
  }

  #become(life: Life, state: HostInstance['state'], problem: string | null): void {
    const reason = state === 'healthy' ? null : problem
    if (state === 'healthy') {
      life.healthySince ??= performance.now()
      this.saved.wasHealthy = true
    }
    if (this.#state === state && this.saved.reason === reason) return
    this.#state = state
    this.saved.reason = reason
    this.#context.changed()
  }

  #sleep(life: Life, ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = setTimeout(resolve, ms)
      life.wake = resolve
    })
  }

  async #hopeless(life: Life, problem: string): Promise<void> {
    const { service, logFile } = this.#context
    const seconds = service.health.timeout / 1000
    life.explainedAt = null
    const said = problem.includes('instead of $PORT') ? '' : await this.#wrongPort(life)
    if (life.isOver) return
    await this.#ended(
      life,
      `did not become healthy within ${seconds} s: ${problem}${said}${tailOf(logFile, service)}`,
      true,
    )
  }

  async #ended(life: Life, how: string, isWhole = false): Promise<void> {
    if (life.isOver) return
    this.#end(life)
    const { service, machine, logFile } = this.#context
    const origin = this.#origin()
    this.saved.reason = `${service.name} ${how}${isWhole ? '' : tailOf(logFile, service)}`
    this.saved.restarts += 1
    this.#state = 'backoff'
    const now = performance.now()
    const { crashes, pauseMs } = judgeEnd(
      {
        crashes: this.#crashes,
        wellForMs: life.healthySince === null ? null : now - life.healthySince,
        mustGoOn: this.#context.mustGoOn(),
        isOverdue: !this.saved.wasHealthy && now - this.#wantedSince > service.health.timeout,
      },
      machine.random(),
    )
    this.#crashes = crashes
    // Leftover processes must not hold the port or keep writing.
    const cleared = killFamily(origin)
    this.#context.changed()
    await cleared
    if (!this.#isWanted) return
    Object.assign(this.saved, { pid: null, startTime: null, marker: null })
    if (pauseMs === null) return this.#giveUp()
    this.#context.changed()
    this.#timer = setTimeout(() => void this.start(), pauseMs)
  }

  #giveUp(): void {
    this.#isWanted = false
    this.#state = 'stopped'
    this.#context.machine.ports.giveBack(this.saved.port)
    this.#context.failed(this.saved.reason ?? '')
  }

  #cannotStart(life: Life, problem: string): void {
    if (life.isOver) return
    void this.#ended(life, `cannot start: ${problem}`, true)
  }

  #end(life: Life): void {
    life.isOver = true
    clearTimeout(this.#timer)
    life.wake()
    this.#life = null
  }

  /** Detaches without stopping the process: another host takes over. */
  release(): void {
    this.#isWanted = false
    if (this.#life) this.#end(this.#life)
    clearTimeout(this.#timer)
  }

  async stop(): Promise<void> {
    this.release()
    const { machine, service } = this.#context
    if (this.saved.pid !== null) {
      this.#state = 'stopping'
      this.#context.changed()
      await terminate(this.#origin(), service.stop)
    }
    machine.ports.giveBack(this.saved.port)
    machine.limits.release(this.#name())
    Object.assign(this.saved, { pid: null, startTime: null, marker: null, started: null })
    this.#state = 'stopped'
    this.#context.changed()
  }

  /** Limits the size of its log while it writes. */
  async trimLog(): Promise<void> {
    await trim(this.#context.logFile).catch(() => undefined)
  }
}

const metricsName = 'metrics.prom'

/** Only the service's user may write there; the parent folders belong to the host. */
function makeTmp(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o1777)
}
