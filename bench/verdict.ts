import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type ArmCounts, type Batch, bucketOf } from '#contract/verdict/verdict.ts'
import { createJudge } from '#domains/verdict/statistics/judge.ts'
import { riseEvidence, theta } from '#domains/verdict/statistics/errors.ts'
import { lnGamma, normalQuantile } from '#domains/verdict/statistics/numbers.ts'
import { generator, normal, poisson } from '../test/support/generator.ts'
import { median } from './measure.ts'
import { printErrorsAlone } from './verdict/errors-alone.ts'
import { printHarm, printIdentical, printTimes } from './verdict/canaries.ts'
import { shipped } from './verdict/streams.ts'

const nullRuns = Number(process.env['BENCH_RUNS'] ?? 1000)
const runs = Math.min(300, nullRuns)
const alpha = 0.01
/** As shipped, without the warm-up. */
const warmed = { ...shipped, warm: 0 }
/** Without tolerance and warm-up, to compare with tests that have neither. */
const settings = { ...shipped, tolerance: { errors: 0, latency: 0, slack: 0 }, warm: 0 }

type Random = () => number
type Arm = 'baseline' | 'canary'

const none = (): ArmCounts => ({ requests: 0, errors: 0, outcomes: {}, bytes: 0, latency: [] })

interface Made {
  share: number
  requests: number
  errors: Record<Arm, number>
  latency?: (arm: Arm) => number
}

function makeBatch(random: Random, { share, requests, errors, latency }: Made, second = 0): Batch {
  const arms = { baseline: none(), canary: none() }
  for (let i = 0; i < requests; i += 1) {
    const arm = random() < share ? 'canary' : 'baseline'
    arms[arm].requests += 1
    if (random() < errors[arm]) arms[arm].errors += 1
    // One entry for each request: the judge adds them up.
    if (latency) arms[arm].latency.push([bucketOf(latency(arm)), 1])
  }
  return { at: second * 1000, share, ...arms }
}

/** Runs the judge over batches until it alarms; the requests it took, or null. */
function detect(
  seed: number,
  batches: number,
  make: (random: Random, i: number) => Made,
  used = settings,
): number | null {
  const random = generator(seed * 7919)
  const judge = createJudge(used)
  let requests = 0
  for (let i = 0; i < batches; i += 1) {
    const made = make(random, i)
    requests += made.requests
    if (judge.observe(makeBatch(random, made, i))) return requests
  }
  return null
}

/** Bytes that are still in use after everything else was collected. */
function heap(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage().heapUsed
}

const percent = (value: number): string => `${(value * 100).toFixed(2)} %`.padStart(8)

/** Each part by name; `BENCH_VERDICT=errors` runs one of them. */
const parts: Record<string, () => void> = {
  identical: () => printIdentical(nullRuns),
  harm: () => printHarm(runs),
  times: () => printTimes(Math.min(100, runs)),
  'false alarms': falseAlarms,
  alone: () => printErrorsAlone(Math.min(100, runs)),
  errors: errorsPerMinute,
  latency: latencies,
  units,
  sessions,
  metrics: fiveMetrics,
  cost: costs,
}

export async function run(): Promise<void> {
  const wanted = process.env['BENCH_VERDICT']
  for (const [name, part] of Object.entries(parts))
    if (wanted === undefined || wanted === name) part()
}

