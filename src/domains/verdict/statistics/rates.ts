import type { Batch, Interval } from '#contract/verdict/verdict.ts'
import { differenceInterval } from './difference.ts'
import { Dispersion } from './dispersion.ts'
import {
  betsAt,
  falls,
  ratioInterval,
  type Rate,
  riseEvidence,
  rises,
  type Tally,
  weights,
} from './errors.ts'
import { lnTail } from './last-look.ts'
import { leastFavourable } from './pending.ts'
import { logMeanExp } from './numbers.ts'
import { PointsEvidence } from './points.ts'
import { lessen, stayed, Wealth } from './wealth.ts'

export interface RatesSettings {
  /** The relative change that is tolerated. */
  tolerance: number
  worse?: 'higher' | 'lower' | 'both'
  /** False when the denominator is not a number of events, so that successes cannot be counted. */
  hasSuccesses?: boolean
}

/** The part of the wealth on the bets that count successes. */
const ofPoints = 0.06
/**
 * The least number of seconds in which the canary must have failed before it is called harmful: one
 * event can fail many requests.
 */
const leastSeconds = 4
/** The discount from which on the seconds with failures are compared, too. */
const clustered = 1.5

/**
 * Compares two rates. Keeps one tally for each share that was in force, so its size is constant.
 */
export class Rates {
  readonly total: Record<'baseline' | 'canary', Rate> = {
    baseline: { requests: 0, errors: 0 },
    canary: { requests: 0, errors: 0 },
  }
  readonly #tallies = new Map<number, Tally>()
  readonly #sides: { limit: number; bets: readonly number[]; wealth: Wealth }[]
  readonly #points: PointsEvidence | null
  readonly #dispersion = new Dispersion()
  /** Errors of the baseline, each multiplied by the odds of the share. */
  #expected = 0
  #canaryErrors = 0
  readonly #seconds = { baseline: new Seconds(), canary: new Seconds() }

  constructor({ tolerance, worse = 'higher', hasSuccesses = true }: RatesSettings) {
    const higher = { limit: 1 + tolerance, bets: rises }
    const lower = { limit: 1 / (1 + tolerance), bets: falls }
    const sides = worse === 'both' ? [higher, lower] : [worse === 'lower' ? lower : higher]
    this.#sides = sides.map((side) => ({ ...side, wealth: new Wealth(weights) }))
    this.#points = worse === 'higher' && hasSuccesses ? new PointsEvidence(tolerance, 0) : null
  }

  /** Adds counts that were taken at a time, in milliseconds. */
  add(at: number, share: number, baseline: Rate, canary: Rate): void {
    for (const [sum, one] of [
      [this.total.baseline, baseline],
      [this.total.canary, canary],
    ] as const) {
      sum.requests += one.requests
      sum.errors += one.errors
    }
    // Without a random choice, it carries no information which release the errors belong to.
    if (share <= 0 || share >= 1) return
    const none = { share, requests: { baseline: 0, canary: 0 }, errors: { baseline: 0, canary: 0 } }
    const tally = this.#tallies.get(share) ?? none
    for (const [arm, one] of [['baseline', baseline] as const, ['canary', canary] as const]) {
      tally.requests[arm] += one.requests
      tally.errors[arm] += one.errors
    }
    this.#tallies.set(share, tally)
    this.#bet(at, share, baseline, canary)
    this.#points?.add(share, baseline, canary)
    this.#disperse(Math.floor(at / 1000), share, baseline.errors, canary.errors)
  }

