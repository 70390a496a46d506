import { describe, expect, test } from 'vitest'
import { generator } from '../../../../test/support/generator.ts'
import { type ArmCounts, type Batch, bucketOf } from '#contract/verdict/verdict.ts'
import { Outcomes } from './outcomes.ts'

const alarm = Math.log(100)
const hanging = (random: () => number, requests: number, rate: number): ArmCounts => {
  let open = 0
  for (let i = 0; i < requests; i += 1) if (random() < rate) open += 1
  const outcomes = { '2xx': requests - open, open }
  return { ...{ requests, errors: 0, outcomes, bytes: 0, latency: [] } }
}
const arm = (outcomes: Record<string, number>, bytes = 500): ArmCounts => {
  const requests = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
  const sizes: [number, number][] = [[bytes === 0 ? 0 : bucketOf(bytes / 1000), requests]]
  return { ...{ requests, errors: 0, outcomes, bytes: 0, latency: [] }, sizes }
}
const batch = (second: number, baseline: ArmCounts, canary: ArmCounts): Batch => ({
  ...{ at: second * 1000, share: 0.5, baseline, canary },
})
const stateOf = (outcomes: Outcomes, name: string): string | undefined => {
  const total = { baseline: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } }
  return outcomes.judge(total, alarm, null).find((one) => one.name === name)?.state
}

describe('unfinished requests', () => {
  test('of one in a hundred are found, and none are not', () => {
    const random = generator(4)
    const [bad, good] = [new Outcomes(0.1), new Outcomes(0.1)]
    for (let second = 0; second < 60; second += 1) {
      const healthy = hanging(random, 50, 0)
      bad.observe(batch(second, healthy, hanging(random, 50, 0.01)))
      good.observe(batch(second, healthy, healthy))
    }
    expect(bad.evidences().unfinished).toBeGreaterThan(alarm)
    expect(good.evidences().unfinished).toBeLessThanOrEqual(1e-9)
  })

  test('are those whose client left, too', () => {
    const outcomes = new Outcomes(0)
    for (let second = 0; second < 30; second += 1)
      outcomes.observe(batch(second, arm({ '2xx': 10 }), arm({ '2xx': 9, left: 1 })))
    expect(outcomes.evidences().unfinished).toBeGreaterThan(alarm)
  })
})

describe('4xx responses', () => {
  const seen = (part: number): Outcomes => {
    const outcomes = new Outcomes(0)
    for (let second = 0; second < 200; second += 1)
      outcomes.observe(
        batch(second, arm({ '2xx': 20 }), arm({ '2xx': 20 - 20 * part, '4xx': 20 * part })),
      )
    return outcomes
  }

  test('on everything are harm', () => {
    expect(seen(1).evidences()['4xx']).toBeGreaterThan(alarm)
  })

  test('ten points more hold the canary, and are no harm', () => {
    const outcomes = seen(0.1)
    expect(outcomes.evidences()['4xx']).toBeLessThan(0)
    expect(stateOf(outcomes, '4xx')).toBe('shifted')
  })

  test('as many as before are even', () => {
    expect(stateOf(seen(0), '4xx')).toBe('even')
  })
})

describe('sizes', () => {
  const seen = (bytes: number): Outcomes => {
    const outcomes = new Outcomes(0)
    for (let second = 0; second < 100; second += 1)
      outcomes.observe(batch(second, arm({ '2xx': 20 }), arm({ '2xx': 20 }, bytes)))
    return outcomes
  }

  test('of nothing hold the canary; half of the usual size and more do not', () => {
    expect([0, 250, 500, 5000].map((bytes) => stateOf(seen(bytes), 'size'))).toEqual([
      ...['shifted', 'even', 'even', 'even'],
    ])
  })

  test('are not judged before they are measured', () => {
    const outcomes = new Outcomes(0)
    const { sizes: _, ...unmeasured } = arm({ '2xx': 20 })
    outcomes.observe(batch(0, unmeasured, arm({ '2xx': 20 })))
    expect(stateOf(outcomes, 'size')).toBe(undefined)
  })
})