function falseAlarms(): void {
  const ramp = (i: number): number =>
    [0.01, 0.05, 0.25, 0.5][Math.min(3, Math.floor(i / 50))] ?? 0.5
  const even = (rate: number) => ({ baseline: rate, canary: rate })
  const latency = (random: Random) => (): number => 20 * Math.exp(0.5 * normal(random))
  const autocorrelated = (rho: number) => {
    let [state, seen] = [0, -1]
    return (random: Random, i: number): Made => {
      if (i <= seen) state = 0
      seen = i
      state = rho * state + Math.sqrt(1 - rho * rho) * normal(random)
      const load = Math.exp(state)
      const rate = Math.min(0.9, 0.02 * Math.exp(2 * state))
      return {
        share: ramp(i),
        requests: Math.round(20 * load),
        errors: even(rate),
        latency: () => load * latency(random)(),
      }
    }
  }
  const cases: [string, (random: Random, i: number) => Made][] = [
    [
      'share 1 %, errors 1 %',
      (random) => ({ share: 0.01, requests: 20, errors: even(0.01), latency: latency(random) }),
    ],
    [
      'share 50 %, no errors',
      (random) => ({ share: 0.5, requests: 20, errors: even(0), latency: latency(random) }),
    ],
    [
      'share 10 %, errors 50 %',
      (random) => ({ share: 0.1, requests: 20, errors: even(0.5), latency: latency(random) }),
    ],
    [
      'ramp 1→5→25→50 %',
      (random, i) => ({
        share: ramp(i),
        requests: 20,
        errors: even(0.02),
        latency: latency(random),
      }),
    ],
    [
      'ramp, bursts of load and errors',
      (random, i) => ({
        share: ramp(i),
        requests: i % 10 < 2 ? 80 : 5,
        errors: even(i % 10 < 2 ? 0.5 : 0.01),
        latency: latency(random),
      }),
    ],
    [
      'ramp, a day of load',
      (random, i) => ({
        share: ramp(i),
        requests: Math.round(20 + 18 * Math.sin(i / 16)),
        errors: even(0.02 + 0.018 * Math.sin(i / 16)),
        latency: latency(random),
      }),
    ],
    ['ramp, autocorrelated load, ρ 0.6', autocorrelated(0.6)],
    ['ramp, autocorrelated load, ρ 0.9', autocorrelated(0.9)],
  ]
  console.log(
    `false alarms, looking after every batch of some 20 requests, 200 batches, α = 1 %, ${nullRuns} runs each`,
  )
  for (const [name, make] of cases) {
    let alarms = 0
    for (let seed = 1; seed <= nullRuns; seed += 1)
      if (detect(seed, 200, make) !== null) alarms += 1
    console.log(`  ${name.padEnd(36)} ${percent(alarms / nullRuns)}`)
  }
}

/**
 * Errors come a minute at a time, for 50 minutes; `exposure` is how much more traffic the baseline
 * has.
 */
