import type { VerdictSettings } from '#contract/verdict/verdict.ts'
import { lnLikelihoodRatio, rises, type Tally, theta, weights } from './errors.ts'
import { exclusionEvidence } from './exclusion.ts'
import { normalQuantile, rootOf } from './numbers.ts'

/**
 * The weights in the e-value of the verdict: of errors, latency, unfinished requests, 4xx
 * responses, the routes together, the tenants together, the last look at the errors, and of each
 * further metric that decides. They sum to one.
 */
export function partsOf({ metrics, hasTenants }: Pick<VerdictSettings, 'metrics' | 'hasTenants'>) {
  const others = Object.values(metrics).filter(({ advisory }) => !advisory).length
  const scale = 2 / (2 + others)
  return {
    errors: 0.4 * scale,
    latency: 0.3 * scale,
    unfinished: 0.04 * scale,
    status: 0.02 * scale,
    routes: (hasTenants ? 0.02 : 0.04) * scale,
    tenants: (hasTenants ? 0.02 : 0) * scale,
    lastLook: 0.2 * scale,
    other: scale / 2,
  }
}

/** Normal quantile of 0.8, the stated power. */
const z = 0.8416
/** Expected errors with which at least four come with a probability of 0.8. */
const leastErrors = 5.5

/**
 * Expected tallies when the baseline has the error rate `rate`, the canary has `ratio` times that
 * rate, and there are `times` as many requests.
 */
function expected(tallies: Tally[], rate: number, ratio: number, times = 1): Tally[] {
  return tallies.map(({ share, requests }) => {
    const all = { baseline: requests.baseline * times, canary: requests.canary * times }
    return {
      share,
      requests: all,
      errors: { baseline: all.baseline * rate, canary: all.canary * Math.min(1, rate * ratio) },
    }
  })
}

/**
 * The error rate of both releases together. Half an error is added, because zero observed errors do
 * not prove a rate of zero.
 */
function presentRate(tallies: Tally[]): number {
  let [errors, requests] = [0.5, 1]
  for (const one of tallies) {
    errors += one.errors.baseline + one.errors.canary
    requests += one.requests.baseline + one.requests.canary
  }
  return Math.min(0.5, errors / requests)
}

/**
 * At least zero when a rise by `ratio` would have raised an alarm on these requests with a
 * probability of 0.8, by the normal approximation of the best bet.
 */
export function powerOf(
  tallies: Tally[],
  rate: number,
  ratio: number,
  settings: VerdictSettings,
): number {
  const limit = 1 + settings.tolerance.errors
  const bad = expected(tallies, rate, ratio)
  const off = (bet: number): number => Math.abs(Math.log((bet * limit) / ratio))
  const nearest = rises.reduce((best, bet, i) => (off(bet) < off(rises[best] ?? 1) ? i : best), 0)
  const bet = rises[nearest] ?? 2
  const stake = (weights[nearest] ?? 0) * partsOf(settings).errors
  const mean = lnLikelihoodRatio(bad, bet * limit, limit)
  const variance = bad.reduce((sum, { share, errors }) => {
    const [mine, other] = [theta(bet * limit, share), theta(limit, share)]
    return (
      sum +
      errors.canary * Math.log(mine / other) ** 2 +
      errors.baseline * Math.log((1 - mine) / (1 - other)) ** 2
    )
  }, 0)
  return mean - z * Math.sqrt(variance) - Math.log(1 / (stake * settings.alpha))
}

/** The same for the last look, at the end of the time. */
export function lastPowerOf(
  tallies: Tally[],
  rate: number,
  ratio: number,
  settings: VerdictSettings,
): number {
  const limit = 1 + settings.tolerance.errors
  let [excess, equal, variance, third, canary] = [-0.5, 0, 0, 0, 0]
  for (const { share, errors } of expected(tallies, rate, ratio)) {
    const part = theta(limit, share)
    const all = errors.canary + errors.baseline
    canary += errors.canary
    excess += errors.canary - all * part
    equal += all * part * (1 - part)
    third += all * part * (1 - part) * (1 - 2 * part)
    variance += errors.canary * (1 - part) ** 2 + errors.baseline * part ** 2
  }
  const quantile = normalQuantile(1 - settings.alpha * partsOf(settings).lastLook)
  const skew = equal === 0 ? 0 : third / equal ** 1.5
  const needed = quantile + (skew * (quantile * quantile - 1)) / 6
  return Math.min(
    excess - needed * Math.sqrt(equal) - z * Math.sqrt(variance),
    canary - leastErrors,
  )
}

/**
 * The smallest ratio of error rates that would have raised an alarm on these requests with a
 * probability of 0.8, without the last look; null when it exceeds 1,000.
 */
export function smallestSeen(tallies: Tally[], settings: VerdictSettings): number | null {
  const rate = presentRate(tallies)
  const most = Math.log(1000)
  const at = rootOf(
    (x) => powerOf(tallies, rate, Math.exp(x), settings),
    Math.log(1.01 + settings.tolerance.errors),
    most,
  )
  return at >= most ? null : Math.exp(at)
}

/**
 * The factor by which the present number of requests must grow until harm is excluded, if the
 * canary is as good as the baseline and the error rate stays the same; null when no number of
 * requests is enough.
 */
export function timesNeeded(
  tallies: Tally[],
  settings: VerdictSettings,
  rate: number = presentRate(tallies),
): number | null {
  const enough = Math.log(1 / settings.alpha)
  const most = 40
  const at = rootOf(
    (x) => exclusionEvidence(expected(tallies, rate, 1, Math.exp(x)), settings.harm) - enough,
    -most,
    most,
  )
  return at >= most ? null : Math.exp(at)
}
