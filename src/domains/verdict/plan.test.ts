import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canaryFile } from '#contract/pipeline-file/canary-file.ts'
import { planCanary } from './plan.ts'

const plan = (perSecond: number, errorRate: number, keys: object = {}) =>
  planCanary({ perSecond, errorRate, canary: canaryFile.parse(keys) })

test('thin traffic is promoted without proof, and the plan says what would be noticed', () => {
  const { steps, healthy, sentence } = plan(2, 0.001)
  expect(steps).toEqual([{ share: 0.5, seconds: 900 }])
  expect(healthy).toBe(null)
  expect(sentence).toMatch(
    new RegExp(
      [
        String.raw`^With 2 requests a second, 0\.1 % of which fail, `,
        String.raw`a good canary is not proven healthy within 15 min: `,
        String.raw`it is promoted without proof and watched for 2 h; `,
        String.raw`it is rolled back for .*an outage after \d+ s; `,
        String.raw`2, 5 or 20 times as many errors would not be noticed within 15 min$`,
      ].join(''),
    ),
  )
  expect(plan(2, 0, { undecided: 'hold' }).sentence).toContain('waits for a decision by a person')
})

test('much traffic is proven healthy, by the real steps', () => {
  const { steps, healthy, harmful, outage, sentence } = plan(1000, 0.001)
  expect(steps.map(({ share }) => share)).toEqual([0.05, 0.2, 0.5])
  expect(healthy).toBeGreaterThanOrEqual(120)
  expect(harmful.map(({ seconds }) => seconds)).not.toContain(null)
  expect(outage).toBe(1)
  expect(sentence).toContain('is proven healthy and promoted after ')
})

test('a doubling that the bets cannot find in time is found by the last look', () => {
  expect(plan(10, 0.01).harmful[0]).toEqual({ ratio: 2, seconds: 900 })
  expect(plan(3, 0.01).harmful[0]).toEqual({ ratio: 2, seconds: null })
})

test('more harm, and more traffic, is never found later', () => {
  const rates = fc.double({ min: 0.0001, max: 0.04, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), rates, (perSecond, errorRate) => {
      const seconds = (n: number) =>
        plan(n, errorRate, { steps: [50] }).harmful.map((one) => one.seconds ?? Infinity)
      const [some, more] = [seconds(perSecond), seconds(perSecond * 2)]
      expect(some).toEqual(some.toSorted((a, b) => b - a))
      for (const [i, each] of more.entries()) expect(each).toBeLessThanOrEqual(some[i] ?? 0)
    }),
    { numRuns: 20 },
  )
})
