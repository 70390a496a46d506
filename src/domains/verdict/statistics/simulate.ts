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
  hasTenants: false,
  metrics: {},
}

export interface Made {
  /** Milliseconds; the time matters for warm-up and clusters. */
  at?: number
  share: number
  requests: number
  rate: { baseline: number; canary: number }
  latency?: (arm: 'baseline' | 'canary') => number
}

export function makeBatch(
  random: () => number,
  { at = 0, share, requests, rate, latency = () => 20 }: Made,
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
  return { at, share, baseline: counts('baseline'), canary: counts('canary') }
}
