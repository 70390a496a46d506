/** The share of the excess that still counts as the incident, and the error of the test. */
const remaining = 0.2
const alpha = 0.01
const tolerance = 1.25

/**
 * Tests that a rise is over: an e-process against "the rate is still `tolerance` times the normal
 * one and a fifth of the excess". Bets start at every second with the weights 1/t(t+1), whose sum
 * is one, so the probability of a wrong "over" is 1 % at most however long the incident lasts, if
 * seconds are independent. An incident that flaps can look over between two bad phases.
 */
export class Over {
  readonly #limit: number
  readonly #normal: number
  #log = -Infinity
  #step = 0

  /** Rates per trial: the normal one, and the one of the incident. */
  constructor(normal: number, incident: number) {
    this.#normal = Math.max(1e-9, normal)
    this.#limit = Math.min(
      0.95,
      tolerance * this.#normal + remaining * Math.max(0, incident - this.#normal),
    )
  }

  /** Adds the counts of a second; returns whether the incident is over. */
  add(trials: number, events: number): boolean {
    if (trials === 0) return false
    this.#step += 1
    const start = -Math.log(this.#step * (this.#step + 1))
    const top = Math.max(this.#log, start)
    const together = top + Math.log(Math.exp(this.#log - top) + Math.exp(start - top))
    this.#log =
      together +
      events * Math.log(this.#normal / this.#limit) +
      (trials - events) * Math.log((1 - this.#normal) / (1 - this.#limit))
    return this.#log >= -Math.log(alpha)
  }
}
