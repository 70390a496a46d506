import { describe, expect, test } from 'vitest'
import { generator } from '../../../../test/support/generator.ts'
import { lessen, Wealth } from './wealth.ts'

describe('wealth', () => {
  test('is one at the beginning, and stays one without gains', () => {
    const wealth = new Wealth([0.25, 0.75])
    expect(wealth.ln()).toBeCloseTo(0, 10)
    for (let at = 0; at < 600_000; at += 10_000) wealth.pass(at)
    expect(wealth.ln()).toBeCloseTo(0, 10)
  })

  test('of bets that lose everything keeps only what is not bet', () => {
    const wealth = new Wealth([0.5, 0.5])
    for (const bet of [0, 1]) wealth.grow(bet, -1000)
    // Half of the renewed part of 8 %.
    expect(Math.exp(wealth.ln())).toBeCloseTo(0.04, 10)
  })

  test('has a mean of one for fair bets, also across renewals', () => {
    const [runs, rounds] = [4000, 12]
    let sum = 0
    for (let run = 1; run <= runs; run += 1) {
      const random = generator(run)
      const wealth = new Wealth([0.5, 0.5])
      for (let i = 0; i < rounds; i += 1) {
        wealth.pass(i * 20_000)
        const isHead = random() < 0.5
        wealth.grow(0, Math.log(isHead ? 1.3 : 0.7))
        wealth.grow(1, Math.log(isHead ? 0.8 : 1.2))
      }
      sum += Math.exp(wealth.ln())
    }
    expect(sum / runs).toBeGreaterThan(0.97)
    expect(sum / runs).toBeLessThan(1.03)
  })

  test('finds gains after a long loss sooner, because bets are renewed', () => {
    const wealth = new Wealth([1])
    for (let minute = 0; minute < 10; minute += 1) {
      wealth.pass(minute * 60_000)
      wealth.grow(0, -20)
    }
    wealth.pass(600_000)
    wealth.grow(0, 12)
    // Without renewal, only what is not bet would be left.
    expect(wealth.ln()).toBeGreaterThan(4)
  })

  test('is never higher with a discount', () => {
    const random = generator(3)
    for (let run = 0; run < 200; run += 1) {
      const wealth = new Wealth([0.3, 0.7])
      for (const bet of [0, 1]) wealth.grow(bet, 20 * random() - 10)
      const discounts = [1 + 3 * random(), 1 + 3 * random()]
      expect(wealth.ln(discounts)).toBeLessThanOrEqual(wealth.ln() + 1e-9)
      expect(wealth.ln(1)).toBe(wealth.ln())
    }
  })
})

test('only wealth that has grown is discounted', () => {
  expect([lessen(6, 3), lessen(0, 3), lessen(-6, 3)]).toEqual([2, 0, -6])
})
