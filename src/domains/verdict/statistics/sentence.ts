import type { MetricJudgement } from '#contract/verdict/metric.ts'
import type { Judgement } from '#contract/verdict/verdict.ts'

type Facts = Omit<Judgement, 'reason'> & {
  harm: { ratio: number; difference: number }
  unit: string
}

const count = (value: number): string =>
  value.toLocaleString('en-US', {
    maximumFractionDigits: value < 10 ? 2 : 0,
    minimumFractionDigits: 0,
  })
const times = (ratio: number): string =>
  ratio >= 10 ? `${Math.round(ratio)}` : `${Number(ratio.toPrecision(2))}`
const short = (value: number | null): string => `${Number((value ?? 0).toPrecision(3))}`

/** The judgement as one sentence that a newcomer understands. */
export function sentenceOf(facts: Facts): string {
  if (facts.verdict === 'harmful') return harmful(facts)
  const { baseline, canary } = facts.errors
  const isWithoutRequests = baseline.requests + canary.requests === 0
  if (facts.basis === 'excluded')
    return isWithoutRequests
      ? `The canary does well by its metrics: that any is ${times(facts.harm.ratio)} times as high as of the release before is excluded.`
      : `The canary does well: that it fails ${times(facts.harm.ratio)} times as often as the release before is excluded (${seen(facts)}).`
  if (facts.basis === 'power')
    return `The time is over and nothing is wrong: ${times(facts.smallest ?? 1)} times as many errors would have shown (${seen(facts)}).`
  const lacking = facts.metrics.filter((one) => !one.advisory && one.state !== 'healthy')
  const unknown = lacking.filter((one) => one.state === 'unknown').map(({ name }) => `\`${name}\``)
  if (unknown.length > 0) return `Not enough data: nothing is known of ${unknown.join(', ')} yet.`
  if (isWithoutRequests && lacking.length === 0)
    return `Not enough data: no ${facts.unit === 'requests' ? 'request' : 'session'} has come yet.`
  if (facts.errors.excluded >= facts.errors.excludedAt && lacking.length > 0)
    return `Not enough data: ${lacking.map(({ name }) => `\`${name}\``).join(', ')} must be seen for longer (${seen(facts)}).`
  const needed =
    facts.needed === null
      ? `more ${facts.unit} are`
      : `about ${count(facts.needed)} more ${facts.unit} are`
  const visible =
    facts.smallest === null
      ? 'no harm could have been seen so far'
      : `so far only ${times(facts.smallest)} times as many errors could have been seen`
  return `Not enough data: ${needed} needed; ${visible} (${seen(facts)}).`
}

function seen({ errors: { baseline, canary }, unit }: Facts): string {
  return `${count(canary.errors)} of its ${count(canary.requests)} ${unit} failed, ${count(baseline.errors)} of ${count(baseline.requests)} before`
}

function harmful(facts: Facts): string {
  if (facts.metric === 'latency') return slower(facts)
  const other = facts.metrics.find(({ name }) => name === facts.metric)
  return other ? worse(other) : failing(facts)
}

function failing(facts: Facts): string {
  const { estimate } = facts.errors.ratio
  const how =
    estimate === null
      ? 'where the release before does not'
      : `${times(estimate)} times as often as the release before`
  return `The canary fails ${how}: ${seen(facts)}.`
}

function slower({ latency }: Facts): string {
  const ratios = latency.quantiles.flatMap(({ quantile, baseline, canary, ratio }) =>
    ratio.estimate === null ? [] : [{ quantile, baseline, canary, ratio: ratio.estimate }],
  )
  const worst = ratios.toSorted((a, b) => b.ratio - a.ratio)[0]
  if (!worst) return 'The canary is slower than the release before.'
  return `The canary is slower: its p${worst.quantile * 100} is ${short(worst.canary)} ms where the release before takes ${short(worst.baseline)} ms.`
}

function worse({ name, of, baseline, canary, quantile }: MetricJudgement): string {
  if (quantile !== null)
    return `The canary's \`${name}\` is higher: its p${quantile * 100} is ${short(canary.value)} where the release before has ${short(baseline.value)}.`
  const part = (side: MetricJudgement['canary']): string =>
    `${count(side.bad ?? 0)} of ${count(side.count)}`
  const unit = of === 'seconds' ? ' seconds' : of === 'requests' ? ' requests' : ''
  return `The canary's \`${name}\` is worse: ${part(canary)}${unit}, ${part(baseline)} before.`
}
