import type { Batch } from '#contract/verdict/verdict.ts'
import type { Rate } from './errors.ts'

const isFailure = (outcome: string): boolean =>
  outcome === '5xx' || outcome === 'refused' || outcome === 'broken'

/**
 * Counts open requests of the baseline as failed in the proportion in which earlier ones failed.
 * Otherwise, a baseline whose requests time out would seem to fail less than a canary that refuses
 * them at once. The canary's open requests do not count, so the estimate can only lower the
 * evidence. Applies to hosts that report the late outcomes.
 */
export class OpenRequests {
  /** At first all of them: a lower estimate would be evidence against the canary. */
  #failed = 1
  #ended = 1
  #isReported = false

  /** The requests of the baseline, with the failures that are expected of its open ones. */
  countFailed({ baseline, canary }: Batch): Rate {
    this.#isReported ||= baseline.late !== undefined || canary.late !== undefined
    for (const [outcome, count] of Object.entries(baseline.late ?? {})) {
      this.#ended += count
      if (isFailure(outcome)) this.#failed += count
    }
    const open = this.#isReported ? (baseline.outcomes['open'] ?? 0) : 0
    const errors = baseline.errors + Math.round((open * this.#failed) / this.#ended)
    return { requests: baseline.requests, errors }
  }
}
