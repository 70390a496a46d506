import { bucketOf, middleOf, type VerdictView } from '#contract/verdict/verdict.ts'

type Counted = VerdictView['latency']['baseline']

/**
 * Requests between two latencies, as a share of the release's own, so that a release with few
 * requests compares.
 */
export interface Bar {
  from: number
  to: number
  baseline: number
  canary: number
}

/**
 * Merges the fine buckets of both releases to at most `most` bars that are equally wide on a log
 * axis.
 */
export function barsOf({ baseline, canary }: VerdictView['latency'], most: number): Bar[] {
  const buckets = [...baseline, ...canary].map(([latency]) => bucketOf(latency))
  if (buckets.length === 0) return []
  const [low, high] = [Math.min(...buckets), Math.max(...buckets)]
  // Each bar takes as many buckets as the others, or it would be higher without more requests.
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
    from: beginOf(low + bar * width),
    to: beginOf(low + (bar + 1) * width),
    baseline: share,
    canary: shares.canary[bar] ?? 0,
  }))
}

const beginOf = (bucket: number): number => Math.sqrt(middleOf(bucket - 1) * middleOf(bucket))
