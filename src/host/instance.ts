import type { Exposition } from '#contract/host/expositions.ts'
import type { HostInstance } from '#contract/host/release.ts'
import { instanceExposition, type WantedMetrics } from './exposition.ts'
import { InstanceCheck } from './instance-check.ts'
import type { InstanceRuntime, RuntimeContext } from './instance-runtime.ts'
import { openRuntime } from './open-runtime.ts'
import { explainOutput, trim } from './log-file.ts'
import {
  adviceFor,
  checkPauseMs,
  isCrashLoop,
  judgeCheck,
  judgeEnd,
  type Refusal,
  refusalAfter,
  settlingTime,
} from './rules.ts'
import type { SavedInstance } from './state.ts'

export interface InstanceContext extends RuntimeContext {
  /** Stores the state and notifies the release and the edge. */
  changed(): void
  /** Returns whether the instance must be restarted, however often it ends. */
  mustGoOn(): boolean
  /** The longest start of an instance of the release, in milliseconds, as far as measured. */
  longestStartMs(): number
  /** Called with the reason each time its process ends without being asked to. */
  ended(reason: string): void
  /** Called with the reason when the instance is not restarted any more. */
  failed(reason: string): void
}

/** One process from its start to its end, as far as this host watches it. */
interface Life {
  isOver: boolean
  /** True when this host is notified of its end. */
  isChild: boolean
  since: number
  healthySince: number | null
  /** Since when all checks have succeeded. */
  goodSince: number | null
  check: InstanceCheck
  wake(): void
}

/**
 * Keeps one instance of a service running: starts, checks, restarts and stops it, and adopts a
 * running process.
 */
export class Instance {
  readonly saved: SavedInstance
  readonly #context: InstanceContext
  readonly #runtime: InstanceRuntime
  #state: HostInstance['state'] = 'stopped'
  #life: Life | null = null
  #isWanted = false
  #timer: NodeJS.Timeout | undefined
  #startMs: number | null = null
  /** Start of the period in which it must become healthy. */
  #wantedSince = performance.now()

  constructor(context: InstanceContext, saved: SavedInstance) {
    this.#context = context
    this.saved = saved
    this.#runtime = openRuntime(context, saved)
  }

  get isHealthy(): boolean {
    return this.#state === 'healthy'
  }

  /** Time from the start of its process to its first good answer; null without one. */
  get startMs(): number | null {
    return this.#startMs
  }

