import type { Batch, Judgement, VerdictSettings } from '#contract/verdict.ts'
import { differenceInterval } from './difference.ts'
import { ratioInterval, riseEvidence, type Tally } from './errors.ts'
import { exclusionEvidence } from './exclusion.ts'
import { LatencyEvidence } from './latency.ts'
import { logMeanExp } from './numbers.ts'
import { smallestSeen, timesNeeded } from './power.ts'
import { compareQuantile, Histogram } from './quantiles.ts'
import { sentenceOf } from './sentence.ts'

/** The level of the intervals that are shown; they decide nothing. */
const intervalAlpha = 0.05
const quantiles = [0.5, 0.9, 0.95, 0.99]
/** At the end of the time, the canary is called healthy when a ratio or a difference of this size would have shown. */
const enough = { ratio: 2, difference: 0.01 }

export interface Judge {
  /** Folds a batch in; true once it has alarmed. Costs the same however many came before. */
  observe(batch: Batch): boolean
  /** What is known now; `isOver` when the time of the canary has passed. */
  judge(now?: { isOver: boolean }): Judgement
}

/**
 * Judges a canary by batches in the order of assignment. The false alarms of the whole verdict, over all time and however often
 * one looks, have at most the probability `alpha`: the mean of the metrics' e-values is one (Vovk and Wang, Annals of
 * Statistics 2021), and by Ville's inequality it ever reaches 1/alpha with at most that probability. The same batches give the
 * same judgement.
 */
export function createJudge(settings: VerdictSettings): Judge {
  const tallies = new Map<number, Tally>()
  const total = { baseline: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } }
  const latency = new LatencyEvidence(settings.tolerance.latency)
  const histograms = { baseline: new Histogram(), canary: new Histogram() }
  const alarm = Math.log(1 / settings.alpha)
  /** the metric that alarmed, and how it looked then: an alarm stays */
  let harmful: { metric: Judgement['metric']; reason: string } | null = null

  const look = () => {
    const all = [...tallies.values()]
    const errors = riseEvidence(all, 1 + settings.tolerance.errors)
    const slow = latency.evidence()
    return { all, errors, slow, both: logMeanExp([errors, slow]) }
  }
  const facts = (metric: Judgement['metric'], isOver: boolean): Omit<Judgement, 'reason'> => {
    const { all, errors, slow, both } = look()
    const excluded = exclusionEvidence(all, settings.harm)
    const smallest = smallestSeen(all, settings)
    const rate = total.baseline.errors / Math.max(1, total.baseline.requests)
    const hasPower =
      smallest !== null && (smallest <= enough.ratio || (rate > 0 && (smallest - 1) * rate <= enough.difference))
    const basis = metric ? null : excluded >= alarm ? 'excluded' : isOver && hasPower ? 'power' : null
    const times = basis === null && !metric ? timesNeeded(all, settings) : null
    const seen = all.reduce((sum, { requests }) => sum + requests.baseline + requests.canary, 0)
    return {
      verdict: metric ? 'harmful' : basis ? 'healthy' : 'undecided',
      metric,
      basis,
      alpha: settings.alpha,
      threshold: log10(alarm),
      evidence: log10(both),
      errors: {
        baseline: { ...total.baseline },
        canary: { ...total.canary },
        evidence: log10(errors),
        ratio: ratioInterval(all, intervalAlpha),
        difference: differenceInterval(total.baseline, total.canary, intervalAlpha),
        excluded: log10(excluded),
        excludedAt: log10(alarm),
      },
      latency: {
        evidence: log10(slow),
        quantiles: quantiles.map((quantile) =>
          compareQuantile(quantile, histograms.baseline, histograms.canary, intervalAlpha),
        ),
      },
      needed: times === null || seen === 0 ? null : Math.max(1, Math.ceil((times - 1) * seen)),
      smallest,
    }
  }
  const sentence = (known: Omit<Judgement, 'reason'>): string => sentenceOf({ ...known, harm: settings.harm })
  return {
    observe: (batch) => {
      for (const arm of ['baseline', 'canary'] as const) {
        total[arm].requests += batch[arm].requests
        total[arm].errors += batch[arm].errors
        histograms[arm].add(batch[arm].latency)
      }
      latency.observe(batch.share, batch.baseline.latency, batch.canary.latency)
      // Where there was no choice, nothing can be told from whose the errors are.
      if (batch.share > 0 && batch.share < 1) add(tallies, batch)
      const { errors, slow, both } = look()
      if (harmful || both < alarm) return harmful !== null
      const metric = errors >= slow ? 'errors' : 'latency'
      harmful = { metric, reason: sentence(facts(metric, false)) }
      return true
    },
    judge: (now) => {
      const known = facts(harmful?.metric ?? null, now?.isOver ?? false)
      return { ...known, reason: harmful?.reason ?? sentence(known) }
    },
  }
}

const log10 = (ln: number): number => ln / Math.LN10

function add(tallies: Map<number, Tally>, { share, baseline, canary }: Batch): void {
  const none = { share, requests: { baseline: 0, canary: 0 }, errors: { baseline: 0, canary: 0 } }
  const tally = tallies.get(share) ?? none
  tally.requests.baseline += baseline.requests
  tally.requests.canary += canary.requests
  tally.errors.baseline += baseline.errors
  tally.errors.canary += canary.errors
  tallies.set(share, tally)
}
