import type { Interval } from '#contract/verdict/verdict.ts'
import { lnGamma, rootOf } from './numbers.ts'

interface Rate {
  requests: number
  errors: number
}

/**
 * The interval of the difference of two rates, the canary's minus the baseline's. Combines a
 * confidence sequence of each rate at half of `alpha`. Approximate where the rates drift, because
 * each rate is assumed to be constant.
 */
export function differenceInterval(baseline: Rate, canary: Rate, alpha: number): Interval {
  if (baseline.requests === 0 || canary.requests === 0)
    return { estimate: null, low: null, high: null }
  const [b, c] = [rateBounds(baseline, alpha / 2), rateBounds(canary, alpha / 2)]
  return {
    estimate: canary.errors / canary.requests - baseline.errors / baseline.requests,
    low: c.low - b.high,
    high: c.high - b.low,
  }
}

/**
 * A confidence sequence of a probability, from the beta-binomial mixture with the prior Beta(½, ½)
 * (Robbins 1970).
 */
export function rateBounds(
  { requests, errors }: Rate,
  alpha: number,
): { low: number; high: number } {
  const [k, n] = [errors, requests]
  const lnMixture = lnGamma(k + 0.5) + lnGamma(n - k + 0.5) - lnGamma(n + 1) - Math.log(Math.PI)
  const rejects = (q: number): number =>
    lnMixture -
    (k > 0 ? k * Math.log(q) : 0) -
    (n > k ? (n - k) * Math.log(1 - q) : 0) +
    Math.log(alpha)
  const best = k / n
  const tiny = 1e-12
  return {
    low: k === 0 ? 0 : rootOf((q) => -rejects(q), tiny, best),
    high: k === n ? 1 : rootOf(rejects, Math.max(best, tiny), 1 - tiny),
  }
}
