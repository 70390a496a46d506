import type { ArmCounts, Batch, OutcomeJudgement } from '#contract/verdict/verdict.ts'
import { latencyBuckets } from '#contract/verdict/verdict.ts'
import { LatencyEvidence } from './latency.ts'
import { PointsEvidence } from './points.ts'
import { Histogram } from './quantiles.ts'
import type { Rate } from './errors.ts'
import { Rates } from './rates.ts'

/** The rise in 4xx responses, per request, that is harm: most releases change them a little. */
const harmful4xx = 0.2
/** The rises per request that a person must decide about. */
const shifted = { '3xx': 0.1, '4xx': 0.05 }
/** The sizes that a person must decide about: a quarter of those of the baseline. */
const shrunk = 4

const countOf = ({ outcomes }: ArmCounts, ...names: string[]): number =>
  names.reduce((sum, name) => sum + (outcomes[name] ?? 0), 0)

/**
 * The requests of one release that did not finish: the client left, or the waiting time is over.
 */
const unfinishedOf = (arm: ArmCounts): Rate => ({
  requests: arm.requests,
  errors: countOf(arm, 'left', 'open'),
})

/** Outcomes other than errors and latency, each with evidence of its own. */
export class Outcomes {
  /** Unfinished requests, such as hangs, which are judged from the first request on. */
  readonly unfinished: Rates
  readonly #harmful4xx = new PointsEvidence(0, harmful4xx)
  readonly #shifted = {
    '3xx': new PointsEvidence(0, shifted['3xx']),
    '4xx': new PointsEvidence(0, shifted['4xx']),
  }
  /** Null until sizes are measured. */
  #sizes: Sizes | null = null
  readonly #counts = { baseline: new Map<string, number>(), canary: new Map<string, number>() }

  constructor(tolerance: number) {
    this.unfinished = new Rates({ tolerance })
  }

  observe({ at, share, baseline, canary }: Batch): void {
    this.unfinished.add(at, share, unfinishedOf(baseline), unfinishedOf(canary))
    for (const name of ['3xx', '4xx'] as const) {
      const of = (arm: ArmCounts): Rate => ({ requests: arm.requests, errors: countOf(arm, name) })
      this.#shifted[name].add(share, of(baseline), of(canary))
      if (name === '4xx') this.#harmful4xx.add(share, of(baseline), of(canary))
    }
    if (baseline.sizes && canary.sizes) {
      this.#sizes ??= new Sizes()
      this.#sizes.observe(at, share, baseline.sizes, canary.sizes)
    }
    for (const [arm, counts] of [['baseline', baseline] as const, ['canary', canary] as const])
      for (const name of ['3xx', '4xx'])
        this.#counts[arm].set(name, (this.#counts[arm].get(name) ?? 0) + countOf(counts, name))
  }

  /** ln of the e-values that can raise the alarm. */
  evidences(): { unfinished: number; '4xx': number } {
    return { unfinished: this.unfinished.evidence(), '4xx': this.#harmful4xx.ln() }
  }

  /**
   * The comparisons. `total` are all requests, `holds` is the evidence at which a shift keeps the
   * canary from being promoted without a person, and `harmful` the outcome that raised the alarm.
   */
  judge(
    total: Record<'baseline' | 'canary', Rate>,
    holds: number,
    harmful: string | null,
  ): OutcomeJudgement[] {
    const of: Describe = (name, ln, count) => ({
      name,
      state: name === harmful ? 'harmful' : ln >= holds ? 'shifted' : 'even',
      evidence: ln / Math.LN10,
      baseline: count('baseline'),
      canary: count('canary'),
    })
    return [
      of('unfinished', this.unfinished.evidence(), (arm) => ({
        requests: total[arm].requests,
        count: this.unfinished.total[arm].errors,
      })),
      ...(['3xx', '4xx'] as const).map((name) =>
        of(name, this.#shifted[name].ln(), (arm) => ({
          requests: total[arm].requests,
          count: this.#counts[arm].get(name) ?? 0,
        })),
      ),
      ...this.#judgeSizes(of),
    ]
  }

  #judgeSizes(of: Describe): OutcomeJudgement[] {
    const sizes = this.#sizes
    return sizes ? [of('size', sizes.evidence(), (arm) => sizes.small(arm))] : []
  }
}

type Describe = (
  name: string,
  ln: number,
  count: (arm: 'baseline' | 'canary') => { requests: number; count: number },
) => OutcomeJudgement

/** The sizes of successful responses. */
class Sizes {
  readonly #smaller = new LatencyEvidence({ latency: shrunk - 1, slack: 0 })
  readonly #histograms = { baseline: new Histogram(), canary: new Histogram() }

  observe(
    at: number,
    share: number,
    baseline: [number, number][],
    canary: [number, number][],
  ): void {
    this.#smaller.observe(at, share, mirrored(baseline), mirrored(canary))
    this.#histograms.baseline.add(baseline, share / (1 - share))
    this.#histograms.canary.add(canary)
  }

  evidence(): number {
    return this.#smaller.evidence()
  }

  /** The responses of less than half of the median size of the baseline, and all. */
  small(arm: 'baseline' | 'canary'): { requests: number; count: number } {
    const median = this.#histograms.baseline.at(0.5)
    const half = median === null ? 0 : Math.max(0, median - halving)
    const histogram = this.#histograms[arm]
    const part = histogram.total === 0 ? 0 : histogram.below(half) / histogram.total
    const requests = Math.round(histogram.size)
    return { requests, count: Math.round(part * requests) }
  }
}

/** Buckets of 2 % in a factor of two. */
const halving = Math.round(Math.LN2 / Math.log(1.02))

/** Sizes in reverse order, so that smaller ones rank higher. */
const mirrored = (sizes: [number, number][]): [number, number][] =>
  sizes.map(([bucket, count]) => [latencyBuckets - 1 - bucket, count])
