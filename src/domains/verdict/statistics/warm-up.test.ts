import { describe, expect, test } from 'vitest'
import { type ArmCounts, bucketOf } from '#contract/verdict/verdict.ts'
import { WarmUp } from './warm-up.ts'

const arm = (ms: number, requests = 50, instance = 'a'): ArmCounts => ({
  ...{ requests, errors: 0, outcomes: {}, bytes: 0, latency: [[bucketOf(ms), requests]] },
  instances: { [instance]: { requests, errors: 0, unfinished: 0 } },
})

/** The first second in which the canary is warm. */
function warmAt(latencyAt: (second: number) => ArmCounts, most = 60_000): number {
  const warmUp = new WarmUp(most)
  for (let second = 0; second < 300; second += 1) {
    if (warmUp.isOver(second * 1000)) return second
    warmUp.observe(second * 1000, latencyAt(second))
  }
  return Infinity
}

describe('the warm-up', () => {
  test('is over at once when none is wanted', () => {
    expect(new WarmUp(0).isOver(0)).toBe(true)
  })

  test('ends after two windows that do not differ', () => {
    expect(warmAt(() => arm(20))).toBe(11)
  })

  test('lasts while the latency falls', () => {
    const falls = warmAt((second) => arm(20 + 80 * Math.exp(-second / 8)))
    expect(falls).toBeGreaterThan(15)
    expect(falls).toBeLessThan(60)
  })

  test('ends after its longest time, however the latency falls', () => {
    expect(warmAt((second) => arm(1000 * 0.9 ** second))).toBeLessThanOrEqual(61)
    expect(warmAt(() => arm(20, 1), 30_000)).toBe(30)
  })

  test('begins with the first request', () => {
    const quiet: ArmCounts = { ...arm(20), latency: [], instances: {} }
    expect(warmAt((second) => (second < 100 ? quiet : arm(20)))).toBe(111)
  })

  test('begins again with a new instance', () => {
    const warmUp = new WarmUp(60_000)
    for (let second = 0; second < 20; second += 1) warmUp.observe(second * 1000, arm(20))
    expect(warmUp.isOver(20_000)).toBe(true)
    warmUp.observe(20_000, arm(20, 50, 'b'))
    expect(warmUp.isOver(21_000)).toBe(false)
  })
})
