import type { OutcomeJudgement } from '#contract/verdict/verdict.ts'
import type { Rate } from './errors.ts'

/** The fraction of failed requests above which no canary is called healthy. */
const mostFail = 0.5

interface Facts {
  unit: string
  total: Record<'baseline' | 'canary', Rate>
  outcomes: OutcomeJudgement[]
  /** ln of the evidence of the whole verdict, and of the evidence that raises the alarm. */
  evidence: number
  alarm: number
}

/**
 * What speaks against a promotion although harm is not proven, as one sentence; null when nothing
 * does.
 */
export function doubtOf({ unit, total, outcomes, evidence, alarm }: Facts): string | null {
  const { requests, errors } = total.canary
  if (errors > mostFail * requests)
    return (
      `${count(errors)} of ${count(requests)} ${unit} on the canary failed, so it cannot be ` +
      'called healthy, whatever the previous release does.'
    )
  const shifted = outcomes.find(({ state }) => state === 'shifted')
  if (shifted) return `${differenceOf(shifted, unit)}.`
  if (evidence >= alarm / 2)
    return 'There is evidence that the canary is worse, although too little to roll it back.'
  return null
}

const count = (value: number): string => value.toLocaleString('en-US')

/** How an outcome of the canary differs, without a final full stop. */
export function differenceOf({ name, baseline, canary }: OutcomeJudgement, unit: string): string {
  const of = ({ requests, count: some }: OutcomeJudgement['canary']): string =>
    `${count(some)} of ${count(requests)}`
  const what =
    name === 'unfinished'
      ? `${unit} that did not finish`
      : name === 'size'
        ? 'responses of less than half of the usual size'
        : name.startsWith('/')
          ? `failed ${unit} of \`${name}\``
          : `responses with status ${name}`
  return (
    `The canary has more ${what}: ${of(canary)}, compared with ${of(baseline)} on the previous ` +
    'release'
  )
}