  #bet(at: number, share: number, baseline: Rate, canary: Rate): void {
    for (const { limit, bets, wealth } of this.#sides) {
      wealth.pass(at)
      if (baseline.errors + canary.errors === 0) continue
      const { mine, other } = betsAt(bets, limit, share)
      for (let k = 0; k < bets.length; k += 1)
        wealth.grow(k, canary.errors * (mine[k] ?? 0) + baseline.errors * (other[k] ?? 0))
    }
  }

  #disperse(second: number, share: number, baseline: number, canary: number): void {
    const odds = share / (1 - share)
    this.#expected += odds * baseline
    this.#canaryErrors += canary
    const ratio = (this.#canaryErrors + 0.5) / (this.#expected + 0.5)
    const scale = ratio * share
    this.#dispersion.add(
      second,
      (1 - share) * canary - scale * baseline,
      (1 - share) ** 2 * canary + scale ** 2 * baseline,
    )
    if (canary > 0) this.#seconds.canary.add(second)
    if (baseline > 0) this.#seconds.baseline.add(second)
  }

  get tallies(): Tally[] {
    return [...this.#tallies.values()]
  }

  /** Requests that were assigned by a random choice. */
  get seen(): number {
    return this.tallies.reduce((sum, { requests }) => sum + requests.baseline + requests.canary, 0)
  }

  /** By how much the evidence is discounted, because failures come in clusters; at least 1. */
  get discount(): number {
    return this.#dispersion.factor(0.25)
  }

  /**
   * ln of the e-value against "the canary's rate is at most `tolerance` worse", after the discount.
   * At most 0 before the canary has failed in four different seconds.
   */
  evidence(): number {
    const { discount } = this
    const sides = this.#sides.map(({ wealth }) => wealth.ln(discount))
    const label = logMeanExp(sides)
    const ln = this.#points
      ? logMeanExp([label, lessen(this.#points.ln(), discount)], [1 - ofPoints, ofPoints])
      : label
    if (this.#sides.length > 1) return ln
    if (this.#seconds.canary.count < leastSeconds) return Math.min(0, ln)
    return discount < clustered ? ln : Math.min(ln, this.#bySeconds())
  }

  /**
   * ln of the evidence from the number of seconds with failures. An event that hits all requests of
   * a process is as likely in either release, whatever their shares.
   */
  #bySeconds(): number {
    return riseEvidence([this.#secondsTally()], this.#sides[0]?.limit ?? 1)
  }

  #secondsTally(): Tally {
    const share = Math.max(0.5, ...this.#tallies.keys())
    const errors = {
      baseline: this.#seconds.baseline.count,
      canary: this.#seconds.canary.count,
    }
    return { share, requests: errors, errors }
  }

  /**
   * A lower bound of the evidence when the pending requests have ended, whatever their outcomes.
   */
  evidenceWith(pending: Batch[]): number {
    const tallies = pending
      .filter(({ share }) => share > 0 && share < 1)
      .map((batch): Tally => {
        const { baseline, canary } = leastFavourable(batch)
        return {
          share: batch.share,
          requests: { baseline: baseline.requests, canary: canary.requests },
          errors: { baseline: baseline.errors, canary: canary.errors },
        }
      })
    const ln = riseEvidence([...this.tallies, ...tallies], this.#sides[0]?.limit ?? 1)
    return lessen(ln, this.discount) + Math.log((1 - ofPoints) * stayed)
  }

  /**
   * Whether the canary has more errors than chance explains with the probability `alpha`, in one
   * look at a time that does not depend on the errors.
   */
  isWorseInOneLook(alpha: number): boolean {
    if (this.#seconds.canary.count < leastSeconds) return false
    const limit = this.#sides[0]?.limit ?? 1
    const { discount } = this
    if (lnTail(this.tallies, limit) / discount > Math.log(alpha)) return false
    return discount < clustered || lnTail([this.#secondsTally()], limit) <= Math.log(alpha)
  }

  ratio(alpha: number): Interval {
    return ratioInterval(this.tallies, alpha)
  }

  difference(alpha: number): Interval {
    return differenceInterval(this.total.baseline, this.total.canary, alpha)
  }
}

/** Counts distinct seconds. */
class Seconds {
  #last = -1
  count = 0

  add(second: number): void {
    if (second !== this.#last) this.count += 1
    this.#last = second
  }
}
