import { expect, test } from 'vitest'
import {
  errorRate,
  formatCount,
  formatEvidence,
  formatMilliseconds,
  formatRange,
  formatRatio,
  formatShare,
} from './number.ts'

test.each([
  [formatShare(0.05), '5 %'],
  [formatShare(0.0001234), '0.0123 %'],
  [formatShare(0), '0 %'],
  [formatRatio(1.0449), '1.04×'],
  [formatRatio(12_345), '12,345×'],
  [formatMilliseconds(12.345), '12.3 ms'],
  [formatMilliseconds(2500), '2.5 s'],
  [formatCount(1_234_567), '1,234,567'],
  [formatEvidence(-1.234), '−1.23'],
  [formatEvidence(-0.001), '0.00'],
])('%s reads %s', (text, expected) => {
  expect(text).toBe(expected)
})

test('an unknown value is shown as unknown, not as 0', () => {
  expect(formatRatio(null)).toBe('unknown')
  expect(formatMilliseconds(null)).toBe('unknown')
  expect(errorRate({ requests: 0, errors: 0 })).toBe('unknown')
  expect(errorRate({ requests: 200, errors: 1 })).toBe('0.5 %')
})

test('a range with only one bound', () => {
  expect(formatRange({ low: 0.9, high: 1.2 })).toBe('0.9× to 1.2×')
  expect(formatRange({ low: 0.9, high: null })).toBe('at least 0.9×')
  expect(formatRange({ low: null, high: 1.2 })).toBe('at most 1.2×')
  expect(formatRange({ low: null, high: null })).toBe('unknown')
})
