import type { ArmCounts } from '#contract/verdict/verdict.ts'

/** The shortest window in milliseconds, and the requests that it needs. */
const windowMs = 5000
const leastRequests = 100
/** A fall of the mean by less than this many buckets of 2 % is not a cold start. */
const level = 5

interface Window {
  began: number
  count: number
  sum: number
  squares: number
}

/**
 * Estimates when new processes have warmed up: when the mean of the logarithm of the latency no
 * longer falls from one window to the next, at the latest `most` milliseconds after the first
 * request, or after the first request of the last new instance. Depends on the past only, so that
 * the latencies that are judged afterwards are not selected by their values.
 */
export class WarmUp {
  readonly #most: number
  readonly #instances = new Set<string>()
  #began: number | null = null
  #last: Window | null = null
  #now: Window | null = null
  #isOver = false

  constructor(most: number) {
    this.#most = most
    this.#isOver = most <= 0
  }

  /** Whether the canary is warm before the requests that were assigned at a time. */
  isOver(at: number): boolean {
    if (this.#began !== null && at - this.#began >= this.#most) this.#isOver = true
    return this.#isOver
  }

  observe(at: number, { latency, instances = {} }: ArmCounts): void {
    if (this.#most <= 0) return
    for (const name of Object.keys(instances))
      if (!this.#instances.has(name)) {
        this.#instances.add(name)
        this.#restart(at)
      }
    if (latency.length === 0 || this.isOver(at)) return
    this.#began ??= at
    if (this.#now && at - this.#now.began >= windowMs && this.#now.count >= leastRequests) {
      this.#isOver = this.#last !== null && !mayHaveFallen(this.#last, this.#now)
      this.#last = this.#now
      this.#now = null
    }
    this.#now ??= { began: at, count: 0, sum: 0, squares: 0 }
    for (const [bucket, count] of latency) {
      this.#now.count += count
      this.#now.sum += bucket * count
      this.#now.squares += bucket * bucket * count
    }
  }

  #restart(at: number): void {
    this.#began = at
    this.#last = this.#now = null
    this.#isOver = false
  }
}

const varianceOf = ({ count, sum, squares }: Window): number =>
  Math.max(0, squares / count - (sum / count) ** 2) / count

/** False when it is shown that the mean of the window is not clearly lower than the one before. */
function mayHaveFallen(before: Window, after: Window): boolean {
  const fall = before.sum / before.count - after.sum / after.count
  return fall + Math.sqrt(varianceOf(before) + varianceOf(after)) > level
}
