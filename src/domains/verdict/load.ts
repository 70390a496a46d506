import type { Batch, Load } from '#contract/verdict/verdict.ts'

/** The load is that of the last minute with observations, in milliseconds. */
const recentMs = 60_000

/**
 * The requests a second of each instance of both releases; null while no instance is known.
 * Latencies at different loads are hard to compare.
 */
export function loadOf(batches: Batch[]): Record<'baseline' | 'canary', Load | null> {
  const end = batches.at(-1)?.at ?? 0
  const recent = batches.filter(({ at }) => at > end - recentMs)
  const seconds = Math.max(1, (end - (recent[0]?.at ?? end)) / 1000)
  const of = (arm: 'baseline' | 'canary'): Load | null => {
    const names = new Set(recent.flatMap((batch) => Object.keys(batch[arm].instances ?? {})))
    const requests = recent.reduce((sum, batch) => sum + batch[arm].requests, 0)
    return names.size === 0
      ? null
      : { instances: names.size, perSecond: requests / seconds / names.size }
  }
  return { baseline: of('baseline'), canary: of('canary') }
}
