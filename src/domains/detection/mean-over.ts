/** The share of the excess that still counts as the incident, and the error of the test. */
const remaining = 0.2
const alpha = 0.01
const tolerance = Math.log(1.1)
/** A second says no more than so many independent values. */
const mostValues = 50

/**
 * Tests that a mean is normal again: an e-process like that of `Over`, for normal values, against
 * "10 % and a fifth of the excess are left". Means are of logarithms.
 */
export class MeanOver {
  readonly #normal: number
  readonly #limit: number
  readonly #variance: number
  #log = -Infinity
  #step = 0

  constructor(normal: number, incident: number, variance: number) {
    this.#normal = normal
    this.#limit = normal + Math.max(tolerance, remaining * (incident - normal)) + tolerance
    this.#variance = Math.max(1e-6, variance)
  }

  /** Adds the values of a second; returns whether the incident is over. */
  add(values: number, sum: number): boolean {
    if (values === 0) return false
    const mean = sum / values
    const weight = Math.min(values, mostValues) / (2 * this.#variance)
    const evidence = weight * ((mean - this.#limit) ** 2 - (mean - this.#normal) ** 2)
    this.#step += 1
    const start = -Math.log(this.#step * (this.#step + 1))
    const top = Math.max(this.#log, start)
    this.#log = top + Math.log(Math.exp(this.#log - top) + Math.exp(start - top)) + evidence
    return this.#log > Math.log(1 / alpha)
  }
}
