import fc from 'fast-check'
import { expect, test } from 'vitest'
import { generator } from '../../../../test/support/generator.ts'
import type { Look } from '#contract/verdict/verdict.ts'
import { createJudge } from './judge.ts'
import type { Tally } from './errors.ts'
import { lnTail } from './last-look.ts'
import { makeBatch, settings } from './simulate.ts'

const tally = (share: number, baseline: number, canary: number): Tally => {
  const errors = { baseline, canary }
  return { share, requests: errors, errors }
}

test('the probability of n errors that only the canary has is the product of the shares', () => {
  expect(lnTail([tally(0.5, 0, 9)], 1)).toBeCloseTo(9 * Math.log(0.5), 9)
  expect(lnTail([tally(0.05, 0, 2), tally(0.5, 0, 3)], 1)).toBeCloseTo(
    2 * Math.log(0.05) + 3 * Math.log(0.5),
    9,
  )
  expect(lnTail([tally(0.5, 10, 0)], 1)).toBe(0)
})

test('the probability to be at most alpha is at most alpha, for any errors and any shares', () => {
  const share = fc.double({ min: 0.01, max: 0.99, noNaN: true })
  const all = fc.array(fc.record({ share, errors: fc.nat(12) }), { minLength: 1, maxLength: 2 })
  fc.assert(
    fc.property(all, fc.constantFrom(0.002, 0.01, 0.2), (parts, alpha) => {
      const [one, other = { share: 0.5, errors: 0 }] = parts
      let refused = 0
      for (let k = 0; k <= one!.errors; k += 1)
        for (let m = 0; m <= other.errors; m += 1) {
          const seen = [
            tally(one!.share, one!.errors - k, k),
            tally(other.share, other.errors - m, m),
          ]
          if (lnTail(seen, 1) <= Math.log(alpha)) refused += chance(one!, k) * chance(other, m)
        }
      expect(refused).toBeLessThanOrEqual(alpha + 1e-9)
    }),
    { numRuns: 100 },
  )
})

function chance({ share, errors }: { share: number; errors: number }, k: number): number {
  let ways = 1
  for (let i = 0; i < k; i += 1) ways = (ways * (errors - i)) / (i + 1)
  return ways * share ** k * (1 - share) ** (errors - k)
}

test('the approximation for many errors agrees with the exact probability', () => {
  for (const [share, canary] of [
    [0.5, 1065],
    [0.05, 130],
    [0.2, 455],
  ] as const) {
    const exact = lnTail([tally(share, 2000 - canary, canary)], 1)
    // One error more that can hardly be the canary's changes nothing but the method.
    const approximate = lnTail([tally(share, 2000 - canary, canary), tally(1e-9, 1, 0)], 1)
    expect(exact).toBeLessThan(Math.log(0.01))
    expect(Math.abs(approximate / exact - 1)).toBeLessThan(0.02)
  }
})

const end: Look = { batches: [], sample: null, isOver: true }

/** A canary of 900 seconds with ten requests a second, at its end. */
function atEnd(seed: number, rate: { baseline: number; canary: number }) {
  const random = generator(seed)
  const judge = createJudge(settings)
  for (let second = 0; second < 900; second += 1)
    judge.observe(makeBatch(random, { at: second * 1000, share: 0.5, requests: 10, rate }))
  const before = judge.judge().verdict
  judge.see(end)
  return { judge, before, after: judge.judge() }
}

test('the last look finds harm that the bets did not find', () => {
  const rate = { baseline: 0.02, canary: 0.031 }
  const seeds = Array.from({ length: 10 }, (_, i) => i + 1)
  const found = seeds.flatMap((seed) => {
    const { before, after } = atEnd(seed, rate)
    return before === 'undecided' && after.verdict === 'harmful' ? [after] : []
  })
  expect(found.length).toBeGreaterThan(0)
  for (const { metric, evidence, threshold, reason } of found) {
    expect(metric).toBe('errors')
    expect(evidence).toBeGreaterThanOrEqual(threshold)
    expect(reason).toMatch(/^The canary fails .* times as often as the previous release/)
  }
})

test('there is one last look, however often the time is said to be up', () => {
  const { judge, after } = atEnd(1, { baseline: 0.02, canary: 0.02 })
  expect(after.verdict).not.toBe('harmful')
  const random = generator(7)
  // Not enough for an alarm of the bets: a second last look would find it.
  const rate = { baseline: 0.02, canary: 0.031 }
  const other = createJudge(settings)
  let number = 900
  while (number < 1800) {
    const batch = makeBatch(random, { at: number * 1000, share: 0.5, requests: 10, rate })
    judge.see({ batches: [batch], sample: null, isOver: true })
    other.observe(batch)
    number += 1
  }
  expect(judge.judge().verdict).toBe('undecided')
  other.see(end)
  expect(other.judge().verdict).toBe('harmful')
})
