import type { Judgement } from '#contract/verdict.ts'

type Facts = Omit<Judgement, 'reason'> & { harm: { ratio: number; difference: number } }

const count = (value: number): string => value.toLocaleString('en-US')
const times = (ratio: number): string => (ratio >= 10 ? `${Math.round(ratio)}` : `${Number(ratio.toPrecision(2))}`)

/** The judgement as one sentence that a newcomer understands. */
export function sentenceOf(facts: Facts): string {
  if (facts.verdict === 'harmful') return facts.metric === 'latency' ? slower(facts) : failing(facts)
  const { baseline, canary } = facts.errors
  if (facts.basis === 'excluded')
    return `The canary does well: that it fails ${times(facts.harm.ratio)} times as often as the release before is excluded (${seen(facts)}).`
  if (facts.basis === 'power')
    return `The time is over and nothing is wrong: ${times(facts.smallest ?? 1)} times as many errors would have shown (${seen(facts)}).`
  if (baseline.requests + canary.requests === 0) return 'Not enough data: no request has come yet.'
  const needed = facts.needed === null ? 'more requests are' : `about ${count(facts.needed)} more requests are`
  const visible =
    facts.smallest === null
      ? 'no harm could have been seen so far'
      : `so far only ${times(facts.smallest)} times as many errors could have been seen`
  return `Not enough data: ${needed} needed; ${visible} (${seen(facts)}).`
}

function seen({ errors: { baseline, canary } }: Facts): string {
  return `${count(canary.errors)} of its ${count(canary.requests)} requests failed, ${count(baseline.errors)} of ${count(baseline.requests)} before`
}

function failing(facts: Facts): string {
  const { estimate } = facts.errors.ratio
  const how =
    estimate === null ? 'where the release before does not' : `${times(estimate)} times as often as the release before`
  return `The canary fails ${how}: ${seen(facts)}.`
}

function slower({ latency }: Facts): string {
  const ratios = latency.quantiles.flatMap(({ quantile, baseline, canary, ratio }) =>
    ratio.estimate === null ? [] : [{ quantile, baseline, canary, ratio: ratio.estimate }],
  )
  const worst = ratios.toSorted((a, b) => b.ratio - a.ratio)[0]
  if (!worst) return 'The canary is slower than the release before.'
  const ms = (value: number | null): string => `${Number((value ?? 0).toPrecision(3))} ms`
  return `The canary is slower: its p${worst.quantile * 100} is ${ms(worst.canary)} where the release before takes ${ms(worst.baseline)}.`
}
