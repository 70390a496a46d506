import { type ArmCounts, type Batch, bucketOf } from '#contract/verdict/verdict.ts'
import { createJudge } from '#domains/verdict/statistics/judge.ts'
import { generator } from '../../test/support/generator.ts'
import { type Arm, firstSeed, type Random, shipped } from './streams.ts'

export const nullRuns = Number(process.env['BENCH_RUNS'] ?? 1000)
export const runs = Math.min(300, nullRuns)
export const alpha = 0.01
/** As shipped, without the warm-up. */
export const warmed = { ...shipped, warm: 0 }
/** Without tolerance and warm-up, to compare with tests that have neither. */
export const settings = { ...shipped, tolerance: { errors: 0, latency: 0, slack: 0 }, warm: 0 }

export const none = (): ArmCounts => ({
  requests: 0,
  errors: 0,
  outcomes: {},
  bytes: 0,
  latency: [],
})

export interface Made {
  share: number
  requests: number
  errors: Record<Arm, number>
  latency?: (arm: Arm) => number
}

export function makeBatch(
  random: Random,
  { share, requests, errors, latency }: Made,
  at = 0,
): Batch {
  const arms = { baseline: none(), canary: none() }
  for (let i = 0; i < requests; i += 1) {
    const arm = random() < share ? 'canary' : 'baseline'
    arms[arm].requests += 1
    if (random() < errors[arm]) arms[arm].errors += 1
    // One entry for each request: the judge adds them up.
    if (latency) arms[arm].latency.push([bucketOf(latency(arm)), 1])
  }
  return { at: at * 1000, share, ...arms }
}

interface Traffic {
  used?: typeof settings
  /** Length of a batch. */
  seconds?: number
  /** Latencies of the baseline before the canary. */
  earlier?: ArmCounts['latency']
}

/**
 * Runs the judge over batches until it alarms, or finds harm in its last look; the requests it
 * took, or null.
 */
export function detect(
  seed: number,
  batches: number,
  make: (random: Random, i: number) => Made,
  { used = settings, seconds = 1, earlier = [] }: Traffic = {},
): number | null {
  const random = generator((firstSeed + seed - 1) * 7919)
  const judge = createJudge(used)
  judge.see({ earlier, batches: [], sample: null })
  let requests = 0
  for (let i = 0; i < batches; i += 1) {
    const made = make(random, i)
    requests += made.requests
    if (judge.observe(makeBatch(random, made, i * seconds))) return requests
  }
  judge.see({ batches: [], sample: null, isOver: true })
  return judge.judge().verdict === 'harmful' ? requests : null
}

export const percent = (value: number): string => `${(value * 100).toFixed(2)} %`.padStart(8)
