/** The prior weight of "events are independent", in events. */
const prior = 2

/**
 * Estimates by how much the counts of one second vary more than independent events would: 1 for
 * independent events, and about n when events of one release come in clusters of n, as when a
 * process stalls or resets its connections. Compares each second with the one before it, so that
 * harm that begins and stays counts as one difference, which is left out.
 */
export class Dispersion {
  #slot: number | null = null
  #now = { excess: 0, variance: 0 }
  #last: { excess: number; variance: number } | null = null
  #squares = 0
  #variances = 0
  #largest = { square: 0, variance: 0 }
  #seconds = 0

  /**
   * Adds events of a time slot: the canary's excess over what is expected from the baseline, and
   * the variance of this excess if events are independent.
   */
  add(slot: number, excess: number, variance: number): void {
    if (slot !== this.#slot) this.#close(slot)
    this.#now.excess += excess
    this.#now.variance += variance
  }

  #close(slot: number): void {
    if (this.#slot !== null) {
      if (this.#last) this.#compare(this.#last, this.#now)
      this.#last = this.#now
    }
    this.#slot = slot
    this.#now = { excess: 0, variance: 0 }
  }

  #compare(one: { excess: number; variance: number }, other: typeof one): void {
    const square = (one.excess - other.excess) ** 2
    const variance = one.variance + other.variance
    if (variance === 0) return
    this.#squares += square
    this.#variances += variance
    this.#seconds += 1
    if (square - variance > this.#largest.square - this.#largest.variance)
      this.#largest = { square, variance }
  }

  /**
   * At least 1, and higher than the estimate while it is uncertain. Excess within one standard
   * error does not count. Events have the mean variance `unit` each.
   */
  factor(unit = 1): number {
    if (this.#seconds < 2) return 1
    const squares = this.#squares - this.#largest.square + prior * unit
    const variances = this.#variances - this.#largest.variance + prior * unit
    const excess = squares / variances - 1
    // Under independence, one comparison has a variance of about 3.
    const error = Math.sqrt(3 / this.#seconds)
    return excess < error ? 1 : 1 + excess * (1 + error)
  }
}
