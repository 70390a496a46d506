import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketOf, middleOf } from '#contract/verdict/verdict.ts'
import { barsOf } from './bars.ts'

const counted = (latencies: number[]): [number, number][] => {
  const sums = new Map<number, number>()
  for (const latency of latencies)
    sums.set(bucketOf(latency), (sums.get(bucketOf(latency)) ?? 0) + 1)
  return [...sums].toSorted(([a], [b]) => a - b).map(([bucket, count]) => [middleOf(bucket), count])
}

test('no requests make no bars', () => {
  expect(barsOf({ baseline: [], canary: [] }, 40)).toEqual([])
})

test('one request makes one bar, which is empty for the other release', () => {
  const bars = barsOf({ baseline: [[5, 1]], canary: [] }, 40)
  const filled = bars.filter((bar) => bar.baseline > 0)
  expect(filled).toHaveLength(1)
  expect(filled[0]).toMatchObject({ baseline: 1, canary: 0 })
  expect(filled[0]!.from).toBeLessThanOrEqual(5)
  expect(filled[0]!.to).toBeGreaterThan(5)
})

test('each bar counts the requests between its edges, and all bars count all requests', () => {
  const latencies = fc.array(fc.double({ min: 0.05, max: 60_000, noNaN: true }), {
    minLength: 1,
    maxLength: 200,
  })
  fc.assert(
    fc.property(latencies, latencies, fc.integer({ min: 1, max: 80 }), (a, b, most) => {
      const view = { baseline: counted(a), canary: counted(b) }
      const bars = barsOf(view, most)
      expect(bars.length).toBeLessThanOrEqual(most)
      for (const arm of ['baseline', 'canary'] as const) {
        expect(bars.reduce((sum, bar) => sum + bar[arm], 0)).toBeCloseTo(1)
        const all = view[arm].reduce((sum, [, requests]) => sum + requests, 0)
        for (const bar of bars) {
          const within = view[arm].filter(([ms]) => ms > bar.from && ms < bar.to)
          expect(bar[arm]).toBeCloseTo(
            within.reduce((sum, [, requests]) => sum + requests, 0) / all,
          )
        }
      }
      const widths = bars.map((bar) => Math.log(bar.to / bar.from))
      for (const width of widths) expect(width).toBeCloseTo(widths[0]!)
      bars.slice(1).forEach((bar, i) => expect(bar.from / bars[i]!.to).toBeCloseTo(1))
    }),
  )
})
