import type { Counts } from './counts.ts'

/** Simulated streams with fixed seeds, for the tests and the benchmark of the detectors. */

/** A seeded generator (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** A Poisson count; above a mean of 50 a rounded normal. */
export function poisson(random: () => number, mean: number): number {
  if (mean <= 0) return 0
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)))
  let [count, product] = [0, random()]
  for (const end = Math.exp(-mean); product > end; product *= random()) count += 1
  return count
}

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