function errorsPerMinute(): void {
  const cases: [number, number, number][] = [
    [0, 0.3, 1],
    [0.02, 0.2, 1],
    [1, 2, 1],
    [5, 6, 1],
    [1, 2, 9],
    [1, 1, 1],
  ]
  console.log(`probability to detect within 50 minutes, ${runs} runs each`)
  console.log(
    '  errors a minute          ours   errors alone   oracle  exact at the end   rank test   threshold   minutes, median (oracle)',
  )
  for (const [before, after, exposure] of cases) {
    const found = { ours: 0, alone: 0, oracle: 0, exact: 0, ranks: 0, threshold: 0 }
    const minutes: { ours: number[]; oracle: number[] } = { ours: [], oracle: [] }
    const share = 1 / (1 + exposure)
    const ratio = before === 0 ? Infinity : after / before
    for (let seed = 1; seed <= runs; seed += 1) {
      const random = generator(seed * 7919)
      const judge = createJudge(settings)
      const points: Record<Arm, number[]> = { baseline: [], canary: [] }
      const at = { ours: 0, alone: 0, oracle: 0, threshold: 0 }
      const seen = { baseline: 0, canary: 0 }
      let lnOracle = 0
      for (let minute = 1; minute <= 50; minute += 1) {
        const errors = {
          baseline: poisson(random, before * exposure),
          canary: poisson(random, after),
        }
        points.baseline.push(errors.baseline / exposure)
        points.canary.push(errors.canary)
        const quiet = (size: number): ArmCounts => ({ ...none(), requests: size })
        const failed = (isOne: boolean): ArmCounts =>
          isOne ? { ...none(), requests: 1, errors: 1 } : none()
        const time = minute * 60_000
        const batches: Batch[] = [
          { at: time, share, baseline: quiet(1000 * exposure), canary: quiet(1000) },
          // Errors are independent of each other: each has a second of its own.
          ...inRandomOrder(random, errors).map((which, i) => ({
            ...{ at: time + (i + 1) * 1000, share },
            baseline: failed(which === 'baseline'),
            canary: failed(which === 'canary'),
          })),
        ]
        if (batches.map((one) => judge.observe(one)).some(Boolean)) at.ours ||= minute
        seen.baseline += errors.baseline
        seen.canary += errors.canary
        if (riseEvidence([{ share, requests: seen, errors: seen }], 1) >= Math.log(1 / alpha))
          at.alone ||= minute
        lnOracle += errors.canary * Math.log(oracleTheta(ratio, share) / share)
        if (errors.baseline > 0)
          lnOracle += errors.baseline * Math.log((1 - oracleTheta(ratio, share)) / (1 - share))
        if (ratio > 1 && lnOracle >= Math.log(1 / alpha)) at.oracle ||= minute
        // Twice the mean of the baseline so far, and at least one more: what people write.
        const mean = points.baseline.reduce((sum, value) => sum + value, 0) / minute
        if (errors.canary > Math.max(1, 2 * mean)) at.threshold ||= minute
      }
      if (at.ours) minutes.ours.push(at.ours)
      if (at.oracle) minutes.oracle.push(at.oracle)
      found.ours += at.ours ? 1 : 0
      found.alone += at.alone ? 1 : 0
      found.oracle += at.oracle ? 1 : 0
      found.threshold += at.threshold ? 1 : 0
      const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
      found.exact +=
        exactTail(
          sum(points.canary),
          sum(points.canary) + Math.round(sum(points.baseline) * exposure),
          share,
        ) < alpha
          ? 1
          : 0
      found.ranks += isHigh(points.canary, points.baseline) ? 1 : 0
    }
    const part = (count: number): string => (count / runs).toFixed(3)
    const name = `${before} → ${after}${exposure > 1 ? `, baseline ×${exposure}` : ''}`
    const times =
      minutes.ours.length > 0
        ? `${median(minutes.ours)} (${minutes.oracle.length > 0 ? median(minutes.oracle) : '–'})`
        : '–'
    console.log(
      `  ${name.padEnd(22)} ${part(found.ours)}      ${part(found.alone)}       ${part(found.oracle)}      ${part(found.exact)}          ${part(found.ranks)}       ${part(found.threshold)}      ${times}`,
    )
  }
}

function inRandomOrder(random: Random, left: Record<Arm, number>): Arm[] {
  const order: Arm[] = []
  for (let { baseline, canary } = left; baseline + canary > 0;) {
    const isCanary = random() * (baseline + canary) < canary
    if (isCanary) canary -= 1
    else baseline -= 1
    order.push(isCanary ? 'canary' : 'baseline')
  }
  return order
}

const oracleTheta = (ratio: number, share: number): number =>
  ratio === Infinity ? 1 : theta(ratio, share)

/** P(at least k of n) with the probability p. */
function exactTail(k: number, n: number, p: number): number {
  let sum = 0
  for (let i = k; i <= n; i += 1)
    sum += Math.exp(
      lnGamma(n + 1) -
        lnGamma(i + 1) -
        lnGamma(n - i + 1) +
        i * Math.log(p) +
        (n - i) * Math.log(1 - p),
    )
  return n === 0 ? 1 : sum
}

/**
 * A Mann-Whitney rule with a fixed window, as canary judges have it: high when the lower end of the
 * 98 % confidence interval of the shift is above a quarter of its estimate. By order statistics of
 * the differences, normal approximation.
 */
function isHigh(canary: number[], baseline: number[]): boolean {
  const differences = canary.flatMap((c) => baseline.map((b) => c - b)).toSorted((a, b) => a - b)
  const [n, m] = [canary.length, baseline.length]
  const k = Math.floor((n * m) / 2 - normalQuantile(0.99) * Math.sqrt((n * m * (n + m + 1)) / 12))
  return (differences[k] ?? 0) > 0.25 * Math.abs(median(differences)) && (differences[k] ?? 0) > 0
}

