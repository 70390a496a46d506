import {
  addLatency,
  countOutcomes,
  latencyBounds,
  noLatency,
  type TrafficSecond,
} from '#contract/host/measurements.ts'
import { type ArmCounts, type Batch, bucketOf } from '#contract/verdict/verdict.ts'

/** What a service of a release served in one second. */
export type Served = Pick<TrafficSecond, 'outcomes' | 'bytes' | 'latency'> & { at: number }

/** The requests of several seconds as the counts of one release. */
export function armOf(seconds: Served[]): ArmCounts {
  const outcomes: Record<string, number> = {}
  const latency = noLatency()
  let bytes = 0
  for (const second of seconds) {
    for (const [name, count] of Object.entries(second.outcomes))
      outcomes[name] = (outcomes[name] ?? 0) + count
    addLatency(latency, second.latency)
    bytes += second.bytes
  }
  const buckets = Object.entries(latency.buckets).map(([index, count]): [number, number] => [
    bucketOf(middleOfRange(Number(index))),
    count,
  ])
  return {
    ...{ ...countOutcomes(outcomes), outcomes, bytes },
    latency: buckets.toSorted(([a], [b]) => a - b),
  }
}

/**
 * The latencies of several seconds, each range of the host's histogram spread evenly over the
 * finer buckets of a verdict.
 */
export function latencyOf(seconds: Served[]): ArmCounts['latency'] {
  const latency = noLatency()
  for (const second of seconds) addLatency(latency, second.latency)
  return Object.entries(latency.buckets)
    .flatMap(([index, count]): ArmCounts['latency'] => {
      const middle = middleOfRange(Number(index))
      const low = bucketOf(middle / 2 ** 0.25)
      const size = Math.max(1, bucketOf(middle * 2 ** 0.25) - low)
      const upTo = (i: number): number => Math.round((count * i) / size)
      return Array.from({ length: size }, (_, i) => [low + 1 + i, upTo(i + 1) - upTo(i)])
    })
    .filter(([, count]) => count > 0)
    .toSorted(([a], [b]) => a - b)
}

/** The geometric middle of a range of latencies, in milliseconds. */
const middleOfRange = (index: number): number =>
  (latencyBounds[index] ?? (latencyBounds.at(-1) ?? 1) * Math.SQRT2) / 2 ** 0.25

/** One batch for each second: a promoted release has all of the requests. */
export function batchesOf(seconds: Served[]): Batch[] {
  const bySecond = Map.groupBy(seconds, ({ at }) => at)
  return [...bySecond]
    .toSorted(([a], [b]) => a - b)
    .map(([at, served]) => ({ at, share: 1, baseline: armOf([]), canary: armOf(served) }))
}
