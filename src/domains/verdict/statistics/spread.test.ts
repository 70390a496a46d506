import { expect, test } from 'vitest'
import type { Batch } from '#contract/verdict/verdict.ts'
import { Spread } from './spread.ts'

/** A second in which each instance of the canary had requests, and failed in some of them. */
const second = (at: number, instances: Record<string, [number, number]>): Batch => {
  const counts = { requests: 0, errors: 0, outcomes: {}, bytes: 0, latency: [] }
  const parts = Object.entries(instances).map(([name, [requests, errors]]) => [
    name,
    { requests, errors, unfinished: 0 },
  ])
  return {
    ...{ at: at * 1000, share: 0.5, baseline: counts },
    canary: { ...counts, instances: Object.fromEntries(parts) },
  }
}

type Second = Record<string, [number, number]>

const isNarrow = (seconds: Second[]): boolean => {
  const spread = new Spread()
  for (const [i, instances] of seconds.entries()) spread.observe(second(i, instances))
  return spread.isNarrow
}
const times = (count: number, one: Second): Second[] => Array.from({ length: count }, () => one)

test('failures of one of two instances are narrow, for eleven seconds', () => {
  expect(isNarrow(times(11, { 'web:1': [10, 5], 'web:2': [10, 0] }))).toBe(true)
  expect(isNarrow(times(12, { 'web:1': [10, 5], 'web:2': [10, 0] }))).toBe(false)
})

test.each<[string, Second[]]>([
  ['without failures', times(9, { 'web:1': [10, 0], 'web:2': [10, 0] })],
  ['when both fail', [...times(9, { 'web:1': [10, 5], 'web:2': [10, 0] }), { 'web:2': [9, 1] }]],
  ['with a single instance', times(9, { 'web:1': [10, 5] })],
  ['when the other one belongs to another service', times(9, { 'web:1': [9, 5], 'api:2': [9, 0] })],
  ['when the other one has hardly any requests', times(9, { 'web:1': [10, 5], 'web:2': [2, 0] })],
])('failures are not narrow %s', (_when, seconds) => {
  expect(isNarrow(seconds)).toBe(false)
})
