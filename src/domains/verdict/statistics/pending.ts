import type { Batch } from '#contract/verdict/verdict.ts'
import type { Rate } from './errors.ts'

/**
 * The failures of a batch whose requests have not all ended, as the least favourable outcome of the
 * rest: every open request of the baseline fails, none of the canary does. Evidence from these
 * counts is never more than the evidence from the final ones.
 */
export function leastFavourable({ baseline, canary }: Batch): Record<'baseline' | 'canary', Rate> {
  return {
    baseline: {
      requests: baseline.requests,
      errors: baseline.errors + (baseline.outcomes['open'] ?? 0),
    },
    canary: { requests: canary.requests, errors: canary.errors },
  }
}

/** The number of observations in which pending requests must have failed. */
const leastLooks = 3

/** Counts the observations in which more pending requests of the canary failed than before. */
export class PendingFailures {
  #errors = 0
  #looks = 0

  /** Whether pending requests have failed in enough observations. */
  haveRepeated(pending: Batch[]): boolean {
    const errors = pending.reduce((sum, { canary }) => sum + canary.errors, 0)
    if (errors === 0) this.#looks = 0
    else if (errors > this.#errors) this.#looks += 1
    this.#errors = errors
    return this.#looks >= leastLooks
  }
}
