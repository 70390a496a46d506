import { differenceInterval } from './difference.ts'
import { ratioInterval, riseEvidence, type Tally } from './errors.ts'
import type { Interval } from '#contract/verdict/verdict.ts'

/** Of one release: what was done, and how much of it went wrong. */
export interface Rate {
  requests: number
  errors: number
}

/**
 * Two rates beside each other, in sums that are constant in size: one for each share that was in
 * force.
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
    // Where there was no choice, nothing can be told from whose the errors are.
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

  /** Requests that a choice was made for. */
  get seen(): number {
    return this.tallies.reduce((sum, { requests }) => sum + requests.baseline + requests.canary, 0)
  }

  /** ln of the e-value against "at most `tolerance` more". */
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
