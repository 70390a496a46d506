import { expect, test } from 'vitest'
import type { ArmCounts, Batch } from '#contract/verdict/verdict.ts'
import { OpenRequests } from './open-requests.ts'

const batch = (open: number, late?: Record<string, number>): Batch => {
  const arm: ArmCounts = { requests: 100, errors: 1, outcomes: { open }, bytes: 0, latency: [] }
  return { at: 0, share: 0.5, baseline: { ...arm, ...(late && { late }) }, canary: arm }
}

test('does not estimate without reports of late outcomes', () => {
  expect(new OpenRequests().countFailed(batch(10))).toEqual({ requests: 100, errors: 1 })
})

test('expects all open requests to fail, then as many as of the earlier ones', () => {
  const open = new OpenRequests()
  expect(open.countFailed(batch(10, {}))).toEqual({ requests: 100, errors: 11 })
  // A timeout of the gateway, a broken connection, and what the client or the service ended.
  expect(open.countFailed(batch(0, { '5xx': 60, broken: 10, refused: 10 })).errors).toBe(1)
  expect(open.countFailed(batch(10)).errors).toBe(11)
  expect(open.countFailed(batch(0, { '2xx': 160, left: 80, open: 80 })).errors).toBe(1)
  expect(open.countFailed(batch(100)).errors).toBe(21)
})
