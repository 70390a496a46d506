import {
  type ArmCounts,
  type Batch,
  bucketOf,
  type VerdictSettings,
} from '#contract/verdict/verdict.ts'

/** Simulated canaries with fixed seeds, for the tests of the verdict. */

export const settings: VerdictSettings = {
  alpha: 0.01,
  tolerance: { errors: 0, latency: 0, slack: 0 },
  harm: { ratio: 1.5, difference: 0.001, latency: 1.5 },
  warm: 0,
  unit: 'requests',
  metrics: {},
}

/** A seeded generator (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

export interface Made {
  share: number
  requests: number
  rate: { baseline: number; canary: number }
  latency?: (arm: 'baseline' | 'canary') => number
}

export function makeBatch(
  random: () => number,
  { share, requests, rate, latency = () => 20 }: Made,
): Batch {
  const arms = { baseline: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } }
  const buckets = { baseline: new Map<number, number>(), canary: new Map<number, number>() }
  for (let i = 0; i < requests; i += 1) {
    const arm = random() < share ? 'canary' : 'baseline'
    arms[arm].requests += 1
    if (random() < rate[arm]) arms[arm].errors += 1
    const bucket = bucketOf(latency(arm))
    buckets[arm].set(bucket, (buckets[arm].get(bucket) ?? 0) + 1)
  }
  const counts = (arm: 'baseline' | 'canary'): ArmCounts => ({
    ...arms[arm],
    outcomes: {},
    bytes: 0,
    latency: [...buckets[arm]].toSorted(([a], [b]) => a - b),
  })
  return { at: 0, share, baseline: counts('baseline'), canary: counts('canary') }
}
