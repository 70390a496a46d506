import { theta, type Tally } from './errors.ts'
import { normalCdf } from './numbers.ts'

/** Up to this number of errors the probability is exact. Its cost grows with the square. */
const mostExact = 2000
const least = 1e-300

/**
 * ln of the probability that, given all errors, the canary has at least as many of them as it has,
 * if its error rate is `limit` times the baseline's. For one look at a time that does not depend on
 * the errors. Exact up to 2,000 errors, then by the first term of the Edgeworth expansion.
 */
export function lnTail(tallies: Tally[], limit: number): number {
  let [all, canary] = [0, 0]
  for (const { errors } of tallies) {
    all += errors.canary + errors.baseline
    canary += errors.canary
  }
  if (canary === 0) return 0
  const tail = all > mostExact ? approximate(tallies, limit) : exact(tallies, limit, all, canary)
  return Math.log(Math.max(least, Math.min(1, tail)))
}

/** Adds the errors one by one to the distribution of the number of those of the canary. */
function exact(tallies: Tally[], limit: number, all: number, canary: number): number {
  const chances = new Float64Array(all + 1)
  chances[0] = 1
  let added = 0
  for (const { share, errors } of tallies) {
    const part = theta(limit, share)
    for (let left = errors.canary + errors.baseline; left > 0; left -= 1) {
      added += 1
      for (let k = added; k > 0; k -= 1)
        chances[k] = (chances[k] ?? 0) * (1 - part) + (chances[k - 1] ?? 0) * part
      chances[0] = (chances[0] ?? 0) * (1 - part)
    }
  }
  return chances.subarray(canary).reduce((sum, chance) => sum + chance, 0)
}

function approximate(tallies: Tally[], limit: number): number {
  let [excess, variance, third] = [-0.5, 0, 0]
  for (const { share, errors } of tallies) {
    const all = errors.canary + errors.baseline
    const part = theta(limit, share)
    excess += errors.canary - all * part
    variance += all * part * (1 - part)
    third += all * part * (1 - part) * (1 - 2 * part)
  }
  const score = excess / Math.sqrt(variance)
  const density = Math.exp((-score * score) / 2) / Math.sqrt(2 * Math.PI)
  const skew = third / variance ** 1.5
  return normalCdf(-score) + (density * skew * (score * score - 1)) / 6
}
