import type { Sample } from '#contract/verdict/metric.ts'
import type { Batch, Judgement, Look, VerdictSettings } from '#contract/verdict/verdict.ts'
import { exclusionEvidence } from './exclusion.ts'
import { LatencyEvidence } from './latency.ts'
import { createMetric } from './metric.ts'
import { logMeanExp } from './numbers.ts'
import { partsOf, smallestSeen, timesNeeded } from './power.ts'
import { compareQuantile, Histogram, isBelow } from './quantiles.ts'
import { Rates } from './rates.ts'
import { sentenceOf } from './sentence.ts'

/** The level of the displayed intervals. They do not affect the verdict. */
const intervalAlpha = 0.05
const quantiles = [0.5, 0.9, 0.95, 0.99]
/**
 * When the time is up, the canary is healthy if a ratio or a difference of this size would have
 * been detected.
 */
const enough = { ratio: 2, difference: 0.01 }

export interface Judge {
  /**
   * Adds a batch; true once the judge has raised an alarm. The cost does not depend on the number
   * of earlier batches.
   */
  observe(batch: Batch): boolean
  /**
   * Adds readings of the metrics that instances report; true once the judge has raised an alarm.
   */
  read(sample: Sample): boolean
  /** Adds the batches of an observation, then its readings. */
  see(look: Look): void
  /** The current judgement; `isOver` states that the time of the canary is up. */
  judge(now?: { isOver: boolean }): Judgement
}

/**
 * Judges a canary by its batches in the order of assignment. The probability of a false alarm of
 * the whole verdict, over all time and any number of looks, is at most `alpha`: a weighted mean of
 * the e-values of the metrics is an e-value (Vovk and Wang, Annals of Statistics 2021), and by
 * Ville's inequality it ever reaches 1/alpha with at most that probability. The same observations
 * give the same judgement.
 */
export function createJudge(settings: VerdictSettings): Judge {
  const rates = new Rates()
  const latency = new LatencyEvidence(settings.tolerance)
  const histograms = { baseline: new Histogram(), canary: new Histogram() }
  const metrics = Object.entries(settings.metrics).map(([name, one]) => ({
    name,
    ...one,
    metric: createMetric(one),
  }))
  const deciding = metrics.filter(({ advisory }) => !advisory)
  const parts = partsOf(settings)
  const weights = [parts.errors, parts.latency, ...deciding.map(() => parts.other)]
  const alarm = Math.log(1 / settings.alpha)
  /** The metric that raised the alarm, and the reason at that time. An alarm is final. */
  let harmful: { metric: string; reason: string } | null = null

  const evidences = (): number[] => [
    rates.evidence(settings.tolerance.errors),
    latency.evidence(),
    ...deciding.map(({ metric }) => metric.evidence()),
  ]
  const facts = (metric: string | null, isOver: boolean): Omit<Judgement, 'reason'> => {
    const { total, tallies, seen } = rates
    const all = evidences()
    const excluded = exclusionEvidence(tallies, settings.harm)
    const smallest = smallestSeen(tallies, settings)
    const rate = total.baseline.errors / Math.max(1, total.baseline.requests)
    const wouldShow =
      smallest !== null &&
      (smallest <= enough.ratio || (rate > 0 && (smallest - 1) * rate <= enough.difference))
    const slower = { ratio: settings.harm.latency, slack: settings.tolerance.slack }
    const isNotSlow = isBelow(0.5, histograms, settings.alpha, slower)
    const others = metrics.map(({ metric: one, ...named }) => ({
      name: named.name,
      kind: named.kind,
      of: named.of,
      advisory: named.advisory,
      ...one.judge({
        settings,
        excludes: alarm,
        alarms: alarm - Math.log(parts.other),
        isOver,
        intervalAlpha,
      }),
    }))
    const areWell = others.every((one) => one.advisory || one.state === 'healthy')
    // A worker gets no requests and is judged only by its own metrics.
    const hasRequests = total.baseline.requests + total.canary.requests > 0 || deciding.length === 0
    const isExcluded = !hasRequests || (excluded >= alarm && isNotSlow)
    const basis =
      metric || !areWell ? null : isExcluded ? 'excluded' : isOver && wouldShow ? 'power' : null
    const times = basis === null && !metric ? timesNeeded(tallies, settings) : null
    return {
      verdict: metric ? 'harmful' : basis ? 'healthy' : 'undecided',
      metric,
      basis,
      doubt: null,
      outcomes: [],
      alpha: settings.alpha,
      threshold: log10(alarm),
      evidence: log10(logMeanExp(all, weights)),
      errors: {
        baseline: { ...total.baseline },
        canary: { ...total.canary },
        evidence: log10(all[0] ?? 0),
        ratio: rates.ratio(intervalAlpha),
        difference: rates.difference(intervalAlpha),
        excluded: log10(excluded),
        excludedAt: log10(alarm),
      },
      latency: {
        evidence: log10(all[1] ?? 0),
        quantiles: quantiles.map((quantile) =>
          compareQuantile(quantile, histograms.baseline, histograms.canary, intervalAlpha),
        ),
      },
      metrics: others,
      needed:
        times === null || seen === 0 ? null : Math.max(0, Math.ceil((times - 1) * seen)) || null,
      smallest,
    }
  }
  const sentence = (known: Omit<Judgement, 'reason'>): string =>
    sentenceOf({ ...known, harm: settings.harm, unit: settings.unit })
  const look = (): boolean => {
    const all = evidences()
    if (harmful || logMeanExp(all, weights) < alarm) return harmful !== null
    const names = ['errors', 'latency', ...deciding.map(({ name }) => name)]
    const metric = names[all.indexOf(Math.max(...all))] ?? 'errors'
    harmful = { metric, reason: sentence(facts(metric, false)) }
    return true
  }
  const judge: Judge = {
    observe: (batch) => {
      const { share, baseline, canary } = batch
      const isWarm = rates.total.canary.requests >= settings.warm
      rates.add(share, baseline, canary)
      histograms.baseline.add(baseline.latency)
      if (isWarm) histograms.canary.add(canary.latency)
      latency.observe(isWarm ? share : 0, baseline.latency, canary.latency)
      for (const { name, metric } of metrics) {
        const of = ([requests, errors] = [0, 0]) => ({ requests, errors })
        const [b, c] = [baseline.routes?.[name], canary.routes?.[name]]
        if (b ?? c) metric.count(share, of(b), of(c))
      }
      return look()
    },
    read: (sample) => {
      for (const { name, metric } of metrics) {
        const readings = sample.metrics[name]
        if (readings) metric.read(sample.at, readings)
      }
      return look()
    },
    see: ({ batches, sample }) => {
      for (const batch of batches) judge.observe(batch)
      if (sample) judge.read(sample)
    },
    judge: (now) => {
      const known = facts(harmful?.metric ?? null, now?.isOver ?? false)
      return { ...known, reason: harmful?.reason ?? sentence(known) }
    },
  }
  return judge
}

const log10 = (ln: number): number => ln / Math.LN10
