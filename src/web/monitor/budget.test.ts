import { expect, test } from 'vitest'
import type { SloDetail } from '#contract/slo/slo.ts'
import { budgetOf } from './budget.ts'

test('the budget of all requests of the window is used up hour by hour', () => {
  const hour = (time: string, bad: number) => ({ time, requests: 1000, bad })
  const hours = [hour('2026-11-29T10:00:00Z', 1), hour('2026-11-29T12:00:00Z', 3)]
  const objective = { objective: 0.999, requests: 2000, hours } as SloDetail
  const { times, left } = budgetOf(objective)
  expect(times).toEqual([Date.UTC(2026, 10, 29, 10), Date.UTC(2026, 10, 29, 12)])
  expect(left.map((share) => Number(share.toFixed(9)))).toEqual([0.5, -1])
})
