import type { Interval } from '#contract/verdict/verdict.ts'
import { logMeanExp, rootOf } from './numbers.ts'

/** Counts of one release: all events, and failed ones. */
export interface Rate {
  requests: number
  errors: number
}

/**
 * Counts while one share was in force. The sums are sufficient, because the order of errors within
 * a share does not matter.
 */
export interface Tally {
  share: number
  requests: { baseline: number; canary: number }
  errors: { baseline: number; canary: number }
}

/**
 * The alternatives that the test bets on, as factors by which the error rate rises, and the
 * fraction of the wealth on each.
 */
export const rises = [1.15, 1.25, 1.38, 1.6, 2.2, 4, 8, 25, 100]
export const weights = [0.06, 0.12, 0.17, 0.055, 0.15, 0.085, 0.14, 0.08, 0.14]
export const falls = rises.map((rise) => 1 / rise)

/**
 * The probability that an error is the canary's when its error rate is `ratio` times the
 * baseline's.
 */
export const theta = (ratio: number, share: number): number =>
  (share * ratio) / (share * ratio + 1 - share)

/**
 * ln of the ratio of two likelihoods of the errors' labels: under `ratio`, divided by under `over`.
 */
export function lnLikelihoodRatio(tallies: Tally[], ratio: number, over: number): number {
  let sum = 0
  for (const { share, errors } of tallies) {
    const [mine, other] = [theta(ratio, share), theta(over, share)]
    if (errors.canary > 0) sum += errors.canary * Math.log(mine / other)
    if (errors.baseline > 0) sum += errors.baseline * Math.log((1 - mine) / (1 - other))
  }
  return sum
}

interface Gains {
  mine: Float64Array
  other: Float64Array
}

/**
 * ln of the factors by which an error of the canary and one of the baseline multiply the wealth of
 * each bet.
 */
export function betsAt(bets: readonly number[], limit: number, share: number): Gains {
  const over = theta(limit, share)
  const at = bets.map((bet) => theta(bet * limit, share))
  return {
    mine: Float64Array.from(at, (one) => Math.log(one / over)),
    other: Float64Array.from(at, (one) => Math.log((1 - one) / (1 - over))),
  }
}

/**
 * ln of an e-process against "the canary's error rate is at most `limit` times the baseline's", for
 * any error rates and however they change. Given an error at share p, the probability that it is
 * the canary's is at most θ(limit) = p·limit/(p·limit + 1 − p). A mixture over alternatives (Wald
 * 1945; Lindon and Malek, arXiv 2011.03567). Assumes that requests are assigned at random,
 * independently, with the share of the tally.
 */
export function riseEvidence(tallies: Tally[], limit: number): number {
  return logMeanExp(
    rises.map((rise) => lnLikelihoodRatio(tallies, rise * limit, limit)),
    weights,
  )
}

/**
 * ln of an e-process against "the canary's error rate is at least `limit` times the baseline's".
 */
export function fallEvidence(tallies: Tally[], limit: number): number {
  return logMeanExp(
    falls.map((fall) => lnLikelihoodRatio(tallies, fall * limit, limit)),
    weights,
  )
}

const [least, most] = [1e-4, 1e4]

/**
 * The ratio of the error rates with a confidence sequence of level 1 − `alpha`: with that
 * probability it contains the true ratio at all times. Computed by inverting the two e-processes.
 * `null` means unbounded.
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
 * The canary's expected errors minus its observed errors at a ratio, which is given as its
 * logarithm. Zero at the most likely ratio.
 */
function score(tallies: Tally[], lnRatio: number): number {
  return tallies.reduce(
    (sum, { share, errors }) =>
      sum + (errors.canary + errors.baseline) * theta(Math.exp(lnRatio), share) - errors.canary,
    0,
  )
}
