import { expect, test } from 'vitest'
import {
  formatTick,
  linear,
  linearTicks,
  logarithmic,
  logTicks,
  ratioDomain,
  timeTicks,
} from './scale.ts'

test('a scale maps its domain to its range, and keeps what lies outside on the edge', () => {
  const y = linear([0, 10], [100, 0])
  expect([0, 5, 10, 11, -3].map(y)).toEqual([100, 50, 0, 0, 100])
  expect(linear([3, 3], [0, 10])(3)).toBe(0)
})

test('a doubling is as long everywhere on a logarithmic scale; zero is on its edge', () => {
  const x = logarithmic([1, 16], [0, 400])
  expect([1, 2, 4, 16].map((value) => Math.round(x(value)))).toEqual([0, 100, 200, 400])
  expect([x(0), x(1e9)]).toEqual([0, 400])
})

test.each([
  [0, 1, 6, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [0, 0.35, 4, [0, 0.1, 0.2, 0.3]],
  [-3, 2.2, 6, [-3, -2, -1, 0, 1, 2]],
  [0, 12_000, 4, [0, 5000, 10_000]],
])('linear ticks from %d to %d, at most %d', (low, high, most, ticks) => {
  expect(linearTicks(low, high, most)).toEqual(ticks)
})

test.each([
  [0.4, 2.5, 6, [0.5, 1, 2]],
  [0.01, 100, 15, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]],
  [0.01, 100, 6, [0.01, 0.1, 1, 10, 100]],
  [0.01, 100, 3, [0.01, 1, 100]],
  [4.1, 4.9, 4, [4.2, 4.4, 4.6, 4.8]],
])('logarithmic ticks from %d to %d, at most %d', (low, high, most, ticks) => {
  expect(logTicks(low, high, most)).toEqual(ticks)
})

test.each([
  [8000, 5, ['0', '2 s', '4 s', '6 s', '8 s']],
  [120_000, 5, ['0', '30 s', '1 m', '1 m 30 s', '2 m']],
  [900_000, 4, ['0', '5 m', '10 m', '15 m']],
  [9_000_000, 4, ['0', '1 h', '2 h']],
  [0, 4, ['0']],
])('time ticks up to %d ms, at most %d', (high, most, ticks) => {
  expect(timeTicks(high, most).map(formatTick)).toEqual(ticks)
})

test('ratios are seen around 1, however wild or unknown they are', () => {
  const inside = (values: (number | null)[]) => {
    const [low, high] = ratioDomain(values)
    return low <= 0.5 && high >= 2 && low >= 0.009 && high <= 111
  }
  expect(inside([])).toBe(true)
  expect(inside([null, 0, 1.1])).toBe(true)
  expect(inside([1e-9, Number.POSITIVE_INFINITY, 1e6])).toBe(true)
  expect(ratioDomain([8])[1]).toBeGreaterThan(8)
})
