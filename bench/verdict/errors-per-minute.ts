import type { ArmCounts, Batch } from '#contract/verdict/verdict.ts'
import { createJudge } from '#domains/verdict/statistics/judge.ts'
import { riseEvidence, theta } from '#domains/verdict/statistics/errors.ts'
import { lnGamma, normalQuantile } from '#domains/verdict/statistics/numbers.ts'
import { generator, poisson } from '../../test/support/generator.ts'
import { median } from '../measure.ts'
import { runs, alpha, settings, none } from './simulation.ts'
import { type Arm, firstSeed, type Random } from './streams.ts'

/**
 * Errors come a minute at a time, for 50 minutes; `exposure` is how much more traffic the baseline
 * has.
 */
export function errorsPerMinute(): void {
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
    '  errors a minute          ours   errors alone   oracle  exact at the end   rank test' +
      '   threshold   minutes, median (oracle)',
  )
  for (const [before, after, exposure] of cases) {
    const found = { ours: 0, alone: 0, oracle: 0, exact: 0, ranks: 0, threshold: 0 }
    const minutes: { ours: number[]; oracle: number[] } = { ours: [], oracle: [] }
    const share = 1 / (1 + exposure)
    const ratio = before === 0 ? Infinity : after / before
    for (let seed = 1; seed <= runs; seed += 1) {
      const random = generator((firstSeed + seed - 1) * 7919)
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
        const isOver = minute === 50 && ({ isOver: true } as const)
        judge.see({ batches, sample: null, ...isOver })
        if (judge.judge().verdict === 'harmful') at.ours ||= minute
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
      `  ${name.padEnd(22)} ${part(found.ours)}      ${part(found.alone)}       ` +
        `${part(found.oracle)}      ${part(found.exact)}          ${part(found.ranks)}       ` +
        `${part(found.threshold)}      ${times}`,
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
