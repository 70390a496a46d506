import { type Interval, latencyBuckets, middleOf } from '#contract/verdict/verdict.ts'

/** A histogram in the buckets of the contract. */
export class Histogram {
  readonly #counts = new Float64Array(latencyBuckets)
  total = 0

  add(latency: [number, number][]): void {
    for (const [bucket, count] of latency) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count
      this.total += count
    }
  }

  /**
   * The bucket in which a part of all values, 0 to 1, is reached; null when the part is out of
   * range or there is none.
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
 * How far the empirical distribution may be off at a quantile, at any time, with the probability
 * `alpha` (Howard and Ramdas, Bernoulli 2022, theorem 1). Assumes that latencies of one release do
 * not drift.
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
  const off = histogram.total === 0 ? 1 : band(quantile, histogram.total, alpha / 2)
  const value = (part: number): number | null => {
    const bucket = histogram.at(part)
    return bucket === null ? null : middleOf(bucket)
  }
  return { estimate: value(quantile), low: value(quantile - off), high: value(quantile + off) }
}

/**
 * A quantile of both releases in milliseconds, and the ratio with a confidence sequence of the
 * level 1 − `alpha`.
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
 * Is it excluded, at that level and any time, that the canary's quantile is `ratio` times the
 * baseline's and `slack` milliseconds more?
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
