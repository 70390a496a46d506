import type { VerdictSettings } from '#contract/verdict/verdict.ts'
import { lnLikelihoodRatio, type Tally } from './errors.ts'
import { logMeanExp } from './numbers.ts'

/** What the ratio may be instead, as parts of the harm's. */
const parts = [0.1, 0.3, 0.5, 2 / 3, 0.8]
/** How much of the most that can be bet. */
const stakes = [0.02, 0.05, 0.1, 0.25, 0.5, 0.9]

/**
 * ln of an e-process against harm: "the canary's rate of errors is at least `ratio` times the
 * baseline's and at least `difference` more for each request". The mean of two that each are valid
 * against it. The first looks at whose the errors are. The second bets on Y = error·(1/p for the
 * canary, −1/(1 − p) for the baseline), whose mean is the difference of the rates, staying below
 * `difference` (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting",
 * 2024).
 */
export function exclusionEvidence(tallies: Tally[], harm: VerdictSettings['harm']): number {
  const byDifference = stakes.map((stake) => lnBet(tallies, harm.difference, stake))
  return logMeanExp([exclusionByLabels(tallies, harm.ratio), logMeanExp(byDifference)])
}

/**
 * The first of the two alone, against "at least `ratio` times the baseline's": for rates that are
 * not of requests.
 */
export function exclusionByLabels(tallies: Tally[], ratio: number): number {
  return logMeanExp(parts.map((part) => lnLikelihoodRatio(tallies, part * ratio, ratio)))
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
