import { expect, test } from 'vitest'
import { latencyBounds, noLatency } from '#contract/host/measurements.ts'
import { middleOf } from '#contract/verdict/verdict.ts'
import { latencyOf } from './served.ts'

const second = (buckets: Record<string, number>) => ({
  ...{ at: 0, outcomes: {}, bytes: 0 },
  latency: { ...noLatency(), buckets },
})

test('spreads each range of latencies over the buckets of a verdict, and loses no request', () => {
  for (const index of [0, 1, 12, latencyBounds.length - 1, latencyBounds.length])
    for (const count of [1, 7, 1000]) {
      const latency = latencyOf([second({ [index]: count })])
      expect(latency.reduce((sum, [, some]) => sum + some, 0)).toBe(count)
      const high = latencyBounds[index] ?? (latencyBounds.at(-1) ?? 0) * Math.SQRT2
      for (const [bucket] of latency) {
        expect(middleOf(bucket)).toBeGreaterThan((high / Math.SQRT2) * 0.98)
        expect(middleOf(bucket)).toBeLessThan(high * 1.02)
      }
      if (count === 1000) expect(Math.max(...latency.map(([, some]) => some))).toBeLessThan(100)
    }
})

test('adds several seconds up, in the order of buckets without gaps or overlaps', () => {
  const latency = latencyOf([second({ 12: 40, 13: 40 }), second({ 13: 40, 11: 40 })])
  const buckets = latency.map(([bucket]) => bucket)
  expect(buckets).toEqual(buckets.toSorted((a, b) => a - b))
  expect(new Set(buckets).size).toBe(buckets.length)
  expect(latency.reduce((sum, [, some]) => sum + some, 0)).toBe(160)
})

test('is empty without requests', () => {
  expect(latencyOf([])).toEqual([])
})
