import { differenceInterval } from './difference.ts'
import { ratioInterval, riseEvidence, type Tally } from './errors.ts'
import type { Interval } from '#contract/verdict/verdict.ts'

/** Counts of one release: all events, and failed ones. */
export interface Rate {
  requests: number
  errors: number
}

/**
 * Compares two rates. Keeps one tally for each share that was in force, so its size is constant.
 */
export class Rates {
  readonly total: Record<'baseline' | 'canary', Rate> = {
    baseline: { requests: 0, errors: 0 },
    canary: { requests: 0, errors: 0 },
  }
  readonly #tallies = new Map<number, Tally>()

  add(share: number, baseline: Rate, canary: Rate): void {
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
  }

  get tallies(): Tally[] {
    return [...this.#tallies.values()]
  }

  /** Requests that were assigned by a random choice. */
  get seen(): number {
    return this.tallies.reduce((sum, { requests }) => sum + requests.baseline + requests.canary, 0)
  }

  /** ln of the e-value against "the canary's rate is at most `tolerance` higher". */
  evidence(tolerance: number): number {
    return riseEvidence(this.tallies, 1 + tolerance)
  }

  ratio(alpha: number): Interval {
    return ratioInterval(this.tallies, alpha)
  }

  difference(alpha: number): Interval {
    return differenceInterval(this.total.baseline, this.total.canary, alpha)
  }
}
