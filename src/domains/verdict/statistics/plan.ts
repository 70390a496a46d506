import type { PlanAnswer, PlanQuestion } from '#contract/verdict/verdict.ts'
import { riseEvidence, type Tally } from './errors.ts'
import { partsOf, powerOf, timesNeeded } from './power.ts'
import { rootOf } from './numbers.ts'

/** ln of the largest number of requests that is considered. */
const most = Math.log(1e12)

/**
 * Estimates how long a canary takes, from the expected evidence of the tests that judge it, with a
 * normal approximation for the power of 0.8. Considers errors only: a slower canary is detected at
 * least as soon. Rates are errors per request.
 */
export function planCanary({
  perSecond,
  share,
  errorRate,
  ratio,
  settings,
}: PlanQuestion): PlanAnswer {
  const none = { baseline: 0, canary: 0 }
  const of = (requests: number): Tally[] => [
    {
      share,
      requests: { baseline: requests * (1 - share), canary: requests * share },
      errors: none,
    },
  ]
  const answer = (requests: number) => ({
    requests: Math.ceil(requests),
    seconds: requests / perSecond,
  })
  // Computed for a thousand requests and scaled.
  const times = timesNeeded(of(1000), settings, errorRate)
  const at =
    errorRate === 0
      ? most
      : rootOf((x) => powerOf(of(Math.exp(x)), errorRate, ratio, settings), 0, most)
  let alone = 1
  const needed = Math.log(1 / (settings.alpha * partsOf(settings).errors))
  const evidence = (errors: number): number =>
    riseEvidence(
      [{ share, requests: none, errors: { baseline: 0, canary: errors } }],
      1 + settings.tolerance.errors,
    )
  while (evidence(alone) < needed && alone < 10_000) alone += 1
  return {
    alone,
    healthy: times === null ? null : answer(1000 * times),
    harmful: at >= most ? null : answer(Math.exp(at)),
  }
}
