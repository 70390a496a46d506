import { generator, normal, poisson } from './generator.ts'

/** Simulated latencies with a fixed seed, for the tests and the benchmark of the detectors. */

export interface LatencyOptions {
  seed: number
  /** requests a second, mean over a day; peak ×2.3, night ×0.23 */
  load: number
  /** standard deviation of the logarithm of the median, which wanders */
  wander?: number
  /** correlation time of the wandering, in seconds */
  correlation?: number
  /** the median is e to this power higher at the peak, and lower at night */
  daily?: number
  /** share of the requests that take ten times longer */
  tail?: number
  /** bursts a day of 2 to 10 s in which requests take five times longer */
  bursts?: number
}

/** Log-normal latencies around 20 ms with a standard deviation of 0.6, second by second. */
export class Latencies {
  readonly #random: () => number
  readonly #options: Required<LatencyOptions>
  #second = 0
  #log: number
  #burst = 0

  constructor(options: LatencyOptions) {
    this.#options = {
      ...{ wander: 0, correlation: 600, daily: 0, tail: 0, bursts: 0 },
      ...options,
    }
    this.#random = generator(options.seed)
    this.#log = normal(this.#random) * this.#options.wander
  }

  /** Values, and the sum and the squares of their logarithms; `factor` makes them longer. */
  next(factor = 1): [values: number, sum: number, squares: number] {
    const { load, wander, correlation, daily, tail, bursts } = this.#options
    const day = Math.cos((2 * Math.PI * this.#second) / 86_400)
    this.#second += 1
    const values = poisson(this.#random, (load * Math.exp(1.15 * day)) / 1.36)
    const keep = Math.exp(-1 / correlation)
    this.#log = keep * this.#log + wander * Math.sqrt(1 - keep * keep) * normal(this.#random)
    if (bursts > 0 && this.#random() < bursts / 86_400) this.#burst = 2 + 8 * this.#random()
    const slow = Math.min(1, this.#burst)
    this.#burst = Math.max(0, this.#burst - 1)
    if (values === 0) return [0, 0, 0]
    const mean = Math.log(20 * factor) + this.#log + daily * day + slow * Math.log(5)
    // The sum and squares of normal values, without drawing each.
    const sum = values * mean + 0.6 * Math.sqrt(values) * normal(this.#random)
    const squares = (sum * sum) / values + 0.36 * (values - 1)
    const late = tail > 0 ? Math.min(values, poisson(this.#random, values * tail)) : 0
    const log = Math.log(10)
    return [values, sum + late * log, squares + late * (2 * log * mean + log * log)]
  }
}
