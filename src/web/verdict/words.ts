import type { Canary, Judgement, VerdictView } from '#contract/verdict/verdict.ts'
import type { Badge } from '../ui/state.ts'
import { durationWords } from '#contract/time-words.ts'
import { formatEvidence, formatMilliseconds, formatRange, formatRatio } from '../ui/number.ts'

export const arms = ['baseline', 'canary'] as const
export type Arm = (typeof arms)[number]

/** The names of the two releases in tables. */
export const armWords: Record<Arm, string> = { baseline: 'Baseline', canary: 'Canary' }

export const canaryBadges: Record<Canary['state'], Badge> = {
  running: { tone: 'move', word: 'Canary' },
  waiting: { tone: 'warn', word: 'Waiting for a decision' },
  promoted: { tone: 'good', word: 'Promoted' },
  taken_back: { tone: 'back', word: 'Rolled back' },
  given_up: { tone: 'stopped', word: 'Aborted' },
}

/** The recorded judgement, or the current one until the canary ends. */
export const judgementOf = (view: VerdictView): Judgement => view.decided ?? view.judgement

export const hasRequests = ({ errors: { baseline, canary } }: Pick<Judgement, 'errors'>): boolean =>
  baseline.requests + canary.requests > 0

interface Evidence {
  evidence: number
  threshold: number
  hasData: boolean
  isHarm: boolean
}

/** What the evidence means, with its score. */
export function evidenceWords({ evidence, threshold, hasData, isHarm }: Evidence): string {
  const limit = String(Number(threshold.toFixed(2)))
  const score = formatEvidence(evidence)
  if (!hasData) return 'no data yet'
  if (!isHarm) return `score ${score}, ${limit} needed`
  if (evidence >= threshold) return `alarm (score ${score}, alarm at ${limit})`
  const sign = evidence > 0 ? 'no proof of harm' : 'no sign of harm'
  return `${sign} (score ${score}, alarm at ${limit})`
}

/** How the error rates compare, without a contradiction to the verdict. */
export function ratioSentence(view: VerdictView): string {
  const judgement = judgementOf(view)
  const { errors, verdict } = judgement
  const { ratio, baseline, canary } = errors
  if (!hasRequests(judgement)) return 'No requests have arrived yet.'
  if (baseline.errors + canary.errors === 0) return 'No request has failed on either release.'
  const tolerated = 1 + view.settings.tolerance.errors
  const judged =
    ratio.low !== null && ratio.low > tolerated
      ? 'This exceeds the tolerance.'
      : ratio.high !== null && ratio.high <= tolerated
        ? 'This is within the tolerance.'
        : verdict === 'undecided'
          ? 'Too few requests have failed to judge this.'
          : ''
  return `${comparisonOf(ratio)} ${judged}`.trim()
}

function comparisonOf({ estimate, low, high }: Judgement['errors']['ratio']): string {
  const range =
    low === null && high === null ? '' : ` (confidence interval ${formatRange({ low, high })})`
  if (estimate !== null)
    return `The canary fails ${formatRatio(estimate)} as often as the baseline${range}.`
  return low === null
    ? `The canary may fail as often as the baseline${range}.`
    : `The canary fails at least ${formatRatio(low)} as often as the baseline.`
}

/** The medians and tails of both releases, where both are known. */
export function latencySentence(view: VerdictView): string {
  const judgement = judgementOf(view)
  const parts = [0.5, 0.99].flatMap((wanted) => {
    const found = judgement.latency.quantiles.find(({ quantile }) => quantile === wanted)
    if (found === undefined || found.canary === null || found.baseline === null) return []
    const [canary, baseline] = [found.canary, found.baseline].map(formatMilliseconds)
    return `The p${wanted * 100} of the canary is ${canary} (baseline: ${baseline}).`
  })
  if (parts.length > 0) return parts.join(' ')
  return hasRequests(judgement)
    ? 'There are too few requests to compare quantiles.'
    : 'The latency is not known yet.'
}

/**
 * Without enough data, a canary is never called healthy. That is a warning once no more data will
 * arrive.
 */
export function verdictBadge(
  view: Pick<VerdictView, 'state'>,
  { verdict, doubt }: Pick<Judgement, 'verdict' | 'doubt'>,
): Badge {
  if (verdict === 'healthy') return { tone: 'good', word: 'Healthy' }
  if (verdict === 'harmful') return { tone: 'bad', word: 'Harmful' }
  if (doubt !== null) return { tone: 'unknown', word: 'In doubt' }
  return view.state === 'running'
    ? { tone: 'wait', word: 'Not enough data yet' }
    : { tone: 'unknown', word: 'Not enough data' }
}

/** The current share of the requests. A canary that ended has all of them or none. */
export function shareNow({ state, share }: Pick<Canary, 'state' | 'share'>): number {
  if (state === 'promoted') return 1
  return state === 'running' || state === 'waiting' ? share : 0
}

export type StepState = 'passed' | 'now' | 'ahead'

