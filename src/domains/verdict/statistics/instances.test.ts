import { describe, expect, test } from 'vitest'
import type { ArmCounts, Batch } from '#contract/verdict/verdict.ts'
import { generator } from '../../../../test/support/generator.ts'
import { Instances } from './instances.ts'
import { createJudge } from './judge.ts'
import { settings } from './simulate.ts'

type Parts = NonNullable<ArmCounts['instances']>
const enough = Math.log(100)

const armOf = (instances: Parts): ArmCounts => {
  const all = Object.values(instances)
  const sum = (of: 'requests' | 'errors'): number => all.reduce((total, one) => total + one[of], 0)
  const [requests, errors] = [sum('requests'), sum('errors')]
  return { requests, errors, outcomes: {}, bytes: 0, latency: [], instances }
}
const part = (requests: number, errors: number, unfinished = 0) => ({
  ...{ requests, errors, unfinished },
})
const batch = (second: number, baseline: Parts, canary: Parts): Batch => ({
  ...{ at: second * 1000, share: 0.5, baseline: armOf(baseline), canary: armOf(canary) },
})
const good = { 'web:1': part(5, 0), 'web:2': part(5, 0), 'web:3': part(5, 0) }

describe('an instance', () => {
  test.each([
    ['fails', part(5, 1)],
    ['hangs', part(5, 0, 1)],
  ])('that %s while the others do not is found and named', (_name, bad) => {
    const instances = new Instances()
    for (let i = 0; i < 60; i += 1)
      instances.observe(batch(i, good, i % 4 === 0 ? { ...good, 'web:2': bad } : good))
    expect(instances.judge(enough)).toEqual([
      {
        ...{ release: 'canary', name: 'web:2', evidence: expect.any(Number) as number },
        ...{ requests: 300, failed: 15, others: { requests: 600, failed: 0 } },
      },
    ])
  })

  test('of the release before is found, too', () => {
    const instances = new Instances()
    const bad = { ...good, 'web:3': part(5, 1) }
    for (let i = 0; i < 60; i += 1) instances.observe(batch(i, i % 4 === 0 ? bad : good, good))
    expect(instances.judge(enough)).toMatchObject([{ release: 'baseline', name: 'web:3' }])
  })

  test('is compared with others of its service only', () => {
    const instances = new Instances()
    const both = { ...good, 'api:1': part(5, 2), 'api:2': part(5, 2) }
    for (let i = 0; i < 60; i += 1) instances.observe(batch(i, both, both))
    expect(instances.judge(enough)).toEqual([])
  })

  test('that fails in one stall, or has no others, is not named', () => {
    const stalled = new Instances()
    const alone = new Instances()
    for (let i = 0; i < 60; i += 1) {
      stalled.observe(batch(i, good, i === 20 ? { ...good, 'web:1': part(50, 50) } : good))
      alone.observe(batch(i, good, { 'web:1': part(5, 3) }))
    }
    expect(stalled.judge(enough)).toEqual([])
    expect(alone.judge(enough)).toEqual([])
  })

  test('is rarely named when all fail alike, also when some get more requests', () => {
    let named = 0
    for (let seed = 1; seed <= 300; seed += 1) {
      const random = generator(seed * 7919)
      const instances = new Instances()
      for (let i = 0; i < 120; i += 1) {
        const rate = i % 40 < 10 ? 0.3 : 0.02
        const one = (requests: number) =>
          part(requests, Array.from({ length: requests }, random).filter((x) => x < rate).length)
        const arm = { 'web:1': one(6), 'web:2': one(2), 'web:3': one(i < 60 ? 0 : 4) }
        instances.observe(batch(i, {}, arm))
      }
      if (instances.judge(enough).length > 0) named += 1
    }
    expect(named).toBeLessThanOrEqual(6)
  })
})

test('a canary with one bad instance is not called healthy, and the sentence names it', () => {
  const judge = createJudge(settings)
  // The release before fails as often, but in all instances alike.
  const before = (i: number): Parts => ({ ...good, [`web:${(i % 3) + 1}`]: part(5, 1) })
  for (let i = 0; i < 120; i += 1)
    judge.observe(batch(i, before(i), { ...good, 'web:2': part(5, 1) }))
  const { verdict, doubt, instances } = judge.judge({ isOver: true })
  expect(verdict).toBe('undecided')
  expect(instances).toMatchObject([{ release: 'canary', name: 'web:2', failed: 120 }])
  expect(doubt).toBe(
    '`web:2` of the canary fails more often than its other instances: 120 of 600, compared with ' +
      '0 of 1,200.',
  )
})
