const keptHours = 28 * 24
/** Fewer hours say nothing about the tail. */
const leastHours = 12

export interface TailState {
  maxima: Float32Array
  count: number
  next: number
}

/**
 * The largest values of a statistic in each of the last 672 hours, and the threshold that healthy
 * hours will exceed once in a given number of hours. Bursts that Poisson and gamma rates do not
 * explain raise it.
 *
 * The excesses over the 94th percentile are taken as exponential (Pickands 1975, with shape 0).
 * Their mean is raised by its standard error.
 */
export class Tail {
  readonly #maxima: Float32Array
  #count: number
  #next: number

  constructor(state?: TailState) {
    this.#maxima = state?.maxima ?? new Float32Array(keptHours)
    this.#count = state?.count ?? 0
    this.#next = state?.next ?? 0
  }

  save(): TailState {
    return { maxima: this.#maxima, count: this.#count, next: this.#next }
  }

  add(maximum: number): void {
    this.#maxima[this.#next] = maximum
    this.#next = (this.#next + 1) % keptHours
    this.#count = Math.min(keptHours, this.#count + 1)
  }

  /** Zero when there are too few hours. */
  threshold(everyHours: number): number {
    if (this.#count < leastHours) return 0
    const sorted = this.#maxima.slice(0, this.#count).sort()
    const above = Math.max(5, Math.floor((this.#count * 40) / keptHours))
    const level = sorted[this.#count - above - 1]!
    const mean = sorted.subarray(this.#count - above).reduce((a, b) => a + b, 0) / above - level
    const expected = Math.log((everyHours * above) / this.#count)
    return level + mean * (1 + 1 / Math.sqrt(above)) * expected
  }
}
