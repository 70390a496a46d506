import { describe, expect, test } from 'vitest'
import { generator, normal } from '../../../../test/support/generator.ts'
import { bucketOf } from '#contract/verdict/verdict.ts'
import { LatencyEvidence } from './latency.ts'

const none = { latency: 0, slack: 0 }
const alarm = Math.log(1 / 0.01)

const earlierAt = (random: () => number, median: number): [number, number][] =>
  Array.from({ length: 2000 }, () => [bucketOf(median * Math.exp(0.5 * normal(random))), 1])

/** Requests until the alarm when the canary is `factor` times slower; `most` without an alarm. */
function requestsUntilAlarm(
  seed: number,
  factor: number,
  { earlier, most }: { earlier: number | null; most: number },
): number {
  const random = generator(seed)
  const evidence = new LatencyEvidence(none)
  if (earlier !== null) evidence.rank(earlierAt(random, earlier))
  for (let n = 1; n <= most; n += 1) {
    const isCanary = random() < 0.5
    const ms = 20 * Math.exp(0.5 * normal(random)) * (isCanary ? factor : 1)
    const one: [number, number][] = [[bucketOf(ms), 1]]
    evidence.observe(n * 100, 0.5, isCanary ? [] : one, isCanary ? one : [])
    if (evidence.evidence() >= alarm) return n
  }
  return most
}

const seeds = Array.from({ length: 40 }, (_, i) => i + 1)
const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[20] ?? 0

describe('latencies from before the canary', () => {
  test('let a canary that is twice as slow be found earlier', () => {
    const median = (earlier: number | null): number =>
      middle(seeds.map((seed) => requestsUntilAlarm(seed, 2, { earlier, most: 300 })))
    expect(median(20)).toBeLessThan(0.75 * median(null))
  })

  test.each([1, 20, 400])('raise no false alarm when their median was %i ms', (earlier) => {
    const most = 200
    const alarms = seeds.filter((seed) => requestsUntilAlarm(seed, 1, { earlier, most }) < most)
    expect(alarms.length).toBeLessThanOrEqual(2)
  })

  test('from another time do not hide a canary that is twice as slow', () => {
    const found = seeds.filter(
      (seed) => requestsUntilAlarm(seed, 2, { earlier: 400, most: 4000 }) < 4000,
    )
    expect(found.length).toBe(seeds.length)
  })

  test('are no evidence by themselves', () => {
    const evidence = new LatencyEvidence(none)
    evidence.rank([])
    evidence.rank(earlierAt(generator(1), 20))
    expect(evidence.evidence()).toBeCloseTo(0, 9)
  })
})
