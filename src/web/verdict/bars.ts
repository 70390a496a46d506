import { bucketOf, middleOf, type VerdictView } from '#contract/verdict/verdict.ts'

type Counted = VerdictView['latency']['baseline']

/** Requests between two latencies, as a fraction of all requests of the same release. */
export interface Bar {
  /** bounds in milliseconds */
  from: number
  to: number
  baseline: number
  canary: number
}

/** Merges the buckets of both releases into at most `most` bars of equal width on a log axis. */
export function barsOf({ baseline, canary }: VerdictView['latency'], most: number): Bar[] {
  const buckets = [...baseline, ...canary].map(([latency]) => bucketOf(latency))
  if (buckets.length === 0) return []
  const [low, high] = [Math.min(...buckets), Math.max(...buckets)]
  // All bars merge the same number of buckets, so that their heights compare.
  const width = Math.max(2, Math.ceil((high - low + 1) / most))
  const count = Math.ceil((high - low + 1) / width)
  const sharesOf = (counted: Counted): number[] => {
    const shares = Array.from({ length: count }, () => 0)
    const all = counted.reduce((sum, [, requests]) => sum + requests, 0)
    for (const [latency, requests] of counted) {
      const bar = Math.floor((bucketOf(latency) - low) / width)
      shares[bar] = (shares[bar] ?? 0) + requests / all
    }
    return shares
  }
  const shares = { baseline: sharesOf(baseline), canary: sharesOf(canary) }
  return shares.baseline.map((share, bar) => ({
    from: lowerBound(low + bar * width),
    to: lowerBound(low + (bar + 1) * width),
    baseline: share,
    canary: shares.canary[bar] ?? 0,
  }))
}

const lowerBound = (bucket: number): number => Math.sqrt(middleOf(bucket - 1) * middleOf(bucket))
