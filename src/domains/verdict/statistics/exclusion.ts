import type { VerdictSettings } from '#contract/verdict/verdict.ts'
import { lnLikelihoodRatio, type Tally } from './errors.ts'
import { logMeanExp } from './numbers.ts'

/** The alternatives that the test bets on, as fractions of the harmful ratio. */
const parts = [0.1, 0.3, 0.5, 2 / 3, 0.8]
/** The stakes, as fractions of the largest possible bet, and the fraction of the wealth on each. */
const stakes = [0.02, 0.05, 0.1, 0.25, 0.5, 0.98]
const stakeWeights = [0.1, 0.1, 0.1, 0.15, 0.2, 0.35]

/**
 * ln of an e-process against harm: "the canary's error rate is at least `ratio` times the
 * baseline's and at least `difference` more per request". The mean of two e-processes, each of
 * which is valid against this hypothesis. The first uses which release the errors belong to. The
 * second bets that Y = error·(1/p for the canary, −1/(1 − p) for the baseline), whose mean is the
 * difference of the rates, stays below `difference` (Waudby-Smith and Ramdas, "Estimating means of
 * bounded random variables by betting", 2024).
 */
export function exclusionEvidence(tallies: Tally[], harm: VerdictSettings['harm']): number {
  return logMeanExp([
    exclusionByLabels(tallies, harm.ratio),
    exclusionByDifference(tallies, harm.difference),
  ])
}

/** Only the second of the two e-processes, against "at least `difference` more per request". */
export function exclusionByDifference(tallies: Tally[], difference: number): number {
  return logMeanExp(
    stakes.map((stake) => lnBet(tallies, difference, stake)),
    stakeWeights,
  )
}

/**
 * Only the first of the two e-processes, against "at least `ratio` times the baseline's", for rates
 * that are not rates of requests.
 */
export function exclusionByLabels(tallies: Tally[], ratio: number): number {
  return logMeanExp(parts.map((part) => lnLikelihoodRatio(tallies, part * ratio, ratio)))
}

/** ln of an e-process against "the canary's rate is at most `ratio` times the baseline's". */
export function fallExcluded(tallies: Tally[], ratio: number): number {
  return logMeanExp(parts.map((part) => lnLikelihoodRatio(tallies, ratio / part, ratio)))
}

/** ln of the wealth of one stake. */
function lnBet(tallies: Tally[], difference: number, stake: number): number {
  let sum = 0
  for (const { share, requests, errors } of tallies) {
    const bet = (stake * share) / (1 - share * difference)
    const well = requests.canary + requests.baseline - errors.canary - errors.baseline
    sum += well * Math.log1p(bet * difference)
    if (errors.canary > 0) sum += errors.canary * Math.log1p(bet * (difference - 1 / share))
    if (errors.baseline > 0)
      sum += errors.baseline * Math.log1p(bet * (difference + 1 / (1 - share)))
  }
  return sum
}
