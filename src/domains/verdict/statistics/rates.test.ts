import { expect, test } from 'vitest'
import { generator, poisson } from '../../../../test/support/generator.ts'
import { Rates } from './rates.ts'

/** A canary of 1,000 seconds with growing shares, as it is at its end. */
function atEnd(seed: number, rate: { baseline: number; canary: number }, size = 1): Rates {
  const random = generator(seed)
  const rates = new Rates({ tolerance: 0 })
  for (let second = 0; second < 1000; second += 1) {
    const share = second < 200 ? 0.05 : second < 400 ? 0.2 : 0.5
    const of = (part: number, failing: number) => ({
      requests: Math.round(10 * part),
      errors: size * poisson(random, (10 * part * failing) / size),
    })
    rates.add(second * 1000, share, of(1 - share, rate.baseline), of(share, rate.canary))
  }
  return rates
}

const partOf = (runs: number, make: (seed: number) => Rates): number =>
  Array.from({ length: runs }, (_, i) => make(i + 1)).filter((one) => one.isWorseInOneLook(0.01))
    .length / runs

test('one look at the end rarely finds an equal canary worse, with clusters or without', () => {
  const even = { baseline: 0.02, canary: 0.02 }
  expect(partOf(300, (seed) => atEnd(seed, even))).toBeLessThanOrEqual(0.03)
  expect(partOf(300, (seed) => atEnd(seed, even, 5))).toBeLessThanOrEqual(0.03)
  const rare = { baseline: 0.001, canary: 0.001 }
  expect(partOf(300, (seed) => atEnd(seed, rare))).toBeLessThanOrEqual(0.03)
})

test('one look at the end finds most canaries that fail 1.8 times as often', () => {
  const harm = { baseline: 0.02, canary: 0.036 }
  expect(partOf(100, (seed) => atEnd(seed, harm))).toBeGreaterThan(0.9)
})

test('one look is no evidence before the canary has failed in four different seconds', () => {
  const rates = new Rates({ tolerance: 0 })
  const none = { requests: 100, errors: 0 }
  for (const second of [1, 2, 3]) {
    rates.add(second * 1000, 0.05, none, { requests: 5, errors: 1 })
    expect(rates.isWorseInOneLook(0.01)).toBe(false)
  }
  rates.add(4000, 0.05, none, { requests: 5, errors: 1 })
  expect(rates.isWorseInOneLook(0.01)).toBe(true)
})
