import type { Canary, Judgement, VerdictView } from '#contract/verdict/verdict.ts'
import type { Badge } from '../ui/state.ts'
import { formatDuration } from '../ui/duration.ts'

export const arms = ['baseline', 'canary'] as const
export type Arm = (typeof arms)[number]

/** As they are called beside each other. */
export const armWords: Record<Arm, string> = { baseline: 'Before', canary: 'Canary' }

export const canaryBadges: Record<Canary['state'], Badge> = {
  running: { tone: 'move', word: 'Canary' },
  waiting: { tone: 'warn', word: 'Waits for you' },
  promoted: { tone: 'good', word: 'Promoted' },
  taken_back: { tone: 'back', word: 'Taken back' },
  given_up: { tone: 'stopped', word: 'Given up' },
}

/** What was decided, or else what is known now. */
export const judgementOf = (view: VerdictView): Judgement => view.decided ?? view.judgement

/**
 * Without enough data nothing is called good; only while more data come is that nothing to look at.
 */
export function verdictBadge(
  view: Pick<VerdictView, 'state'>,
  { verdict }: Pick<Judgement, 'verdict'>,
): Badge {
  if (verdict === 'healthy') return { tone: 'good', word: 'Healthy' }
  if (verdict === 'harmful') return { tone: 'bad', word: 'Harmful' }
  return view.state === 'running'
    ? { tone: 'wait', word: 'Not enough data yet' }
    : { tone: 'unknown', word: 'Not enough data' }
}

/** The share of the requests that it has; a canary that ended has all of them or none. */
export function shareNow({ state, share }: Pick<Canary, 'state' | 'share'>): number {
  if (state === 'promoted') return 1
  return state === 'running' || state === 'waiting' ? share : 0
}

export type StepState = 'passed' | 'now' | 'ahead'

/** The shares that it goes through, up to all, and where it is. */
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

/** What the time will bring. */
export function timeSentence(canary: Canary, now: number): string {
  const { state, started, ended, least, most } = canary
  const elapsed = (ended === null ? now : Date.parse(ended)) - Date.parse(started)
  const took = formatDuration(elapsed, true)
  const left = (until: number): string => formatDuration(until - elapsed, true)
  switch (state) {
    case 'running':
      if (elapsed < least)
        return `Promoted in ${left(least)} at the earliest, decided in ${left(most)} at the latest.`
      if (elapsed < most)
        return `Promoted as soon as it is known to be healthy; decided in ${left(most)} at the latest.`
      return 'The time is over: it is being decided.'
    case 'waiting':
      return `The time of ${formatDuration(most, true)} is over: promote it, or take it back.`
    case 'promoted':
      return `Promoted after ${took}: it was given all of the requests.`
    case 'taken_back':
      return `Taken back after ${took}: the release before has all of the requests.`
    case 'given_up':
      return `Given up after ${took}: the release before has all of the requests.`
  }
}

const errorsOf = ['5xx', 'refused', 'broken']
export const isError = (outcome: string): boolean => errorsOf.includes(outcome)

const outcomeWords: Record<string, string> = {
  '1xx': 'Answered 1xx',
  '2xx': 'Answered 2xx',
  '3xx': 'Answered 3xx',
  '4xx': 'Answered 4xx',
  '5xx': 'Answered 5xx',
  refused: 'Taken by no instance',
  broken: 'Broken off by the instance',
  left: 'The client went',
  open: 'Not ended yet',
}
export const outcomeWord = (outcome: string): string => outcomeWords[outcome] ?? outcome

/** The outcomes that came, errors last. */
export function outcomesOf(outcomes: VerdictView['outcomes']): string[] {
  const came = arms.flatMap((arm) =>
    Object.entries(outcomes[arm]).flatMap(([name, count]) => (count > 0 ? [name] : [])),
  )
  const rank = (outcome: string): number =>
    Object.keys(outcomeWords).indexOf(outcome) + (isError(outcome) ? 100 : 0)
  return [...new Set(came)].sort((a, b) => rank(a) - rank(b))
}

/** How long what is needed takes at the pace so far, in milliseconds; null when nobody can say. */
export function timeNeeded(view: VerdictView, now: number): number | null {
  const { needed, errors } = judgementOf(view)
  const came = errors.baseline.requests + errors.canary.requests
  const elapsed = (view.ended === null ? now : Date.parse(view.ended)) - Date.parse(view.started)
  return needed === null || came === 0 || elapsed <= 0 ? null : (needed / came) * elapsed
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
