import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canaryFile } from '#contract/pipeline-file/canary-file.ts'
import type { Latency } from '#contract/host/measurements.ts'
import { inProgressOf, needsFresh } from './fresh.ts'

const even = { baseline: 2, canary: 2 }
const needs = (keys: object, inProgress: number, instances = even): boolean =>
  needsFresh({ canary: canaryFile.parse(keys), instances, inProgress })

test('busy instances that keep most of the load are not compared with those of the canary', () => {
  expect(needs({ steps: [5, 20] }, 1)).toBe(true)
  expect(needs({ ramp: { from: 1, to: 25 } }, 1)).toBe(true)
  // 0.3 requests in progress in two instances do not slow each other down.
  expect(needs({ steps: [5, 20] }, 0.3)).toBe(false)
})

test('at the shares that ship, both releases have the same load in the end', () => {
  expect(needs({}, 100)).toBe(false)
  expect(needs({}, 100, { baseline: 1, canary: 4 })).toBe(true)
  // That fewer instances are slower is an effect of the change.
  expect(needs({}, 100, { baseline: 4, canary: 1 })).toBe(false)
})

test('a share of more than a half leaves no equal share for a fresh baseline', () => {
  expect(needs({ steps: [10, 60] }, 100, { baseline: 1, canary: 8 })).toBe(false)
})

test('a person decides otherwise', () => {
  expect(needs({ steps: [5], fresh: false }, 100)).toBe(false)
  expect(needs({ fresh: true }, 0)).toBe(true)
})

test('more load never makes a fresh baseline unnecessary', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0, max: 50 }), (share, some) => {
      if (needs({ steps: [share] }, some)) expect(needs({ steps: [share] }, some * 2)).toBe(true)
    }),
  )
})

test('requests in progress are the sum of their durations, divided by the time', () => {
  const latency = (requests: number, index: number): Latency => ({
    ...{ requests, sum: 0, squares: 0 },
    buckets: { [index]: requests },
  })
  // Bucket 18 holds 90.5 to 128 ms.
  const second = (at: number) => ({ at, outcomes: {}, bytes: 0, latency: latency(20, 18) })
  expect(inProgressOf([second(1000), second(2000)])).toBeCloseTo(2.1, 0)
  expect(inProgressOf([])).toBe(0)
})
