import { canaryFile } from '#contract/pipeline-file/canary-file.ts'
import {
  type ArmCounts,
  type Batch,
  bucketOf,
  type VerdictSettings,
} from '#contract/verdict/verdict.ts'
import { decideCanary, settingsOf, shareAt } from '#domains/verdict/canary.ts'
import { createWatch } from '#domains/verdict/watch.ts'
import { createJudge } from '#domains/verdict/statistics/judge.ts'
import { generator, normal, poisson } from '../../test/support/generator.ts'

/** The first seed of the runs: another one makes an independent check. */
export const firstSeed = Number(process.env['BENCH_SEED'] ?? 1)

export type Arm = 'baseline' | 'canary'
export type Random = () => number

/** The keys of fairlead.yaml as they ship, and the settings that follow from them. */
export const plan = canaryFile.parse({})
export const shipped: VerdictSettings = settingsOf(plan)

/** Log-normal latencies with a median of 20 ms and σ 0.5, from a table. */
const table = ((): Float64Array => {
  const random = generator(4711)
  return Float64Array.from({ length: 1 << 14 }, () => 20 * Math.exp(0.5 * normal(random)))
})()
export const latencyOf = (random: Random): number =>
  table[Math.floor(random() * table.length)] ?? 20

/** What happens to one request. `ms` is its latency. */
export interface Outcome {
  outcome: string
  ms: number
  size?: number
}

/** Decides the outcome of a request that was assigned to a release at a time in seconds. */
export type Serve = (random: Random, arm: Arm, second: number) => Outcome

/** Requests per second at a time in seconds. */
export type Load = number | ((random: Random, second: number) => number)

class Counts {
  requests = 0
  errors = 0
  outcomes: Record<string, number> = {}
  bytes = 0
  readonly buckets = new Map<number, number>()
  readonly sized = new Map<number, number>()

  add({ outcome, ms, size }: Outcome): void {
    this.requests += 1
    if (outcome === '5xx' || outcome === 'refused' || outcome === 'broken') this.errors += 1
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1
    const bucket = bucketOf(ms)
    this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + 1)
    if (size === undefined) return
    const sized = bucketOf(size / 1000)
    this.sized.set(sized, (this.sized.get(sized) ?? 0) + 1)
  }

  get counts(): ArmCounts {
    return {
      ...{ requests: this.requests, errors: this.errors, outcomes: this.outcomes, bytes: 0 },
      latency: [...this.buckets],
      ...(this.sized.size > 0 && { sizes: [...this.sized] }),
    }
  }
}

/** The batch of a second. */
export function makeSecond(
  random: Random,
  share: number,
  second: number,
  load: Load,
  serve: Serve,
): Batch {
  const arms = { baseline: new Counts(), canary: new Counts() }
  const mean = typeof load === 'number' ? load : load(random, second)
  for (let left = poisson(random, mean); left > 0; left -= 1) {
    const arm = random() < share ? 'canary' : 'baseline'
    arms[arm].add(serve(random, arm, second))
  }
  return {
    ...{ at: second * 1000, share },
    ...{ baseline: arms.baseline.counts, canary: arms.canary.counts },
  }
}

export interface Ending {
  end: 'proven' | 'unproven' | 'held' | 'rolled back'
  second: number
  metric: string | null
  /** Requests that were assigned to the canary. */
  assigned: number
  /** The second in which the watch after the promotion rolls it back, from the canary's start. */
  takenBack: number | null
}

/** The time of `watch` of an environment, which follows a promotion that was proven. */
const provenWatchMs = 5 * 60_000

/** A canary with the keys and settings that ship, until it ends, or until its watch ends. */
export function runCanary(
  seed: number,
  load: Load,
  makeServe: () => Serve,
  isWatched = false,
): Ending {
  const random = generator((firstSeed + seed - 1) * 7919)
  const judge = createJudge(shipped)
  const serve = makeServe()
  const batches: Batch[] = []
  let [seen, assigned] = [0, 0]
  for (let second = 0; ; second += 1) {
    const elapsed = second * 1000
    const perSecond = second < 10 ? null : seen / second
    const share = shareAt(elapsed, plan, perSecond)
    const batch = makeSecond(random, share, second, load, serve)
    seen += batch.baseline.requests + batch.canary.requests
    assigned += batch.canary.requests
    batches.push(batch)
    const hasAlarmed = judge.observe(batch)
    const isOver = elapsed + 1000 >= plan.most
    if (isOver) judge.see({ batches: [], sample: null, isOver })
    // A judgement with its intervals is expensive, and only matters when something may end.
    const mayEnd = hasAlarmed || isOver || (elapsed + 1000 >= plan.least && second % 5 === 0)
    if (!mayEnd) continue
    const judgement = judge.judge({ isOver })
    const decision = decideCanary({
      ...{ elapsed: elapsed + 1000, observed: elapsed + 1000, perSecond, plan, judgement },
      ...{ sick: null, hasNewerDeployment: false, contested: 0, promotedBy: null },
      isVerified: false,
    })
    const ended = { second: second + 1, metric: judgement.metric, assigned, takenBack: null }
    if (decision.do === 'take back') return { end: 'rolled back', ...ended }
    if (decision.do === 'wait') return { end: 'held', ...ended }
    if (decision.do !== 'promote') continue
    const length = decision.isProven ? provenWatchMs : plan.watch
    const serveAll = (from: number): Batch => makeSecond(random, 1, from, load, serve)
    const takenBack = isWatched ? watchAfter(batches, second + 1, length / 1000, serveAll) : null
    return { end: decision.isProven ? 'proven' : 'unproven', ...ended, takenBack }
  }
}

/** The second in which the watch of a promoted canary rolls it back; null when it does not. */
function watchAfter(
  batches: Batch[],
  from: number,
  seconds: number,
  serveAll: (second: number) => Batch,
): number | null {
  const canary = [{ batches, sample: null }]
  const watch = createWatch({ settings: shipped, canary, before: null, record: null })
  for (let second = from; second < from + seconds; second += 1) {
    watch.see({ batches: [serveAll(second)], sample: null })
    // The server reads every two seconds; ten make the simulation faster.
    if (second % 10 === 0 && watch.judge().isHarmful) return second + 1
  }
  return null
}

/** Serves each request with a rate of errors for each release, and log-normal latencies. */
export const plain =
  (rate: Record<Arm, number>, slower = 1): (() => Serve) =>
  () =>
  (random, arm) => ({
    outcome: random() < rate[arm] ? '5xx' : '2xx',
    ms: latencyOf(random) * (arm === 'canary' ? slower : 1),
  })

export const even = (rate: number): Record<Arm, number> => ({ baseline: rate, canary: rate })
