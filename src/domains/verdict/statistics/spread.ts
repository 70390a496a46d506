import type { Batch } from '#contract/verdict/verdict.ts'

/** The least requests of an instance that could have failed as well. */
const leastRequests = 20
/** Seconds with failures after which even one instance alone is no accident. */
const enough = 12

interface Instance {
  service: string
  requests: number
  hasFailed: boolean
}

/**
 * Finds out whether all failures of the canary come from one of several instances. An event that
 * hits one process, such as a stall or a lost connection, can last for some seconds, and the random
 * choice of the release does not cover it.
 */
export class Spread {
  readonly #instances = new Map<string, Instance>()
  #seconds = 0
  #last = -1

  observe({ at, canary }: Batch): void {
    const parts = Object.entries(canary.instances ?? {})
    for (const [name, { requests, errors }] of parts) {
      const service = name.slice(0, Math.max(0, name.lastIndexOf(':')))
      const instance = this.#instances.get(name) ?? { service, requests: 0, hasFailed: false }
      this.#instances.set(name, instance)
      instance.requests += requests
      if (errors > 0) instance.hasFailed = true
    }
    const second = Math.floor(at / 1000)
    if (second === this.#last || parts.every(([, { errors }]) => errors === 0)) return
    this.#seconds += 1
    this.#last = second
  }

  /** Whether the failures may be one accident of one process. */
  get isNarrow(): boolean {
    if (this.#seconds === 0 || this.#seconds >= enough) return false
    const all = [...this.#instances.values()]
    const [failing, ...others] = all.filter(({ hasFailed }) => hasFailed)
    if (!failing || others.length > 0) return false
    return all.some(
      (one) => one !== failing && one.service === failing.service && one.requests >= leastRequests,
    )
  }
}
