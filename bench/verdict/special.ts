import type { MetricSettings, Reading } from '#contract/verdict/metric.ts'
import { type ArmCounts, bucketOf } from '#contract/verdict/verdict.ts'
import { createJudge } from '#domains/verdict/statistics/judge.ts'
import { generator, poisson } from '../../test/support/generator.ts'
import { none, percent } from './simulation.ts'
import { type Arm, shipped } from './streams.ts'

const seconds = 900
const shareAt = (second: number): number => (second < 40 ? 0.05 : second < 80 ? 0.2 : 0.5)

/**
 * Identical releases of an app with a dependency that is away: the baseline waits 15 seconds for
 * it, the canary fails at once. True once the judge has raised an alarm.
 */
function timesOut(seed: number, rate: number): boolean {
  const random = generator(seed * 104_729)
  const judge = createJudge(shipped)
  /** The seconds in which open requests of the baseline end. */
  const ends: number[] = []
  for (let second = 0; second < seconds; second += 1) {
    const share = shareAt(second)
    const arms = { baseline: { ...none(), late: {} }, canary: { ...none(), late: {} } }
    for (let left = poisson(random, 20); left > 0; left -= 1) {
      const arm = random() < share ? 'canary' : 'baseline'
      const outcome = random() >= rate ? '2xx' : arm === 'canary' ? '5xx' : 'open'
      count(arms[arm], outcome, outcome === 'open' ? 10_000 : 20 + 20 * random())
      if (outcome === 'open') ends.push(second + 6)
    }
    const ended = ends.filter((end) => end === second).length
    const baseline = { ...arms.baseline, ...(ended > 0 && { late: { '5xx': ended } }) }
    if (judge.observe({ at: second * 1000, share, baseline, canary: arms.canary })) return true
  }
  return false
}

function count(arm: ArmCounts, outcome: string, ms: number): void {
  arm.requests += 1
  if (outcome === '5xx') arm.errors += 1
  arm.outcomes[outcome] = (arm.outcomes[outcome] ?? 0) + 1
  arm.latency.push([bucketOf(ms), 1])
}

/** A counter of failures that come `size` at once. True once the judge has raised an alarm. */
function clusters(seed: number, size: number, of: MetricSettings['of']): boolean {
  const random = generator(seed * 15_485_863)
  const jobs: MetricSettings = {
    ...{ kind: 'rate', of, tolerance: 0.1, worse: 'higher', advisory: false },
  }
  const judge = createJudge({ ...shipped, metrics: { jobs } })
  const counters = { baseline: [0, 0], canary: [0, 0] }
  for (let second = 0; second < seconds; second += 5) {
    for (const arm of ['baseline', 'canary'] as const) {
      const [bad = 0, all = 0] = counters[arm]
      counters[arm] = [bad + size * poisson(random, 1 / size), all + poisson(random, 100)]
    }
    const reading = (arm: Arm): Reading[] => [
      { instance: arm, numbers: counters[arm].slice(0, of === 'seconds' ? 1 : 2) },
    ]
    const readings = { baseline: reading('baseline'), canary: reading('canary') }
    if (judge.read({ at: second * 1000, metrics: { jobs: readings } })) return true
  }
  return false
}

const partOf = (runs: number, hasAlarmed: (seed: number) => boolean): string =>
  percent(Array.from({ length: runs }, (_, i) => hasAlarmed(i + 1)).filter(Boolean).length / runs)

/** False alarms in cases that the random choice does not cover. */
export function printSpecial(runs: number): void {
  console.log(`false alarms in special cases, settings that ship, ${runs} canaries each`)
  for (const rate of [0.02, 0.05, 0.2, 1]) {
    const name = `${rate * 100} % time out before, fail at once`
    console.log(`  ${name.padEnd(46)} ${partOf(runs, (seed) => timesOut(seed, rate))}`)
  }
  for (const per of ['events', 'seconds'] as const)
    for (const size of [1, 3, 10, 20]) {
      const name = `an own metric per ${per}, failures ${size} at once`
      console.log(`  ${name.padEnd(46)} ${partOf(runs, (seed) => clusters(seed, size, per))}`)
    }
}
