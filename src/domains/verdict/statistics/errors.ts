import type { Interval } from '#contract/verdict/verdict.ts'
import { logMeanExp, rootOf } from './numbers.ts'

/**
 * What was counted while one share was in force. Sums are enough: the order of errors does not
 * matter within a share.
 */
export interface Tally {
  share: number
  requests: { baseline: number; canary: number }
  errors: { baseline: number; canary: number }
}

/**
 * How many times the rate may have risen, as the alternatives that are bet on, and how much of the
 * wealth is on each.
 */
export const rises = [1.25, 1.6, 2.2, 4, 12, 100]
export const weights = [0.05, 0.1, 0.35, 0.1, 0.1, 0.3]
const falls = rises.map((rise) => 1 / rise)

/** The probability that an error is the canary's when its rate is `ratio` times the baseline's. */
export const theta = (ratio: number, share: number): number =>
  (share * ratio) / (share * ratio + 1 - share)

/** ln of the likelihood of the errors' labels when the ratio is one, over when it is another. */
export function lnLikelihoodRatio(tallies: Tally[], ratio: number, over: number): number {
  let sum = 0
  for (const { share, errors } of tallies) {
    const [mine, other] = [theta(ratio, share), theta(over, share)]
    if (errors.canary > 0) sum += errors.canary * Math.log(mine / other)
    if (errors.baseline > 0) sum += errors.baseline * Math.log((1 - mine) / (1 - other))
  }
  return sum
}

/**
 * ln of an e-process against "the canary's rate of errors is at most `limit` times the baseline's",
 * whatever the rates are and however they change: given an error at share p, the probability that
 * it is the canary's is at most θ(limit) = p·limit/(p·limit + 1 − p). A mixture over alternatives
 * (Wald 1945; Lindon and Malek, arXiv 2011.03567). Assumes that requests are assigned at random,
 * each on its own, with the share that the tally says.
 */
export function riseEvidence(tallies: Tally[], limit: number): number {
  return logMeanExp(
    rises.map((rise) => lnLikelihoodRatio(tallies, rise * limit, limit)),
    weights,
  )
}

/** The same against "at least `limit` times". */
export function fallEvidence(tallies: Tally[], limit: number): number {
  return logMeanExp(
    falls.map((fall) => lnLikelihoodRatio(tallies, fall * limit, limit)),
    weights,
  )
}

const [least, most] = [1e-4, 1e4]

/**
 * The ratio of the rates with a confidence sequence of the level 1 − `alpha`: at no time, with that
 * probability, does it leave the true ratio out. By inverting the two e-processes. `null` where
 * nothing bounds it.
 */
export function ratioInterval(tallies: Tally[], alpha: number): Interval {
  const total = { baseline: 0, canary: 0 }
  for (const { errors } of tallies) {
    total.baseline += errors.baseline
    total.canary += errors.canary
  }
  if (total.baseline + total.canary === 0) return { estimate: null, low: null, high: null }
  const enough = Math.log(2 / alpha)
  const [from, to] = [Math.log(least), Math.log(most)]
  const low = Math.exp(rootOf((x) => enough - riseEvidence(tallies, Math.exp(x)), from, to))
  const high = Math.exp(rootOf((x) => fallEvidence(tallies, Math.exp(x)) - enough, from, to))
  const estimate =
    total.canary === 0
      ? 0
      : total.baseline === 0
        ? null
        : Math.exp(rootOf((x) => score(tallies, x), from, to))
  return {
    estimate,
    low: low <= least * 1.01 ? null : low,
    high: high >= most / 1.01 ? null : high,
  }
}

/**
 * Zero at the most likely ratio, given as its logarithm: expected minus seen errors of the canary.
 */
function score(tallies: Tally[], lnRatio: number): number {
  return tallies.reduce(
    (sum, { share, errors }) =>
      sum + (errors.canary + errors.baseline) * theta(Math.exp(lnRatio), share) - errors.canary,
    0,
  )
}