/** The shares that a canary goes through, up to 100 %, and the current one. */
export function stepsOf(
  canary: Pick<Canary, 'state' | 'share' | 'steps'>,
): { share: number; state: StepState }[] {
  const reached = canary.state === 'promoted' ? 1 : canary.share
  const isOver = canary.state === 'taken_back' || canary.state === 'given_up'
  return [...canary.steps, 1].map((share) => {
    if (share > reached + 1e-9) return { share, state: 'ahead' }
    return { share, state: share < reached - 1e-9 || isOver ? 'passed' : 'now' }
  })
}

/** When the canary is decided, or how it ended. */
export function timeSentence(canary: Canary, now: number): string {
  const { state, started, ended, least, most } = canary
  const elapsed = (ended === null ? now : Date.parse(ended)) - Date.parse(started)
  const took = durationWords(elapsed, true)
  const left = (until: number): string => durationWords(until - elapsed, true)
  switch (state) {
    case 'running':
      if (elapsed < least)
        return `Promoted in ${left(least)} at the earliest, decided in ${left(most)} at the latest.`
      if (elapsed < most)
        return `Promoted once it is known to be healthy, decided in ${left(most)} at the latest.`
      return 'The time limit is reached; the canary is being decided.'
    case 'waiting':
      return `Undecided after ${durationWords(most, true)}. Promote it or roll it back.`
    case 'promoted':
      return `Promoted after ${took}. It now gets all requests.`
    case 'taken_back':
      return `Rolled back after ${took}. The previous release gets all requests.`
    case 'given_up':
      return `Aborted after ${took}. The previous release gets all requests.`
  }
}

const errorsOf = ['5xx', 'refused', 'broken']
export const isError = (outcome: string): boolean => errorsOf.includes(outcome)

const outcomeWords: Record<string, string> = {
  '1xx': 'Status 1xx',
  '2xx': 'Status 2xx',
  '3xx': 'Status 3xx',
  '4xx': 'Status 4xx',
  '5xx': 'Status 5xx',
  refused: 'Connection refused',
  broken: 'Aborted by the instance',
  left: 'Aborted by the client',
  open: 'Still open',
}
export const outcomeWord = (outcome: string): string => outcomeWords[outcome] ?? outcome

/** The outcomes that occurred, errors last. */
export function outcomesOf(outcomes: VerdictView['outcomes']): string[] {
  const occurred = arms.flatMap((arm) =>
    Object.entries(outcomes[arm]).flatMap(([name, count]) => (count > 0 ? [name] : [])),
  )
  const rank = (outcome: string): number =>
    Object.keys(outcomeWords).indexOf(outcome) + (isError(outcome) ? 100 : 0)
  return [...new Set(occurred)].sort((a, b) => rank(a) - rank(b))
}

/** A new error of the canary, with the exceptions of its type that each release threw. */
export interface NewError {
  id: number
  title: string
  isHeld: boolean
  baseline: number
  canary: number
}

/** The new errors of the canary, those that hold it first. */
export const newErrorsOf = ({ outcomes }: Pick<Judgement, 'outcomes'>): NewError[] =>
  outcomes
    .flatMap(({ name, title, state, baseline, canary }) =>
      title === undefined
        ? []
        : {
            ...{ id: Number(name.slice('error/'.length)), title, isHeld: state === 'shifted' },
            ...{ baseline: baseline.count, canary: canary.count },
          },
    )
    .toSorted((one, other) => Number(other.isHeld) - Number(one.isHeld))

/** Estimated time for the requests still needed, in milliseconds. Null if unknown. */
export function timeNeeded(view: VerdictView, now: number): number | null {
  const { needed, errors } = judgementOf(view)
  const total = errors.baseline.requests + errors.canary.requests
  const elapsed = (view.ended === null ? now : Date.parse(view.ended)) - Date.parse(view.started)
  return needed === null || total === 0 || elapsed <= 0 ? null : (needed / total) * elapsed
}

/** One entry of the canary's history, with the milliseconds since its start. */
export type Moment = VerdictView['history'][number] & { elapsed: number }

export const momentsOf = ({
  history,
  started,
}: Pick<VerdictView, 'history' | 'started'>): Moment[] =>
  history.map((one) => ({ ...one, elapsed: Math.max(0, Date.parse(one.at) - Date.parse(started)) }))

/** The first moment, and each at which the share of the canary changed. */
export const shareChanges = (moments: Moment[]): Moment[] =>
  moments.filter((one, i) => i === 0 || one.share !== moments[i - 1]?.share)

/**
 * Columns of a chart: lower bound, upper bound, and estimate of the ratio. A missing bound is the
 * edge of the range; a missing estimate stays null.
 */
export function ratioColumns(
  moments: Pick<Moment, 'ratio'>[],
  [lowest, highest]: [number, number],
): (number | null)[][] {
  const inRange = (value: number): number => Math.min(Math.max(value, lowest), highest)
  return [
    moments.map(({ ratio }) => inRange(ratio.low ?? lowest)),
    moments.map(({ ratio }) => inRange(ratio.high ?? highest)),
    moments.map(({ ratio }) => (ratio.estimate === null ? null : inRange(ratio.estimate))),
  ]
}
