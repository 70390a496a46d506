import { type Interval, latencyBuckets, middleOf } from '#contract/verdict/verdict.ts'

/**
 * A histogram with the latency buckets of the contract. Values have weights, so that the baseline
 * can be weighted by the odds of the share: requests of both releases then come from the same
 * times, however share and load change.
 */
export class Histogram {
  readonly #counts = new Float64Array(latencyBuckets)
  total = 0
  #squares = 0

  add(latency: [number, number][], weight = 1): void {
    for (const [bucket, count] of latency) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count * weight
      this.total += count * weight
      this.#squares += count * weight * weight
    }
  }

  /** The number of values with equal weights that would be as informative. */
  get size(): number {
    return this.total === 0 ? 0 : this.total ** 2 / this.#squares
  }

  /** The weight of the values below a bucket. */
  below(bucket: number): number {
    let sum = 0
    for (let i = 0; i < bucket; i += 1) sum += this.#counts[i] ?? 0
    return sum
  }

  /**
   * The bucket that contains a quantile, given as a fraction from 0 to 1; null when the fraction is
   * out of range or the histogram is empty.
   */
  at(part: number): number | null {
    if (this.total === 0 || part <= 0 || part > 1) return null
    let sum = 0
    for (let bucket = 0; bucket < latencyBuckets; bucket += 1) {
      sum += this.#counts[bucket] ?? 0
      if (sum >= part * this.total - 1e-9) return bucket
    }
    return latencyBuckets - 1
  }
}

/**
 * The maximum error of the empirical distribution at a quantile, at all times, with the error
 * probability `alpha` (Howard and Ramdas, Bernoulli 2022, theorem 1). Assumes that the latencies of
 * one release do not drift.
 */
function band(quantile: number, n: number, alpha: number): number {
  const l = (1.4 * Math.log(Math.max(1, Math.log(2.1 * n))) + Math.log(10 / alpha)) / n
  return 1.5 * Math.sqrt(quantile * (1 - quantile) * l) + 0.8 * l
}

interface Bounds {
  estimate: number | null
  low: number | null
  high: number | null
}

function boundsOf(quantile: number, histogram: Histogram, alpha: number): Bounds {
  const off = histogram.total === 0 ? 1 : band(quantile, histogram.size, alpha / 2)
  const value = (part: number): number | null => {
    const bucket = histogram.at(part)
    return bucket === null ? null : middleOf(bucket)
  }
  return { estimate: value(quantile), low: value(quantile - off), high: value(quantile + off) }
}

/**
 * A quantile of both releases in milliseconds, and their ratio with a confidence sequence of level
 * 1 − `alpha`.
 */
export function compareQuantile(
  quantile: number,
  baseline: Histogram,
  canary: Histogram,
  alpha: number,
): { quantile: number; baseline: number | null; canary: number | null; ratio: Interval } {
  const [b, c] = [boundsOf(quantile, baseline, alpha), boundsOf(quantile, canary, alpha)]
  const over = (above: number | null, below: number | null): number | null =>
    above === null || below === null ? null : above / below
  return {
    quantile,
    baseline: b.estimate,
    canary: c.estimate,
    ratio: {
      estimate: over(c.estimate, b.estimate),
      low: over(c.low, b.high),
      high: over(c.high, b.low),
    },
  }
}

/**
 * True when it is excluded, at that level and at all times, that the canary's quantile is `ratio`
 * times the baseline's plus `slack` milliseconds.
 */
export function isBelow(
  quantile: number,
  { baseline, canary }: { baseline: Histogram; canary: Histogram },
  alpha: number,
  { ratio, slack }: { ratio: number; slack: number },
): boolean {
  const { low } = boundsOf(quantile, baseline, alpha)
  const { high } = boundsOf(quantile, canary, alpha)
  return low !== null && high !== null && high <= ratio * low + slack
}
