import type { Counts } from './counts.ts'

/** The longest window that is looked at second by second. */
export const keptSeconds = 15

/** The counts of the last 15 seconds, one by one. */
export class LastSeconds {
  #counts: Counts[]

  constructor(counts: Counts[] = []) {
    this.#counts = counts
  }

  save(): Counts[] {
    return this.#counts
  }

  add(counts: Counts): void {
    this.#counts.push(counts)
    if (this.#counts.length > keptSeconds) this.#counts.shift()
  }

  /** The sums of the last `seconds` without the `worst` ones, which have the most events. */
  sumWithout(worst: number, seconds: number): Counts {
    const sum: Counts = { trials: 0, events: 0 }
    const sorted = this.#counts.slice(-seconds).toSorted((a, b) => b.events - a.events)
    for (const { trials, events } of sorted.slice(worst)) {
      sum.trials += trials
      sum.events += events
    }
    return sum
  }

  /**
   * Whether more failed in the last seconds than a burst of this length can explain: the shares of
   * failed requests add up to more than `burst` seconds, and three standard errors.
   */
  outlasts(burst: number): boolean {
    const last = this.#counts.slice(-Math.ceil(burst) - 1)
    const failed = last.reduce((sum, { trials, events }) => sum + events / Math.max(1, trials), 0)
    return failed >= burst + 3 / Math.sqrt(Math.min(...last.map(({ trials }) => trials)))
  }

  clear(): void {
    this.#counts = []
  }
}
