import type { MetricJudgement, MetricSettings, Reading, Sample } from '#contract/verdict/metric.ts'
import { type ArmCounts, bucketOf, type VerdictSettings } from '#contract/verdict/verdict.ts'
import { exclusionByLabels, exclusionEvidence, fallExcluded } from './exclusion.ts'
import { LatencyEvidence } from './latency.ts'
import { powerOf } from './power.ts'
import { compareQuantile, Histogram, isBelow } from './quantiles.ts'
import type { Rate } from './errors.ts'
import { Rates } from './rates.ts'

type Arm = 'baseline' | 'canary'
type Readings = Sample['metrics'][string]

/** The parameters of a metric's judgement. */
export interface Question {
  settings: VerdictSettings
  /** Thresholds as ln of the evidence: harm is excluded, and the metric alone proves harm. */
  excludes: number
  alarms: number
  isOver: boolean
  /** The level of the displayed intervals. */
  intervalAlpha: number
}

/** A metric other than errors and latency, updated incrementally. Its size is constant. */
export interface Metric {
  /** ln of the e-value. */
  evidence(): number
  count(at: number, share: number, baseline: Rate, canary: Rate): void
  read(at: number, readings: Readings): void
  judge(question: Question): Omit<MetricJudgement, 'name' | 'kind' | 'of' | 'advisory'>
}

export function createMetric(settings: MetricSettings): Metric {
  if (settings.kind === 'rate') return new RateMetric(settings)
  return settings.kind === 'distribution' ? new DistributionMetric(settings) : new GaugeMetric()
}

/** The last reading of each process, from which the growth of counters is computed. */
class Growth {
  readonly #last = new Map<string, { at: number; numbers: number[] }>()

  /**
   * The growth of each counter since its previous reading. A counter that decreased was restarted:
   * its growth is counted from this reading on.
   */
  of(at: number, readings: Reading[]): { numbers: number[]; seconds: number }[] {
    return readings.flatMap(({ instance, numbers }) => {
      const last = this.#last.get(instance)
      this.#last.set(instance, { at, numbers })
      if (!last || last.numbers.length !== numbers.length) return []
      const grown = numbers.map((number, i) => number - (last.numbers[i] ?? 0))
      return grown.some((by) => by < 0) ? [] : [{ numbers: grown, seconds: (at - last.at) / 1000 }]
    })
  }

  forget(at: number): void {
    for (const [instance, last] of this.#last)
      if (at - last.at > 600_000) this.#last.delete(instance)
  }
}

/** Seconds are counted in millionths, so that an event within one of them is rare. */
const parts = 1e6
/**
 * Exposures are rounded to shares whose odds differ by 0.5 %, which limits the number of tallies
 * however long the canary runs.
 */
const grid = 200

/**
 * The canary's fraction of the exposure, on the grid. Given the exposures of an interval and rates
 * that are equal within it, an event is the canary's with this probability. Exact when events are
 * independent (Poisson); conservative when an exposure can have at most one event and events are
 * frequent.
 */
function shareOf(baseline: number, canary: number): number {
  const odds = Math.exp(Math.round(Math.log(canary / baseline) * grid) / grid)
  return odds / (1 + odds)
}

class RateMetric implements Metric {
  readonly #settings: MetricSettings
  readonly #rates: Rates
  readonly #growth = { baseline: new Growth(), canary: new Growth() }

  constructor(settings: MetricSettings) {
    this.#settings = settings
    this.#rates = new Rates({ ...settings, hasSuccesses: settings.of === 'requests' })
  }

  evidence(): number {
    return this.#rates.evidence()
  }

  count(at: number, share: number, baseline: Rate, canary: Rate): void {
    this.#rates.add(at, share, baseline, canary)
  }

  read(at: number, readings: Readings): void {
    const grown = (arm: Arm): Rate => {
      const sum = { requests: 0, errors: 0 }
      for (const { numbers, seconds } of this.#growth[arm].of(at, readings[arm])) {
        sum.errors += numbers[0] ?? 0
        sum.requests += this.#settings.of === 'seconds' ? seconds * parts : (numbers[1] ?? 0)
      }
      this.#growth[arm].forget(at)
      return sum
    }
    const [baseline, canary] = [grown('baseline'), grown('canary')]
    const canCompare = baseline.requests > 0 && canary.requests > 0
    this.#rates.add(
      at,
      canCompare ? shareOf(baseline.requests, canary.requests) : 0,
      baseline,
      canary,
    )
  }

