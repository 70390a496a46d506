import { isPart, type InstanceJudgement, type OutcomeJudgement } from '#contract/verdict/verdict.ts'
import type { Rate } from './errors.ts'

/** The fraction of failed requests above which no canary is called healthy. */
const mostFail = 0.5

interface Facts {
  unit: string
  total: Record<'baseline' | 'canary', Rate>
  outcomes: OutcomeJudgement[]
  instances: InstanceJudgement[]
  /** ln of the evidence of the whole verdict, and of the evidence that raises the alarm. */
  evidence: number
  alarm: number
  /** The time is up, and chance does not explain the errors of the canary. */
  isWorseAtEnd: boolean
}

/**
 * What speaks against a promotion although harm is not proven, as one sentence; null when nothing
 * does.
 */
export function doubtOf({
  unit,
  total,
  outcomes,
  instances,
  evidence,
  alarm,
  isWorseAtEnd,
}: Facts): string | null {
  const { requests, errors } = total.canary
  if (errors > mostFail * requests)
    return (
      `${count(errors)} of ${count(requests)} ${unit} on the canary failed, so it cannot be ` +
      'called healthy, whatever the previous release does.'
    )
  const shifted = outcomes.find(({ state }) => state === 'shifted')
  if (shifted) return `${differenceOf(shifted, unit)}.`
  const unlike = instances.find(({ release }) => release === 'canary')
  if (unlike) return `${instanceOf(unlike)}.`
  if (evidence >= alarm / 2)
    return 'There is evidence that the canary is worse, although too little to roll it back.'
  if (isWorseAtEnd)
    return (
      'The time is up, and chance does not explain the errors of the canary, although they are ' +
      `too few to roll it back: ${count(errors)} of ${count(requests)} ${unit}, compared with ` +
      `${count(total.baseline.errors)} of ${count(total.baseline.requests)} on the previous ` +
      'release.'
    )
  return null
}

const count = (value: number): string => value.toLocaleString('en-US')

/** How an instance differs from the others of its release, without a final full stop. */
export function instanceOf({ name, requests, failed, others }: InstanceJudgement): string {
  return (
    `\`${name}\` of the canary fails more often than its other instances: ${count(failed)} of ` +
    `${count(requests)}, compared with ${count(others.failed)} of ${count(others.requests)}`
  )
}

/** How an outcome of the canary differs, without a final full stop. */
export function differenceOf(
  { name, title, baseline, canary }: OutcomeJudgement,
  unit: string,
): string {
  if (title !== undefined)
    return (
      `The canary throws a new error, ${title}: ${count(canary.count)} exceptions of this type, ` +
      `compared with ${count(baseline.count)} of the previous release`
    )
  const of = ({ requests, count: some }: OutcomeJudgement['canary']): string =>
    `${count(some)} of ${count(requests)}`
  const what =
    name === 'unfinished'
      ? `${unit} that did not finish`
      : name === 'size'
        ? 'responses of less than half of the usual size'
        : isPart({ name })
          ? `failed ${unit} of \`${name}\``
          : `responses with status ${name}`
  return (
    `The canary has more ${what}: ${of(canary)}, compared with ${of(baseline)} on the previous ` +
    'release'
  )
}
