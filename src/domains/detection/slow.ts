import { logMeanExp } from './sum.ts'

/** The rates that are bet on, as multiples of the tolerated rate. */
const multiples = [1.4, 2, 3, 5, 10, 30, 100]
const highest = 0.9

/**
 * An e-detector of Shiryaev and Roberts for small rises that last: evidence adds up over any length
 * of time, which no window does. `R ← (R + 1) · likelihood ratio`, so under a rate at or below the
 * tolerated one the mean of R grows by one a step, and R exceeds N once in N steps at most.
 * See Shin, Ramdas and Rinaldo, arXiv 2203.03532.
 */
export class SlowRise {
  /** ln R for each rate that is bet on */
  readonly #logs: number[]

  constructor(logs?: number[]) {
    this.#logs = logs ?? [...multiples, Infinity].map(() => -Infinity)
  }

  save(): number[] {
    return this.#logs
  }

  /**
   * Adds a second and returns ln of the mean R. `tolerated` is the rate that is not harm;
   * `dispersion` is variance over mean of the counts, at least 1, by which evidence is divided.
   */
  add(trials: number, events: number, tolerated: number, dispersion: number): number {
    const base = Math.min(tolerated, highest / 2)
    for (let i = 0; i < this.#logs.length; i += 1) {
      const rate = Math.min(highest, base * (multiples[i] ?? Infinity))
      const likelihood =
        events * Math.log(rate / base) + (trials - events) * Math.log((1 - rate) / (1 - base))
      const before = this.#logs[i]!
      const grown = before > 30 ? before : Math.log1p(Math.exp(before))
      this.#logs[i] = grown + likelihood / dispersion
    }
    return logMeanExp(this.#logs)
  }

  clear(): void {
    this.#logs.fill(-Infinity)
  }
}