function latencies(): void {
  const base = (random: Random): number => 20 * Math.exp(0.5 * normal(random))
  const shifted = (factor: number) => (random: Random, arm: Arm) =>
    base(random) * (arm === 'canary' ? factor : 1)
  const partly = (part: number, factor: number) => (random: Random, arm: Arm) =>
    base(random) * (arm === 'canary' && random() < part ? factor : 1)
  const density = (ms: number): number => Math.exp(-((Math.log(ms / 20) / 0.5) ** 2) / 2) / ms
  const cases: [string, (random: Random, arm: Arm) => number, (ms: number) => number][] = [
    ...[1.05, 1.1, 1.25, 2].map((factor): (typeof cases)[number] => [
      `×${factor}`,
      shifted(factor),
      (ms) => density(ms / factor) / factor,
    ]),
    [
      '2 % ten times slower',
      partly(0.02, 10),
      (ms) => 0.98 * density(ms) + (0.02 * density(ms / 10)) / 10,
    ],
    [
      'half 1.5 times slower',
      partly(0.5, 1.5),
      (ms) => 0.5 * density(ms) + (0.5 * density(ms / 1.5)) / 1.5,
    ],
  ]
  console.log(
    `slower canaries, log-normal latencies (σ 0.5), share 50 %, requests to detection, ${runs} runs each`,
  )
  console.log(
    '  harm                       oracle   no tolerance       tolerated        as shipped (ratio)',
  )
  for (const [name, draw, likely] of cases) {
    const found = (used: typeof settings): number[] =>
      Array.from({ length: runs }, (_, i) =>
        detect(
          i + 1,
          3000,
          (random) => ({
            share: 0.5,
            requests: 10,
            errors: { baseline: 0, canary: 0 },
            latency: (arm) => draw(random, arm),
          }),
          used,
        ),
      ).flatMap((one) => one ?? [])
    const oracle = median(
      Array.from({ length: runs }, (_, i) =>
        oracleRequests(generator((i + 1) * 7919), draw, (ms) => likely(ms) / density(ms)),
      ),
    )
    const cells = [settings, warmed, shipped].map((used) => {
      const some = found(used)
      const at = some.length * 2 < runs ? NaN : median(some)
      return `${Number.isNaN(at) ? '–' : at} (${(at / oracle).toFixed(2)})`.padStart(16)
    })
    console.log(`  ${name.padEnd(24)} ${String(oracle).padStart(8)} ${cells.join(' ')}`)
  }
}

/** The sequential probability ratio test that knows the harm, on the labels. */
function oracleRequests(
  random: Random,
  draw: (random: Random, arm: Arm) => number,
  odds: (ms: number) => number,
): number {
  let ln = 0
  for (let n = 1; n <= 30_000; n += 1) {
    const arm = random() < 0.5 ? 'canary' : 'baseline'
    const times = odds(draw(random, arm))
    ln += Math.log((arm === 'canary' ? times : 1) / (0.5 * times + 0.5))
    if (ln >= Math.log(1 / alpha)) return n
  }
  return 30_000
}

/** The same latencies in another unit. */
function units(): void {
  const verdicts = [0.001, 1, 1000].map((unit) => {
    const random = generator(1)
    const judge = createJudge(settings)
    for (let i = 0; i < 200; i += 1)
      judge.observe(
        makeBatch(
          random,
          {
            share: 0.5,
            requests: 20,
            errors: { baseline: 0.01, canary: 0.01 },
            latency: (arm) =>
              unit * 20 * Math.exp(0.5 * normal(random)) * (arm === 'canary' ? 1.05 : 1),
          },
          i,
        ),
      )
    return judge.judge()
  })
  const cells = verdicts.map(
    ({ verdict, evidence }) => `${verdict}, evidence ${evidence.toFixed(3)}`,
  )
  console.log(`the unit: latencies in seconds, milliseconds, microseconds: ${cells.join('; ')}`)
}

