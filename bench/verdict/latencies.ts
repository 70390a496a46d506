import { latencyBounds, noLatency } from '#contract/host/measurements.ts'
import type { ArmCounts } from '#contract/verdict/verdict.ts'
import { latencyOf } from '#domains/verdict/served.ts'
import { createJudge } from '#domains/verdict/statistics/judge.ts'
import { generator, normal } from '../../test/support/generator.ts'
import { median } from '../measure.ts'
import { runs, alpha, warmed, settings, makeBatch, detect } from './simulation.ts'
import { type Arm, firstSeed, type Random, shipped } from './streams.ts'

export function latencies(): void {
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
    'slower canaries, log-normal latencies (σ 0.5), share 50 %, requests to detection, ' +
      `${runs} runs each`,
  )
  console.log(
    '  harm                       oracle   no tolerance       tolerated        as shipped (ratio)',
  )
  for (const [name, draw, likely] of cases) {
    const found = (used: typeof settings): number[] =>
      Array.from({ length: runs }, (_, i) =>
        detect(
          i + 1,
          30_000,
          (random) => ({
            share: 0.5,
            requests: 1,
            errors: { baseline: 0, canary: 0 },
            latency: (arm) => draw(random, arm),
          }),
          { used, seconds: 0.1, earlier: earlierOf(i + 1, base) },
        ),
      ).flatMap((one) => one ?? [])
    const oracle = median(
      Array.from({ length: runs }, (_, i) =>
        oracleRequests(generator((firstSeed + i) * 7919), draw, (ms) => likely(ms) / density(ms)),
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

/** The latencies of fifteen minutes at ten requests a second, as the host counts them. */
function earlierOf(seed: number, draw: (random: Random) => number): ArmCounts['latency'] {
  const random = generator(seed * 104_729)
  const latency = noLatency()
  for (let i = 0; i < 9000; i += 1) {
    const ms = draw(random)
    const range = latencyBounds.findIndex((bound) => ms <= bound)
    latency.buckets[range] = (latency.buckets[range] ?? 0) + 1
  }
  return latencyOf([{ at: 0, outcomes: {}, bytes: 0, latency }])
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
export function units(): void {
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
