import type { HostService } from '#contract/host/service.ts'
import { socketOf } from './address.ts'
import { checkHealth, type HealthProblem } from './health.ts'
import type { InstanceRuntime } from './instance-runtime.ts'
import {
  explainListeners,
  explanationDelayMs,
  explanationLifetimeMs,
  isBoundElsewhere,
  strangerDoubtMs,
} from './rules.ts'

/** Checks the health of one process, and explains a service that listens on another port. */
export class InstanceCheck {
  readonly #service: HostService
  readonly #runtime: InstanceRuntime
  readonly #host: string
  #explanation = ''
  #isBoundElsewhere = false
  #explainedAt: number | null = null

  /** `host` is the host name of the environment. */
  constructor(service: HostService, runtime: InstanceRuntime, host: string) {
    this.#service = service
    this.#runtime = runtime
    this.#host = host
  }

  /** Returns the problem, or null. `isStarting` is called after the service answered. */
  async run(ageMs: number, isStarting: () => boolean): Promise<HealthProblem | null> {
    const { port: hasPort, health } = this.#service
    if (!hasPort) return null
    const address = this.#runtime.address ?? 0
    const timeoutMs = Math.max(1000, Math.min(5000, health.timeout))
    const { path, headers } = health
    const problem = await checkHealth(address, { path, headers, host: this.#host }, timeoutMs)
    if (!isStarting()) return problem
    if (problem === null)
      return this.#isStranger(ageMs)
        ? withoutStatus(`another program answers on port ${socketOf(address).port}`)
        : null
    if (ageMs < explanationDelayMs) return problem
    return { ...problem, text: problem.text + (await this.#explainPort()) }
  }

  /** Whether it listens on its port on another address only; waiting longer does not help. */
  get isBoundElsewhere(): boolean {
    return this.#isBoundElsewhere
  }

  /** Adds the ports that it listens on instead, unless the problem names them already. */
  async complete(problem: string): Promise<string> {
    this.#explainedAt = null
    return problem.includes('; it listens on ') ? problem : problem + (await this.#explainPort())
  }

  /**
   * Another process may have taken the port just before the service did, and the service then exits
   * soon. A container's socket is not visible in our processes, so this is only a reason to wait.
   */
  #isStranger(ageMs: number): boolean {
    return ageMs < strangerDoubtMs && !this.#runtime.holdsSocket
  }

  /** Names the addresses that it listens on instead; cached, because the lookup is expensive. */
  async #explainPort(): Promise<string> {
    const now = performance.now()
    if (this.#explainedAt !== null && now - this.#explainedAt < explanationLifetimeMs)
      return this.#explanation
    this.#explainedAt = now
    const address = this.#runtime.address ?? 0
    const listeners = await this.#runtime.listeners()
    const { host, port } = socketOf(address)
    this.#explanation = explainListeners(listeners, port, host)
    this.#isBoundElsewhere = isBoundElsewhere(listeners, port, host)
    return this.#explanation
  }
}

const withoutStatus = (text: string): HealthProblem => ({ text, status: null })
