import { describe, expect, test } from 'vitest'
import { generator } from '../../../../test/support/generator.ts'
import { FollowUp, laterEvidence } from './follow-up.ts'

const rate = (requests: number, errors: number) => ({ requests, errors })

describe('evidence of a later rise', () => {
  test('alarms at most once in a hundred at the limit', () => {
    let alarms = 0
    for (let run = 1; run <= 1000; run += 1) {
      const random = generator(run)
      const draw = (requests: number, of: number): number =>
        Array.from({ length: requests }).filter(() => random() < of).length
      const before = rate(400, draw(400, 0.02))
      const after = rate(400, draw(400, 0.03))
      if (laterEvidence(before, after, 1.5) >= Math.log(100)) alarms += 1
    }
    expect(alarms).toBeLessThanOrEqual(10)
  })

  test('grows with the errors, and falls with those of the release before', () => {
    const of = (before: number, after: number): number =>
      laterEvidence(rate(1000, before), rate(1000, after), 1.5)
    expect(of(5, 80)).toBeGreaterThan(of(5, 40))
    expect(of(5, 40)).toBeGreaterThan(of(20, 40))
    expect(of(0, 0)).toBeLessThanOrEqual(0)
  })
})

describe('the requests after a promotion', () => {
  const before = rate(10_000, 10)

  test('are no evidence before they fail in four different seconds', () => {
    const followUp = new FollowUp(1.5)
    for (let second = 0; second < 3; second += 1) followUp.add(second * 1000, rate(100, 100))
    expect(followUp.evidence(before)).toBe(0)
    followUp.add(3000, rate(100, 100))
    expect(followUp.evidence(before)).toBeGreaterThan(Math.log(100))
    expect(followUp.total).toEqual(rate(400, 400))
  })

  test('show late harm in spite of hours without errors', () => {
    const followUp = new FollowUp(1.5)
    let at = 0
    for (; at < 7_200_000; at += 10_000) followUp.add(at, rate(100, 0))
    expect(followUp.evidence(before)).toBeLessThanOrEqual(0)
    for (const end = at + 60_000; at < end; at += 1000) followUp.add(at, rate(10, 5))
    expect(followUp.evidence(before)).toBeGreaterThan(Math.log(100))
  })

  test('count less when they fail in clusters', () => {
    const [even, clustered] = [new FollowUp(1.5), new FollowUp(1.5)]
    for (let second = 0; second < 60; second += 1) {
      even.add(second * 1000, rate(100, 1))
      clustered.add(second * 1000, rate(100, second % 10 === 0 ? 10 : 0))
    }
    expect(clustered.evidence(before)).toBeLessThan(even.evidence(before))
  })
})
