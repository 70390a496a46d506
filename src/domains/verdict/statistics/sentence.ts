import type { MetricJudgement } from '#contract/verdict/metric.ts'
import type { Judgement } from '#contract/verdict/verdict.ts'
import type { Part } from './concentration.ts'
import { differenceOf, instanceOf } from './doubt.ts'

type Facts = Omit<Judgement, 'reason'> & {
  harm: { ratio: number; difference: number }
  unit: string
  /** The route or tenant that has most of the additional failures. */
  concentration: Part | null
}

const count = (value: number): string =>
  value.toLocaleString('en-US', {
    maximumFractionDigits: value < 10 ? 2 : 0,
    minimumFractionDigits: 0,
  })
const times = (ratio: number): string =>
  ratio >= 10 ? `${Math.round(ratio)}` : `${Number(ratio.toPrecision(2))}`
const short = (value: number | null): string => `${Number((value ?? 0).toPrecision(3))}`

/** The judgement as one sentence in plain words. */
export function sentenceOf(facts: Facts): string {
  if (facts.verdict === 'harmful') return harmful(facts)
  const counts = failuresOf(facts)
  if (facts.basis === 'excluded') return excluded(facts, counts)
  if (facts.basis === 'power')
    return (
      'The canary is healthy: the time is up, and an error rate ' +
      `${times(facts.smallest ?? 1)} times as high would have been detected (${counts}).`
    )
  return facts.doubt ?? `Not enough data: ${missing(facts, counts)}.`
}

function excluded(facts: Facts, counts: string): string {
  const ratio = times(facts.harm.ratio)
  const more = `${short(facts.harm.difference * 100)} %`
  return hasRequests(facts)
    ? `The canary is healthy: it is excluded that its error rate is both ${ratio} times that of ` +
        `the previous release and ${more} of the ${facts.unit} higher (${counts}).`
    : `The canary is healthy by its metrics: an increase of any of them to ${ratio} times that ` +
        'of the previous release is excluded.'
}

/** What an undecided verdict still needs. */
function missing(facts: Facts, counts: string): string {
  const lacking = facts.metrics.filter((one) => !one.advisory && one.state !== 'healthy')
  const unknown = lacking.filter((one) => one.state === 'unknown')
  if (unknown.length > 0) return `no readings of ${list(unknown)} yet`
  if (!hasRequests(facts) && lacking.length === 0) return `no ${facts.unit} yet`
  if (facts.errors.excluded >= facts.errors.excludedAt && lacking.length > 0)
    return `${list(lacking)} must be observed for longer (${counts})`
  const number = facts.needed === null ? '' : `about ${count(facts.needed)} `
  return `${number}more ${facts.unit} are needed; so far, ${detectableOf(facts)} (${counts})`
}

/** An error rate that is more than this many times as high is an outage, not a small rise. */
const outage = 20

/** What would have been detected, as the end of a sentence. */
export function detectableOf({ smallest }: Pick<Judgement, 'smallest'>): string {
  if (smallest === null || smallest > outage)
    return 'there is too little traffic to notice anything short of an outage'
  return `an error rate ${times(smallest)} times as high would have been noticed`
}

const list = (metrics: MetricJudgement[]): string =>
  metrics.map(({ name }) => `\`${name}\``).join(', ')

const hasRequests = ({ errors: { baseline, canary } }: Facts): boolean =>
  baseline.requests + canary.requests > 0

function failuresOf({ errors: { baseline, canary }, unit }: Facts): string {
  return (
    `${count(canary.errors)} of ${count(canary.requests)} ${unit} on the canary failed, compared ` +
    `with ${count(baseline.errors)} of ${count(baseline.requests)} on the previous release`
  )
}

function harmful(facts: Facts): string {
  if (facts.metric === 'latency') return slower(facts)
  const outcome = facts.outcomes.find(({ name }) => name === facts.metric)
  if (outcome) return `${differenceOf(outcome, facts.unit)}.`
  const other = facts.metrics.find(({ name }) => name === facts.metric)
  return other ? worse(other) : failing(facts)
}

function failing(facts: Facts): string {
  const { estimate } = facts.errors.ratio
  const how =
    estimate === null
      ? 'where the previous release does not'
      : `${times(estimate)} times as often as the previous release`
  const unlike = facts.instances.find(({ release }) => release === 'canary')
  const where = unlike
    ? ` ${instanceOf(unlike)}.`
    : facts.concentration
      ? ` ${concentrated(facts.concentration)}.`
      : ''
  return `The canary fails ${how}: ${failuresOf(facts)}.${where}`
}

function concentrated({ name, baseline, canary }: Part): string {
  return (
    `Most of the additional failures are those of \`${name}\`: ${count(canary.errors)} of ` +
    `${count(canary.requests)}, compared with ${count(baseline.errors)} of ` +
    count(baseline.requests)
  )
}

function slower({ latency }: Facts): string {
  const ratios = latency.quantiles.flatMap(({ quantile, baseline, canary, ratio }) =>
    ratio.estimate === null ? [] : [{ quantile, baseline, canary, ratio: ratio.estimate }],
  )
  const worst = ratios.toSorted((a, b) => b.ratio - a.ratio)[0]
  if (!worst) return 'The canary is slower than the previous release.'
  return (
    `The canary is slower than the previous release: its p${worst.quantile * 100} is ` +
    `${short(worst.canary)} ms, compared with ${short(worst.baseline)} ms.`
  )
}

function worse({ name, of, baseline, canary, quantile }: MetricJudgement): string {
  if (quantile !== null)
    return (
      `The canary's \`${name}\` is higher: its p${quantile * 100} is ${short(canary.value)}, ` +
      `compared with ${short(baseline.value)} in the previous release.`
    )
  const part = (side: MetricJudgement['canary']): string =>
    `${count(side.bad ?? 0)} of ${count(side.count)}`
  const unit = of === 'seconds' ? ' seconds' : of === 'requests' ? ' requests' : ''
  return (
    `The canary's \`${name}\` is worse: ${part(canary)}${unit}, ` +
    `compared with ${part(baseline)} in the previous release.`
  )
}
