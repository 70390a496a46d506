import { expect, test } from 'vitest'
import { type AlertOutcome, figuresOf } from './figures.ts'

const outcome = (more: Partial<AlertOutcome>): AlertOutcome => ({
  ...{ week: '2026-11-23', owner: 'payments', messages: 1, passed: 0, takenBy: null },
  ...{ deployed: false, ...more },
})

test('alerts are counted by week and owner, with what they led to', () => {
  const { weeks } = figuresOf([
    outcome({ week: '2026-11-16', messages: 4 }),
    outcome({ takenBy: 'Ada', passed: 2 }),
    outcome({ deployed: true }),
    outcome({}),
    outcome({ owner: null }),
  ])
  expect(weeks).toEqual([
    { week: '2026-11-23', owner: 'payments', alerts: 3, acted: 2, passed: 1, messages: 3 },
    { week: '2026-11-23', owner: null, alerts: 1, acted: 0, passed: 0, messages: 1 },
    { week: '2026-11-16', owner: 'payments', alerts: 1, acted: 0, passed: 0, messages: 4 },
  ])
})