  judge({ settings, excludes, alarms, isOver, intervalAlpha }: Question) {
    const { tallies, total } = this.#rates
    const isPerSecond = this.#settings.of === 'seconds'
    const unit = isPerSecond ? parts : 1
    const side = ({ requests, errors }: Rate) => ({
      count: requests / unit,
      bad: errors,
      value: requests === 0 ? null : (errors / requests) * unit,
    })
    const { worse } = this.#settings
    const { ratio } = settings.harm
    const higher = isPerSecond
      ? exclusionByLabels(tallies, ratio)
      : exclusionEvidence(tallies, settings.harm)
    const lower = fallExcluded(tallies, 1 / ratio)
    const excluded =
      worse === 'higher' ? higher : worse === 'lower' ? lower : Math.min(higher, lower)
    const rate = (total.baseline.errors + 0.5) / (total.baseline.requests + 1)
    const wouldShow =
      isOver &&
      worse === 'higher' &&
      powerOf(tallies, Math.min(0.5, rate), ratio, {
        ...settings,
        tolerance: { ...settings.tolerance, errors: this.#settings.tolerance },
      }) >= 0
    return {
      state: stateOf(
        this.evidence() >= alarms,
        this.#rates.seen === 0,
        excluded >= excludes || wouldShow,
      ),
      evidence: this.evidence() / Math.LN10,
      baseline: side(total.baseline),
      canary: side(total.canary),
      quantile: null,
      ratio: this.#rates.ratio(intervalAlpha),
    }
  }
}

const stateOf = (
  isHarmful: boolean,
  isUnknown: boolean,
  isHealthy: boolean,
): MetricJudgement['state'] =>
  isHarmful ? 'harmful' : isUnknown ? 'unknown' : isHealthy ? 'healthy' : 'undecided'

const quantiles = [0.5, 0.9, 0.99]
/**
 * The first bound of a histogram is mapped to this bucket, in milliseconds of the latency buckets,
 * because the unit does not matter.
 */
const first = 0.1

/** A histogram that instances report. Values between two bounds are treated as equal. */
class DistributionMetric implements Metric {
  readonly #evidence: LatencyEvidence
  readonly #histograms = { baseline: new Histogram(), canary: new Histogram() }
  readonly #growth = { baseline: new Growth(), canary: new Growth() }
  #unit: number | null = null

  constructor({ tolerance }: MetricSettings) {
    this.#evidence = new LatencyEvidence({ latency: tolerance, slack: 0 })
  }

  evidence(): number {
    return this.#evidence.evidence()
  }

  count(): void {}

  read(at: number, readings: Readings): void {
    const bounds = [...readings.baseline, ...readings.canary].find(
      (one) => one.bounds && one.bounds.length > 0,
    )?.bounds
    if (!bounds) return
    this.#unit ??= first / (bounds.find((bound) => bound > 0) ?? 1)
    const buckets = [...bounds, (bounds.at(-1) ?? 1) * 1.05].map((bound) =>
      bucketOf(Math.max(bound, 1e-300) * (this.#unit ?? 1)),
    )
    const values = (arm: Arm): ArmCounts['latency'] => {
      const sums = new Map<number, number>()
      const alike = readings[arm].filter((one) => String(one.bounds) === String(bounds))
      for (const { numbers } of this.#growth[arm].of(at, alike))
        for (const [i, upTo] of numbers.entries()) {
          const bucket = buckets[i] ?? 0
          sums.set(bucket, (sums.get(bucket) ?? 0) + Math.max(0, upTo - (numbers[i - 1] ?? 0)))
        }
      this.#growth[arm].forget(at)
      return [...sums].filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b)
    }
    const [baseline, canary] = [values('baseline'), values('canary')]
    const [b, c] = [sumOf(baseline), sumOf(canary)]
    this.#evidence.observe(at, b > 0 && c > 0 ? shareOf(b, c) : 0, baseline, canary)
    this.#histograms.baseline.add(baseline)
    this.#histograms.canary.add(canary)
  }

  judge({ settings, alarms, intervalAlpha }: Question) {
    const { baseline, canary } = this.#histograms
    const compared = quantiles.map((quantile) =>
      compareQuantile(quantile, baseline, canary, intervalAlpha),
    )
    const worst = compared.toSorted((a, b) => (b.ratio.estimate ?? 0) - (a.ratio.estimate ?? 0))[0]
    const isNotHigher = isBelow(0.5, this.#histograms, settings.alpha, {
      ratio: settings.harm.latency,
      slack: 0,
    })
    const side = (value: number | null, histogram: Histogram) => ({
      count: histogram.total,
      bad: null,
      value: value === null ? null : value / (this.#unit ?? 1),
    })
    const isKnown = baseline.total > 0 && canary.total > 0
    return {
      state: stateOf(this.evidence() >= alarms, !isKnown, isNotHigher),
      evidence: this.evidence() / Math.LN10,
      baseline: side(worst?.baseline ?? null, baseline),
      canary: side(worst?.canary ?? null, canary),
      quantile: worst?.quantile ?? null,
      ratio: worst?.ratio ?? nothing,
    }
  }
}

const nothing = { estimate: null, low: null, high: null }
const sumOf = (values: ArmCounts['latency']): number =>
  values.reduce((sum, [, count]) => sum + count, 0)

/**
 * A gauge. Successive readings depend on each other, so only their means are shown and no test is
 * made.
 */
class GaugeMetric implements Metric {
  readonly #sums = { baseline: { count: 0, sum: 0 }, canary: { count: 0, sum: 0 } }

  evidence(): number {
    return 0
  }

  count(): void {}

  read(_at: number, readings: Readings): void {
    for (const arm of ['baseline', 'canary'] as const)
      for (const { numbers } of readings[arm]) {
        this.#sums[arm].count += 1
        this.#sums[arm].sum += numbers[0] ?? 0
      }
  }

  judge() {
    const side = ({ count, sum }: { count: number; sum: number }) => ({
      count,
      bad: null,
      value: count === 0 ? null : sum / count,
    })
    const [baseline, canary] = [side(this.#sums.baseline), side(this.#sums.canary)]
    const isKnown = baseline.count > 0 && canary.count > 0
    const estimate = baseline.value && canary.value !== null ? canary.value / baseline.value : null
    return {
      state: isKnown ? ('undecided' as const) : ('unknown' as const),
      evidence: 0,
      baseline,
      canary,
      quantile: null,
      ratio: { estimate, low: null, high: null },
    }
  }
}
