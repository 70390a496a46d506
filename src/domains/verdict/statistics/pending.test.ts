import { expect, test } from 'vitest'
import type { Batch } from '#contract/verdict/verdict.ts'
import { leastFavourable, PendingFailures } from './pending.ts'

const batch = (errors: number, open = 0): Batch => {
  const arm = { requests: 20, errors: 0, outcomes: { open }, bytes: 0, latency: [] }
  return { at: 0, share: 0.5, baseline: { ...arm, errors: 1 }, canary: { ...arm, errors } }
}

test('assumes that open requests of the baseline fail, and those of the canary do not', () => {
  expect(leastFavourable(batch(2, 5))).toEqual({
    baseline: { requests: 20, errors: 6 },
    canary: { requests: 20, errors: 2 },
  })
})

test('pending requests must have failed anew in three observations', () => {
  const failures = new PendingFailures()
  expect([1, 1, 2, 2].map((errors) => failures.haveRepeated([batch(errors)]))).toEqual([
    ...[false, false, false, false],
  ])
  expect(failures.haveRepeated([batch(2), batch(1)])).toBe(true)
})

test('begins again when no pending request has failed', () => {
  const failures = new PendingFailures()
  for (const errors of [1, 2]) failures.haveRepeated([batch(errors)])
  failures.haveRepeated([batch(0)])
  expect([1, 2, 3].map((errors) => failures.haveRepeated([batch(errors)]))).toEqual([
    ...[false, false, true],
  ])
})
