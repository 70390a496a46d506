const alpha = 0.01
/** Seconds are not independent: their evidence counts as that of so many fewer. */
const dispersion = 3

/**
 * Tests that traffic is back: an e-process like that of `Over` against "at most halfway between the
 * incident and 80 % of the usual load".
 */
export class LoadOver {
  readonly #limit: number
  #log = -Infinity
  #step = 0

  /** `incident` is the share of the usual load during the incident. */
  constructor(incident: number) {
    this.#limit = Math.min(0.8, (incident + 0.8) / 2)
  }

  /** Adds the counts of a second, expected and real ones; returns whether the incident is over. */
  add(expected: number, count: number): boolean {
    if (expected <= 0) return false
    const evidence = (count * Math.log(1 / this.#limit) - expected * (1 - this.#limit)) / dispersion
    this.#step += 1
    const start = -Math.log(this.#step * (this.#step + 1))
    const top = Math.max(this.#log, start)
    this.#log = top + Math.log(Math.exp(this.#log - top) + Math.exp(start - top)) + evidence
    return this.#log > Math.log(1 / alpha)
  }
}
