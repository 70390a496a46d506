import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  elapsedSteps,
  formatElapsed,
  formatInstant,
  labelsThatFit,
  logTicks,
  ratioRange,
} from './ticks.ts'

test.each([
  [0.4, 2.5, 6, [0.5, 1, 2]],
  [0.01, 100, 15, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]],
  [0.01, 100, 6, [0.01, 0.1, 1, 10, 100]],
  [0.01, 100, 3, [0.01, 1, 100]],
  [4.1, 4.9, 4, [4.2, 4.4, 4.6, 4.8]],
])('logarithmic ticks from %d to %d, at most %d', (low, high, most, ticks) => {
  expect(logTicks(low, high, most)).toEqual(ticks)
})

test('logarithmic ticks lie within the range, ascend, and stay within the limit', () => {
  const low = fc.double({ min: 1e-4, max: 1e5, noNaN: true })
  fc.assert(
    fc.property(
      low,
      fc.double({ min: 1.05, max: 1e6 }),
      fc.integer({ min: 2, max: 12 }),
      (a, b, most) => {
        const ticks = logTicks(a, a * b, most)
        expect(ticks.length).toBeLessThanOrEqual(most)
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(a * (1 - 1e-9))
          expect(tick).toBeLessThanOrEqual(a * b * (1 + 1e-9))
        }
        expect(ticks).toEqual(ticks.toSorted((one, other) => one - other))
      },
    ),
  )
})

test.each([
  [0, '0'],
  [30_000, '30 s'],
  [60_000, '1 min'],
  [90_000, '1 min 30 s'],
  [7_200_000, '2 h'],
])('formats a duration of %d ms as %s', (ms, text) => {
  expect(formatElapsed(ms)).toBe(text)
})

test('distances between ticks ascend', () => {
  expect(elapsedSteps).toEqual(elapsedSteps.toSorted((a, b) => a - b))
})

test('a moment is as exact as the ticks are close', () => {
  const at = new Date(2026, 10, 28, 9, 5, 7).getTime()
  expect(formatInstant(at, 1000)).toBe('09:05:07')
  expect(formatInstant(at, 3_600_000)).toBe('09:05')
  expect(formatInstant(at, 86_400_000)).toMatch(/28/)
})

test('a label that would overlap the one before or the end is left out', () => {
  expect(labelsThatFit([0, 10, 46, 100, 170], 46, 200)).toEqual([true, false, true, true, false])
})

test('the range of ratios includes 1 and stays readable for any values', () => {
  const isReadable = ([low, high]: [number, number]): boolean =>
    low <= 0.5 && high >= 2 && low >= 0.009 && high <= 111
  expect(isReadable(ratioRange([]))).toBe(true)
  expect(isReadable(ratioRange([null, 0, 1.1]))).toBe(true)
  expect(isReadable(ratioRange([1e-9, Number.POSITIVE_INFINITY, 1e6]))).toBe(true)
  expect(ratioRange([8])[1]).toBeGreaterThan(8)
})
