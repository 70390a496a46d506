import { logMeanExp } from './numbers.ts'
import type { Rate } from './errors.ts'

/** The stakes, as fractions of the largest possible bet. */
const stakes = [0.02, 0.06, 0.2, 0.6]

/**
 * An e-process against "the canary's rate is at most `1 + tolerance` times the baseline's, and
 * `points` more", for any rates and however they change. Counts successes too, so it is sharp where
 * a ratio cannot rise, as from 80 to 100 %. Bets that the mean of
 * Z = (X − m)(C/p − B/(1 − p)) − tolerance · X · B/(1 − p) − points is positive. X is 1 for a
 * failure, C and B are 1 for a request of the canary and of the baseline, and m is the rate of both
 * before the batch: it may be any number, because C/p − B/(1 − p) has the mean zero (Waudby-Smith
 * and Ramdas, "Estimating means of bounded random variables by betting", 2024).
 */
export class PointsEvidence {
  readonly #tolerance: number
  readonly #points: number
  readonly #wealth = new Float64Array(stakes.length)
  #failed = 0.5
  #all = 1

  constructor(tolerance: number, points: number) {
    this.#tolerance = tolerance
    this.#points = points
  }

  add(share: number, baseline: Rate, canary: Rate): void {
    if (share > 0 && share < 1) this.#bet(share, baseline, canary)
    this.#failed += baseline.errors + canary.errors
    this.#all += baseline.requests + canary.requests
  }

  #bet(p: number, baseline: Rate, canary: Rate): void {
    const m = Math.min(1, this.#failed / this.#all)
    const [q, d] = [1 - p, this.#points]
    const values = {
      canaryWell: -m / p - d,
      canaryFailed: (1 - m) / p - d,
      baselineWell: m / q - d,
      baselineFailed: -(1 - m + this.#tolerance) / q - d,
    }
    const most = 1 / Math.max(-values.canaryWell, -values.baselineFailed)
    for (const [k, stake] of stakes.entries()) {
      const bet = stake * most
      this.#wealth[k] =
        (this.#wealth[k] ?? 0) +
        canary.errors * Math.log1p(bet * values.canaryFailed) +
        (canary.requests - canary.errors) * Math.log1p(bet * values.canaryWell) +
        baseline.errors * Math.log1p(bet * values.baselineFailed) +
        (baseline.requests - baseline.errors) * Math.log1p(bet * values.baselineWell)
    }
  }

  /** ln of the e-value. */
  ln(): number {
    return logMeanExp([...this.#wealth])
  }
}
