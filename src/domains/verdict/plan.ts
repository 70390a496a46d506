import type { CanaryFile } from '#contract/pipeline-file/canary-file.ts'
import type { PlanAnswer, PlanQuestion } from '#contract/verdict/plan.ts'
import { settingsOf, shareAt } from './canary.ts'
import { riseEvidence, type Tally } from './statistics/errors.ts'
import { lastPowerOf, partsOf, powerOf, timesNeeded } from './statistics/power.ts'

/** The harm whose detection is estimated, as multiples of the usual error rate. */
const ratios = [2, 5, 20]
const none = { baseline: 0, canary: 0 }

/**
 * Estimates how a canary goes with its real steps and times: from the expected evidence of the
 * tests of errors, with a normal approximation for the power of 0.8.
 */
export function planCanary({ perSecond, errorRate, canary }: PlanQuestion): PlanAnswer {
  const settings = settingsOf(canary)
  const { most, least } = canary
  const at = (seconds: number): Tally[] => tallies(seconds, perSecond, canary)
  const firstFrom = (from: number, isReached: (seconds: number) => boolean): number | null => {
    let [low, high] = [Math.ceil(from / 1000), Math.floor(most / 1000)]
    if (high < low || !isReached(high)) return null
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (isReached(middle)) high = middle
      else low = middle + 1
    }
    return low
  }
  const isHealthy = (seconds: number): boolean => {
    const times = timesNeeded(at(seconds), settings, errorRate)
    return times !== null && times <= 1
  }
  const isFound = (seconds: number, ratio: number): boolean => {
    const expected = at(seconds)
    const isLast = seconds >= Math.floor(most / 1000)
    return (
      powerOf(expected, errorRate, ratio, settings) >= 0 ||
      (isLast && lastPowerOf(expected, errorRate, ratio, settings) >= 0)
    )
  }
  const alone = errorsAlone(canary)
  const facts = {
    steps: stepsIn(most / 1000, perSecond, canary),
    healthy: firstFrom(Math.max(least, 1000), isHealthy),
    harmful:
      errorRate === 0
        ? []
        : ratios
            .filter((ratio) => ratio * errorRate <= 1)
            .map((ratio) => ({
              ratio,
              seconds: firstFrom(1000, (t) => isFound(t, ratio)),
            })),
    outage: firstFrom(
      1000,
      (t) => at(t).reduce((sum, { requests }) => sum + requests.canary, 0) >= alone,
    ),
  }
  return { ...facts, sentence: sentenceOf({ perSecond, errorRate, canary }, facts) }
}

/** The expected requests of both releases after some seconds, by share. */
function tallies(seconds: number, perSecond: number, canary: CanaryFile): Tally[] {
  return stepsIn(seconds, perSecond, canary).map((step) => {
    const requests = perSecond * step.seconds
    return {
      share: step.share,
      requests: { baseline: requests * (1 - step.share), canary: requests * step.share },
      errors: none,
    }
  })
}

function stepsIn(seconds: number, perSecond: number, canary: CanaryFile): PlanAnswer['steps'] {
  const steps = new Map<number, number>()
  for (let t = 0; t < seconds; t += 1) {
    const share = shareAt(t * 1000, canary, perSecond)
    steps.set(share, (steps.get(share) ?? 0) + Math.min(1, seconds - t))
  }
  return [...steps].map(([share, length]) => ({ share, seconds: length }))
}

/** The number of errors of the canary that raise an alarm when the other release has none. */
function errorsAlone(canary: CanaryFile): number {
  const settings = settingsOf(canary)
  const needed = Math.log(1 / (settings.alpha * partsOf(settings).errors))
  const share = shareAt(canary.least, canary)
  const evidence = (errors: number): number =>
    riseEvidence(
      [{ share, requests: none, errors: { baseline: 0, canary: errors } }],
      1 + settings.tolerance.errors,
    )
  let alone = 1
  while (evidence(alone) < needed && alone < 10_000) alone += 1
  return alone
}

function sentenceOf(
  { perSecond, errorRate, canary }: PlanQuestion,
  { healthy, harmful, outage }: Omit<PlanAnswer, 'steps' | 'sentence'>,
): string {
  const unit = canary.session ? 'sessions' : 'requests'
  const given = `With ${number(perSecond)} ${unit} a second, ${percent(errorRate)} of which fail`
  const most = span(canary.most / 1000)
  const end = {
    promote: `it is promoted without proof and watched for ${span(canary.watch / 1000)}`,
    hold: 'it waits for a decision by a person',
    rollback: 'it is rolled back',
  }
  const good =
    healthy === null
      ? `${given}, a good canary is not proven healthy within ${most}: ${end[canary.undecided]}`
      : `${given}, a good canary is proven healthy and promoted after ${span(healthy)}`
  const found = harmful.map(({ ratio, seconds }) => ({
    what: `${ratio} times as many errors`,
    seconds,
  }))
  const all = [...found, { what: 'an outage', seconds: outage }]
  const seen = all.flatMap(({ what, seconds }) =>
    seconds === null ? [] : [`${what} after ${span(seconds)}`],
  )
  const missed = harmful.flatMap(({ ratio, seconds }) => (seconds === null ? [`${ratio}`] : []))
  const unseen = [
    ...(missed.length > 0 ? [`${list(missed, 'or')} times as many errors`] : []),
    ...(outage === null ? ['an outage'] : []),
  ]
  return (
    good +
    (seen.length > 0 ? `; it is rolled back for ${list(seen, 'and')}` : '') +
    (unseen.length > 0 ? `; ${list(unseen, 'or')} would not be noticed within ${most}` : '')
  )
}

function list(parts: string[], last: string): string {
  const [end = '', ...rest] = parts.toReversed()
  return rest.length === 0 ? end : `${rest.toReversed().join(', ')} ${last} ${end}`
}

const number = (value: number): string => `${Number(value.toPrecision(3))}`
const percent = (value: number): string => `${number(value * 100)} %`

function span(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${number(seconds / 3600)} h`
}
