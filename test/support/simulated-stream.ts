import { generator, normal, poisson } from './generator.ts'
import type { Counts } from '#domains/detection/counts.ts'

/** Simulated streams with fixed seeds, for the tests and the benchmark of the detectors. */

export interface StreamOptions {
  seed: number
  /** requests a second, mean over a day; peak ×2.3, night ×0.23 */
  load: number
  /** errors per request */
  rate: number
  /** standard deviation of the logarithm of the rate, which wanders */
  wander?: number
  /** correlation time of the wandering, in seconds */
  correlation?: number
  /** bursts a day of 0.2 to 2 s in which 30 % fail */
  bursts?: number
}

/** Makes the counts of one second after the other; harm adds to the error rate. */
export class Stream {
  readonly #random: () => number
  readonly #options: Required<StreamOptions>
  #second = 0
  #log = 0
  #burst = 0

  constructor(options: StreamOptions) {
    this.#options = { wander: 0, correlation: 600, bursts: 0, ...options }
    this.#random = generator(options.seed)
    this.#log = normal(this.#random) * this.#options.wander
  }

  next(harm?: { rate: number }): Counts {
    const { load, rate, wander, correlation, bursts } = this.#options
    const angle = (2 * Math.PI * this.#second) / 86_400
    const trials = poisson(this.#random, (load * Math.exp(1.15 * Math.cos(angle))) / 1.36)
    if (wander > 0) {
      const keep = Math.exp(-1 / correlation)
      this.#log = keep * this.#log + wander * Math.sqrt(1 - keep * keep) * normal(this.#random)
    }
    const drift = wander > 0 ? Math.exp(this.#log - (wander * wander) / 2) : 1
    if (bursts > 0 && this.#random() < bursts / 86_400) this.#burst = 0.2 + 1.8 * this.#random()
    const share = Math.min(1, this.#burst)
    this.#burst = Math.max(0, this.#burst - 1)
    this.#second += 1
    const usual = Math.min(1, rate * drift) * (1 - share) + 0.3 * share
    const mean = harm ? usual + harm.rate - rate : usual
    return { trials, events: Math.min(trials, poisson(this.#random, trials * Math.min(1, mean))) }
  }
}