/**
 * What it costs to assign sessions instead of requests: a session fails once, however many of its
 * requests do.
 */
function sessions(): void {
  console.log(
    `sessions, errors 1 → 2 % of requests, share 50 %, requests to detection, ${runs} runs each`,
  )
  let single = 0
  for (const length of [1, 2, 5, 20]) {
    const failing = (rate: number): number => 1 - (1 - rate) ** length
    const found = Array.from({ length: runs }, (_, i) =>
      detect(i + 1, 20_000, () => ({
        share: 0.5,
        requests: 20,
        errors: { baseline: failing(0.01), canary: failing(0.02) },
      })),
    ).flatMap((one) => one ?? [])
    const requests = median(found) * length
    if (length === 1) single = requests
    console.log(
      `  ${String(length).padStart(2)} requests a session   ${Math.round(requests).toLocaleString('en-US').padStart(8)}   ${(requests / single).toFixed(2)} times`,
    )
  }
}

/** What it costs to look at five metrics when one of them tells. */
function fiveMetrics(): void {
  const names = ['a', 'b', 'c', 'd', 'e']
  const metric = {
    kind: 'rate',
    of: 'requests',
    tolerance: 0,
    worse: 'higher',
    advisory: false,
  } as const
  const requestsWith = (count: number): number => {
    const used = names.slice(0, count)
    const metrics = Object.fromEntries(used.map((name) => [name, metric]))
    const found = Array.from({ length: runs }, (_, i) => {
      const random = generator(i + 1)
      const judge = createJudge({ ...settings, metrics })
      for (let n = 1; n <= 5000; n += 1) {
        const batch = makeBatch(
          random,
          {
            share: 0.5,
            requests: 20,
            errors: { baseline: 0, canary: 0 },
          },
          n,
        )
        const routes = (arm: Arm) =>
          Object.fromEntries(
            used.map((name) => {
              const rate = name === 'a' && arm === 'canary' ? 0.04 : 0.02
              const failed = Array.from({ length: batch[arm].requests }).filter(
                () => random() < rate,
              ).length
              return [name, [batch[arm].requests, failed] as [number, number]]
            }),
          )
        const baseline = { ...batch.baseline, routes: routes('baseline') }
        if (
          judge.observe({
            ...batch,
            baseline,
            canary: { ...batch.canary, routes: routes('canary') },
          })
        )
          return n * 20
      }
      return null
    }).flatMap((one) => one ?? [])
    return median(found)
  }
  const [one, five] = [requestsWith(1), requestsWith(5)]
  console.log(
    `five metrics of which one doubles, beside it alone: ${five} and ${one} requests to detection, ${(five / one).toFixed(2)} times`,
  )
}

function costs(): void {
  const random = generator(1)
  const batches = Array.from({ length: 100 }, () =>
    makeBatch(random, {
      share: 0.5,
      requests: 1000,
      errors: { baseline: 0.01, canary: 0.01 },
      latency: () => 20 * Math.exp(0.5 * normal(random)),
    }),
  )
  const judge = createJudge(settings)
  const time = (work: () => void): number => {
    const began = performance.now()
    work()
    return performance.now() - began
  }
  const first = time(() => batches.forEach((one) => judge.observe(one)))
  const before = heap()
  for (let i = 0; i < 9; i += 1) for (const one of batches) judge.observe(one)
  const last = time(() => batches.forEach((one) => judge.observe(one)))
  const asked = time(() => {
    for (let i = 0; i < 100; i += 1) judge.judge()
  })
  console.log('cost, batches of 1,000 requests')
  console.log(
    `  first 100,000 requests ${((first * 1e6) / 1e5).toFixed(0)} ns each, after 1,000,000 more ${((last * 1e6) / 1e5).toFixed(0)} ns each`,
  )
  console.log(
    `  a judgement with its intervals ${(asked / 100).toFixed(2)} ms; heap grown by ${((heap() - before) / 1e6).toFixed(1)} MB`,
  )
}
