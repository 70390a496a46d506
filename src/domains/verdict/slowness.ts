import { type ArmCounts, middleOf, type VerdictSettings } from '#contract/verdict/verdict.ts'
import { logMeanExp } from './statistics/numbers.ts'

type Latency = ArmCounts['latency']

/** Length of a window in milliseconds, and the least requests for a window to count. */
const windowMs = 10_000
const leastRequests = 5
/** Milliseconds in which a new process may be slow. */
const coldMs = 60_000
/** Windows after which the test begins again, so that late harm is not diluted. */
const windowsInTest = 30
/** Least requests of the release before whose latencies are compared. */
const leastBefore = 50
/** The probability of a slow window that is bet on; under the null hypothesis it is at most ½. */
const bet = 0.9
/** Latencies are known within a factor of √2, so quantiles differ when they double. */
const doubled = 1.8

/** A quantile, and the part of the requests above its double that makes a window slow. */
const watched = [
  { quantile: 0.5, part: 0.5 },
  { quantile: 0.95, part: 0.1 },
]

interface Test {
  quantile: number
  /** milliseconds */
  before: number
  limit: number
  part: number
  windows: boolean[]
}

/**
 * Evidence that a release is much slower than the one before: windows of ten seconds in which more
 * than half of the requests take longer than twice the former median, or more than a tenth longer
 * than twice the former p95. A sign test over windows, which needs no shape of the distribution and
 * no independence within a window.
 */
export class Slowness {
  readonly #tests: Test[]
  #began: number | null = null
  #window: { began: number; latency: Latency } | null = null

  constructor(before: Latency, { harm, tolerance }: VerdictSettings) {
    const factor = Math.max(doubled, harm.latency)
    this.#tests =
      sumOf(before) < leastBefore
        ? []
        : watched.map(({ quantile, part }) => {
            const value = quantileOf(before, quantile)
            const limit = Math.max(value * factor, value + tolerance.slack)
            return { quantile, part, before: value, limit, windows: [] }
          })
  }

  add(at: number, latency: Latency): void {
    this.#began ??= at
    if (at - this.#began < coldMs) return
    this.#window ??= { began: at, latency: [] }
    this.#window.latency.push(...latency)
    if (at - this.#window.began < windowMs || sumOf(this.#window.latency) < leastRequests) return
    const { latency: all } = this.#window
    for (const test of this.#tests) test.windows.push(partAbove(all, test.limit) > test.part)
    this.#window = null
  }

  /** ln of the e-value of all tests, and the slowest quantile. */
  evidence(): { evidence: number; worst: { quantile: number; before: number } | null } {
    const all = this.#tests.map((test) => ({ ...test, evidence: lnEvidence(test.windows) }))
    const [worst = null] = all.toSorted((a, b) => b.evidence - a.evidence)
    return {
      evidence: all.length === 0 ? 0 : logMeanExp(all.map(({ evidence }) => evidence)),
      worst,
    }
  }
}

/** The nth test has the weight 1/(n(n + 1)), so all of them together are one e-value. */
function lnEvidence(windows: boolean[]): number {
  const tests = Math.ceil(windows.length / windowsInTest)
  const each = Array.from({ length: tests }, (_, i) =>
    windows
      .slice(i * windowsInTest, (i + 1) * windowsInTest)
      .reduce((sum, isSlow) => sum + Math.log(2 * (isSlow ? bet : 1 - bet)), 0),
  )
  const weights = each.map((_, i) => 1 / ((i + 1) * (i + 2)))
  return logMeanExp([...each, 0], [...weights, 1 / (tests + 1)])
}

const sumOf = (latency: Latency): number => latency.reduce((sum, [, count]) => sum + count, 0)

function partAbove(latency: Latency, limit: number): number {
  const above = latency.filter(([bucket]) => middleOf(bucket) > limit)
  return sumOf(above) / sumOf(latency)
}

/** A quantile in milliseconds. */
export function quantileOf(latency: Latency, quantile: number): number {
  const sorted = latency.toSorted(([a], [b]) => a - b)
  const wanted = quantile * sumOf(sorted)
  let below = 0
  for (const [bucket, count] of sorted) {
    below += count
    if (below >= wanted) return middleOf(bucket)
  }
  return 0
}