  get settleMs(): number {
    return settlingTime(this.#context.service.settle, this.#context.longestStartMs())
  }

  view(): HostInstance {
    const { service, index, pid, port, ip, started, restarts, reason } = this.saved
    const { unlimited } = this.#runtime
    return {
      service,
      index,
      state: this.#state,
      pid,
      port,
      ...(ip === undefined ? {} : { ip }),
      started,
      restarts,
      isLooping: isCrashLoop(this.saved.crashes, this.#healthyForMs()),
      reason,
      ...(unlimited === undefined ? {} : { unlimited }),
    }
  }

  #healthyForMs(): number | null {
    const since = this.#life?.healthySince ?? null
    return since === null ? null : performance.now() - since
  }

  /** Returns its metrics. */
  exposition(wanted: WantedMetrics): Promise<Exposition> {
    return instanceExposition(this.saved, this.#context.tmpFolder, wanted)
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
      isChild: false,
      since: performance.now(),
      healthySince: null,
      goodSince: null,
      check: new InstanceCheck(
        this.#context.service,
        this.#runtime,
        this.#context.release.route.host,
      ),
      wake: () => undefined,
    }
    this.#life = life
    try {
      if (this.#runtime.isRunning) this.#adopt(life)
      else await this.#launch(life)
      if (!life.isOver) await this.#watch(life)
    } catch (error) {
      this.#cannotStart(life, (error as Error).message, true)
    }
  }

  /** A process that outlived a host keeps its health state until the first check. */
  #adopt(life: Life): void {
    const age = Math.max(0, Date.now() - (this.saved.started ?? 0))
    life.since = performance.now() - age
    this.#state = this.saved.wasHealthy ? 'healthy' : 'starting'
    if (this.saved.wasHealthy) life.healthySince = life.since
    life.isChild = this.#runtime.adopt({ onExit: (how) => void this.#ended(life, how) })
    this.#context.changed()
  }

  async #launch(life: Life): Promise<void> {
    await this.#runtime.start({
      isCancelled: () => life.isOver,
      onStart: () => {
        life.isChild = true
        this.#state = 'starting'
        this.#context.changed()
      },
      onError: (error) => this.#cannotStart(life, error.message, false),
      onExit: (how) => void this.#ended(life, how),
    })
  }

  async #watch(life: Life): Promise<void> {
    const { service } = this.#context
    let misses = 0
    let refusal: Refusal | null = null
    while (!life.isOver) {
      if (!life.isChild && !this.#runtime.isRunning) return this.#ended(life, 'ended')
      const isStarting = (): boolean => !life.isOver && this.#state === 'starting'
      const problem = await life.check.run(performance.now() - life.since, isStarting)
      if (life.isOver) return
      const state =
        this.#state === 'healthy' || this.#state === 'unhealthy' ? this.#state : 'starting'
      const now = performance.now()
      refusal = refusalAfter(refusal, problem?.status ?? null, now)
      this.#recordAnswer(life, problem === null, now)
      const settledMs = now - (life.goodSince ?? now)
      const settleMs = this.#context.mustGoOn() ? 0 : this.settleMs
      const waitedMs = now - (this.saved.wasHealthy ? life.since : this.#wantedSince)
      const verdict = judgeCheck({
        state,
        problem: problem?.text ?? null,
        misses,
        waitedMs,
        timeoutMs: service.health.timeout,
        refusedMs: refusal ? now - refusal.since : 0,
        settledMs,
        settleMs,
      })
      misses = verdict.misses
      if (verdict.state === 'overdue') return this.#overdue(life, problem?.text ?? '')
      if (verdict.state === 'refused') return this.#refused(life, refusal as Refusal, now)
      if (verdict.state === 'starting' && life.check.isBoundElsewhere)
        return this.#ended(life, `cannot be reached: ${problem?.text}`, true, true)
      this.#become(life, verdict.state, problem?.text ?? null)
      await this.#sleep(
        life,
        checkPauseMs(
          performance.now() - life.since,
          verdict.state === 'starting',
          service.health.interval,
          life.goodSince === null ? null : settleMs - settledMs,
        ),
      )
    }
  }

  #recordAnswer(life: Life, isGood: boolean, now: number): void {
    if (!isGood) {
      life.goodSince = null
      return
    }
    if (!this.#context.service.port) {
      life.goodSince = life.since
      return
    }
    if (life.goodSince !== null) return
    life.goodSince = now
    this.#startMs ??= now - life.since
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

  async #overdue(life: Life, problem: string): Promise<void> {
    const { service, logFile } = this.#context
    const seconds = service.health.timeout / 1000
    const reason = await life.check.complete(problem)
    if (life.isOver) return
    const output = explainOutput(logFile, service, this.saved.logStart)
    await this.#ended(life, `did not become healthy within ${seconds} s: ${reason}${output}`, true)
  }

  async #refused(life: Life, refusal: Refusal, now: number): Promise<void> {
    const { service, logFile } = this.#context
    const seconds = Math.round((now - refusal.since) / 100) / 10
    const answered = `${service.health.path} answered ${refusal.status} for ${seconds} s`
    const output = explainOutput(logFile, service, this.saved.logStart)
    await this.#ended(
      life,
      `did not become healthy: ${answered}; ${adviceFor(refusal)}${output}`,
      true,
      true,
    )
  }

  async #ended(life: Life, how: string, isWhole = false, isFinal = false): Promise<void> {
    if (life.isOver) return
    this.#end(life)
    const { service, machine, logFile } = this.#context
    const output = isWhole ? '' : explainOutput(logFile, service, this.saved.logStart)
    this.saved.reason = `${service.name} ${how}${output}`
    this.saved.restarts += 1
    this.#context.ended(this.saved.reason)
    this.#state = 'backoff'
    const now = performance.now()
    const { crashes, pauseMs } = judgeEnd(
      {
        crashes: this.saved.crashes,
        healthyForMs: life.healthySince === null ? null : now - life.healthySince,
        mustGoOn: this.#context.mustGoOn(),
        isFinal,
        isOverdue: !this.saved.wasHealthy && now - this.#wantedSince > service.health.timeout,
      },
      machine.random(),
    )
    this.saved.crashes = crashes
    // Leftover processes must not hold the port or keep writing.
    const cleared = this.#runtime.kill()
    this.#context.changed()
    await cleared
    if (!this.#isWanted) return
    this.#runtime.forget()
    if (pauseMs === null) return this.#giveUp()
    this.#context.changed()
    this.#timer = setTimeout(() => void this.start(), pauseMs)
  }

  #giveUp(): void {
    this.#isWanted = false
    this.#state = 'stopped'
    this.#runtime.releasePort()
    this.#context.failed(this.saved.reason ?? '')
  }

  #cannotStart(life: Life, problem: string, isFinal: boolean): void {
    if (life.isOver) return
    void this.#ended(life, `cannot start: ${problem}`, true, isFinal)
  }

  #end(life: Life): void {
    life.isOver = true
    clearTimeout(this.#timer)
    life.wake()
    this.#life = null
  }

  /** Detaches without stopping the process: another host takes over. */
  release(): void {
    this.#detach()
    this.#runtime.leave()
  }

  #detach(): void {
    this.#isWanted = false
    if (this.#life) this.#end(this.#life)
    clearTimeout(this.#timer)
  }

  async stop(): Promise<void> {
    this.#detach()
    if (this.#runtime.exists) {
      this.#state = 'stopping'
      this.#context.changed()
      await this.#runtime.terminate()
    }
    this.#runtime.releasePort()
    this.#runtime.releaseLimits()
    this.#runtime.forget()
    this.saved.started = null
    this.#state = 'stopped'
    this.#context.changed()
  }

  /** Limits the size of its log while it writes. */
  async trimLog(): Promise<void> {
    await trim(this.#context.logFile).catch(() => undefined)
  }
}
