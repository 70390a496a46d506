import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pinched } from './pinch.ts'

const whole: [number, number] = [0, 1000]

test('fingers that spread zoom in around their middle, and beyond the ends is nothing', () => {
  expect(pinched([0, 1000], { before: [0.25, 0.5], now: [0.25, 0.75], whole })).toEqual([125, 625])
  expect(pinched([250, 750], { before: [0.25, 0.75], now: [0.4, 0.6], whole })).toEqual(whole)
  expect(pinched([100, 300], { before: [0.25, 0.5], now: [0.75, 1], whole })).toEqual([0, 200])
  // Fingers that cross, or are at one place, change nothing.
  expect(pinched([100, 300], { before: [0.2, 0.4], now: [0.4, 0.2], whole })).toEqual([100, 300])
  expect(pinched([100, 300], { before: [0.2, 0.2], now: [0.1, 0.4], whole })).toEqual([100, 300])
})

test('what was below a finger stays below it, unless an end of the data is in the way', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  const apart = fc.tuple(share, share).filter(([a, b]) => Math.abs(a - b) > 0.05)
  fc.assert(
    fc.property(apart, apart, (before, now) => {
      fc.pre((now[1] - now[0]) * (before[1] - before[0]) > 0)
      const range: [number, number] = [400, 600]
      const [low, high] = pinched(range, { before, now, whole })
      expect(low).toBeGreaterThanOrEqual(whole[0])
      expect(high).toBeLessThanOrEqual(whole[1] + 1e-6)
      if (low === whole[0] || high > whole[1] - 1e-6) return
      for (const i of [0, 1] as const)
        expect(low + now[i] * (high - low)).toBeCloseTo(400 + before[i] * 200, 6)
    }),
  )
})
