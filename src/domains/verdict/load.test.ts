import { expect, test } from 'vitest'
import type { ArmCounts, Batch } from '#contract/verdict/verdict.ts'
import { loadOf } from './load.ts'

const arm = (requests: number, names: string[]): ArmCounts => ({
  ...{ requests, errors: 0, outcomes: {}, bytes: 0, latency: [] },
  instances: Object.fromEntries(
    names.map((name) => [name, { requests: 1, errors: 0, unfinished: 0 }]),
  ),
})
const batch = (at: number, canary: string[]): Batch => ({
  ...{ at, share: 0.1, baseline: arm(18, ['web:1', 'web:2']), canary: arm(2, canary) },
})

test('the load is measured per instance, over the last minute', () => {
  const old = Array.from({ length: 100 }, (_, i) => batch(i * 1000, ['web:9', 'web:8']))
  const now = Array.from({ length: 61 }, (_, i) => batch(500_000 + i * 1000, ['web:3']))
  const { baseline, canary } = loadOf([...old, ...now])
  expect(baseline?.instances).toBe(2)
  expect(baseline?.perSecond).toBeCloseTo(9.15, 1)
  expect(canary?.instances).toBe(1)
  expect(canary?.perSecond).toBeCloseTo(2.03, 1)
  expect(loadOf([])).toEqual({ baseline: null, canary: null })
})
