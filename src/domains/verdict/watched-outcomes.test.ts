import { expect, test } from 'vitest'
import { generator } from '../../../test/support/generator.ts'
import type { ArmCounts } from '#contract/verdict/verdict.ts'
import { armOf } from './served.ts'
import { WatchedOutcomes } from './watched-outcomes.ts'

const arm = (outcomes: Record<string, number>): ArmCounts => ({ ...armOf([]), outcomes })

test('counts requests that did not finish as requests', () => {
  const outcomes = new WatchedOutcomes(arm({ '2xx': 1000 }), 1.5)
  for (let at = 0; at < 60_000; at += 1000) outcomes.add(at, arm({ '2xx': 15, left: 5 }))
  const { evidence, worst } = outcomes.evidence()
  expect(evidence).toBeGreaterThan(Math.log(100))
  expect(worst).toEqual({
    name: 'unfinished',
    before: { requests: 1000, errors: 0 },
    after: { requests: 1200, errors: 300 },
  })
})

test.each([
  ['without a release before', null],
  ['without requests of the release before', arm({})],
])('has no evidence %s', (_name, before) => {
  const outcomes = new WatchedOutcomes(before, 1.5)
  for (let at = 0; at < 60_000; at += 1000) outcomes.add(at, arm({ left: 5, '4xx': 15 }))
  expect(outcomes.evidence()).toEqual({ evidence: 0, worst: null })
})

test('has no evidence for a rise of less than 20 points of 4xx', () => {
  const outcomes = new WatchedOutcomes(arm({ '2xx': 10_000 }), 1.5)
  for (let at = 0; at < 60_000; at += 1000) outcomes.add(at, arm({ '2xx': 81, '4xx': 19 }))
  expect(outcomes.evidence().worst).toBe(null)
})

test('alarms for at most 1 % of the releases whose clients leave as often as before', () => {
  let alarms = 0
  for (let run = 1; run <= 400; run += 1) {
    const random = generator(run)
    const counts = (requests: number): ArmCounts => {
      let left = 0
      for (let i = 0; i < requests; i += 1) if (random() < 0.02) left += 1
      return arm({ '2xx': requests - left, left })
    }
    const outcomes = new WatchedOutcomes(counts(1000), 1.5)
    let isAlarm = false
    for (let i = 0; i < 60 && !isAlarm; i += 1) {
      outcomes.add(i * 5000, counts(20))
      isAlarm = outcomes.evidence().evidence >= Math.log(100)
    }
    if (isAlarm) alarms += 1
  }
  expect(alarms).toBeLessThanOrEqual(4)
})
