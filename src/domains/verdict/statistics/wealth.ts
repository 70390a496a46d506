/** The part of the wealth that follows bets which are renewed each minute. */
const renewed = 0.08
/** The part of the wealth that stays on the bets that it began with. */
export const stayed = 1 - renewed
const lnRenewed = Math.log(renewed)
/** The part of the renewed wealth that is not bet, and the part that is moved at each renewal. */
const cash = 0.5
const moved = 0.5
const renewalMs = 60_000

/**
 * The wealth of several bets against one null hypothesis, which is an e-process when each bet is.
 * Most of it stays on the bets that it began with. The rest finds harm that begins late: each
 * minute half of it is divided among the bets again, and half of it is never bet (fixed share;
 * Herbster and Warmuth 1998).
 */
export class Wealth {
  readonly #weights: readonly number[]
  /** ln of the growth of each bet since the start. */
  readonly #grown: Float64Array
  /** ln of the renewed wealth of each bet, and of what is not bet. */
  readonly #renewed: Float64Array
  #cash = Math.log(cash)
  #began: number | null = null
  readonly #lnWeights: Float64Array
  readonly #terms: Float64Array

  constructor(weights: readonly number[]) {
    this.#weights = weights
    this.#lnWeights = Float64Array.from(weights, (one) => Math.log((1 - renewed) * one))
    this.#terms = new Float64Array(weights.length + 1)
    this.#grown = new Float64Array(weights.length)
    this.#renewed = Float64Array.from(weights, (weight) => Math.log((1 - cash) * weight))
  }

  /** Multiplies the wealth of a bet by e^`gain`. */
  grow(bet: number, gain: number): void {
    this.#grown[bet] = (this.#grown[bet] ?? 0) + gain
    this.#renewed[bet] = (this.#renewed[bet] ?? 0) + gain
  }

  /** Renews the bets when a minute has passed. Call it before the gains at that time. */
  pass(at: number): void {
    this.#began ??= at
    if (at - this.#began < renewalMs) return
    this.#began = at
    const total = this.#total()
    const mix = (ln: number, weight: number): number =>
      total + Math.log((1 - moved) * Math.exp(ln - total) + moved * weight)
    for (const [bet, weight] of this.#weights.entries())
      this.#renewed[bet] = mix(this.#renewed[bet] ?? 0, (1 - cash) * weight)
    this.#cash = mix(this.#cash, cash)
  }

  /**
   * ln of the wealth. `discounts` divide the logarithm of the wealth of each bet that has won, for
   * events that come in clusters. A discount of at least one keeps the level: the result is never
   * higher.
   */
  ln(discounts: readonly number[] | number = 1): number {
    let most = 1
    for (let bet = 0; bet < this.#weights.length; bet += 1) {
      const discount = typeof discounts === 'number' ? discounts : (discounts[bet] ?? 1)
      most = Math.max(most, discount)
      this.#terms[bet] = (this.#lnWeights[bet] ?? 0) + lessen(this.#grown[bet] ?? 0, discount)
    }
    // The renewed bets have exchanged wealth, so they are discounted together.
    this.#terms[this.#weights.length] = lnRenewed + lessen(this.#total(), most)
    return lnSumExp(this.#terms)
  }

  #total(): number {
    const bets = lnSumExp(this.#renewed)
    const top = Math.max(bets, this.#cash)
    return top + Math.log(Math.exp(bets - top) + Math.exp(this.#cash - top))
  }
}

/** Divides the logarithm of wealth that has grown by a discount of at least one. */
export const lessen = (ln: number, discount: number): number => (ln > 0 ? ln / discount : ln)

function lnSumExp(values: Float64Array): number {
  let top = -Infinity
  for (let i = 0; i < values.length; i += 1) top = Math.max(top, values[i] ?? 0)
  let sum = 0
  for (let i = 0; i < values.length; i += 1) sum += Math.exp((values[i] ?? 0) - top)
  return top + Math.log(sum)
}
