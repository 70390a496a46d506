import { describe, expect, test } from 'vitest'
import type { InstanceJudgement, OutcomeJudgement } from '#contract/verdict/verdict.ts'
import { differenceOf, doubtOf } from './doubt.ts'

const shifted: OutcomeJudgement = {
  ...{ name: '4xx', state: 'shifted', evidence: 3 },
  baseline: { requests: 1000, count: 10 },
  canary: { requests: 900, count: 90 },
}
const facts = {
  unit: 'requests',
  total: { baseline: { requests: 1000, errors: 0 }, canary: { requests: 1000, errors: 0 } },
  outcomes: [] as OutcomeJudgement[],
  instances: [] as InstanceJudgement[],
  evidence: 0,
  alarm: Math.log(100),
  isWorseAtEnd: false,
}
const failing = (errors: number) => ({
  ...{ baseline: { requests: 1000, errors: 1000 }, canary: { requests: 1000, errors } },
})

describe('what speaks against a promotion', () => {
  test('is nothing for a canary that fails in half of its requests or less', () => {
    expect(doubtOf(facts)).toBe(null)
    expect(doubtOf({ ...facts, total: failing(500) })).toBe(null)
    expect(doubtOf({ ...facts, outcomes: [{ ...shifted, state: 'even' }] })).toBe(null)
  })

  test('are most of its requests, even beside a baseline that fails always', () => {
    expect(doubtOf({ ...facts, total: failing(501) })).toMatch(/^501 of 1,000 requests .* failed/)
  })

  test('is an outcome that has shifted', () => {
    expect(doubtOf({ ...facts, outcomes: [shifted] })).toBe(
      'The canary has more responses with status 4xx: 90 of 900, compared with 10 of 1,000 on ' +
        'the previous release.',
    )
  })

  test('is an instance of the canary that fails more often than its others', () => {
    const instance = {
      ...{ name: 'web:2', evidence: 5, requests: 1000, failed: 30 },
      others: { requests: 2000, failed: 1 },
    }
    const baseline = [{ ...instance, release: 'baseline' as const }]
    expect(doubtOf({ ...facts, instances: baseline })).toBe(null)
    expect(doubtOf({ ...facts, instances: [{ ...instance, release: 'canary' }] })).toBe(
      '`web:2` of the canary fails more often than its other instances: 30 of 1,000, compared ' +
        'with 1 of 2,000.',
    )
  })

  test('is evidence of at least half of the alarm, on a logarithmic scale', () => {
    expect(doubtOf({ ...facts, evidence: Math.log(9.9) })).toBe(null)
    expect(doubtOf({ ...facts, evidence: Math.log(10) })).toMatch(/evidence that the canary/)
  })
})

test('the sentence at the end of the time names the counts', () => {
  expect(doubtOf({ ...facts, total: failing(40), isWorseAtEnd: true })).toBe(
    'The time is up, and chance does not explain the errors of the canary, although they are too ' +
      'few to roll it back: 40 of 1,000 requests, compared with 1,000 of 1,000 on the previous ' +
      'release.',
  )
})

test.each([
  ['unfinished', 'sessions that did not finish'],
  ['size', 'responses of less than half of the usual size'],
  ['/pay', 'failed sessions of `/pay`'],
  ['3xx', 'responses with status 3xx'],
])('the sentence names the outcome %s', (name, words) => {
  expect(differenceOf({ ...shifted, name }, 'sessions')).toContain(`The canary has more ${words}: `)
})
