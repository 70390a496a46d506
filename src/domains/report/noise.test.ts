import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compare } from './noise.ts'
import type { ReportedMeasurement } from './report.ts'

const one = (value: number, deviation?: number, samples = 10): ReportedMeasurement => ({
  ...{ name: 'p95', unit: 'ms', better: 'lower', value },
  spread: deviation === undefined ? null : { deviation, samples },
})

describe('how much worse a measurement is', () => {
  test('is a percentage in the direction that is worse', () => {
    expect(compare(one(110), one(100), [])?.percent).toBeCloseTo(10)
    expect(
      compare({ ...one(110), better: 'higher' }, { ...one(100), better: 'higher' }, [])?.percent,
    ).toBeCloseTo(-9.09, 1)
  })

  test('has no interval while the noise is unknown', () => {
    expect(compare(one(110), one(100), [100, 101, 99])).toMatchObject({ low: null, high: null })
    expect(compare(one(110), one(100, 1), [])).toMatchObject({ low: null, high: null })
  })

  test('uses the noise between runs when samples within a run hide it', () => {
    const quiet = compare(one(110, 0.1), one(100, 0.1), [])
    expect(quiet?.low).toBeGreaterThan(9)
    const noisy = compare(one(110, 0.1), one(100, 0.1), [80, 120, 90, 110, 100, 85])
    expect(noisy?.low).toBeLessThan(0)
  })

  test('does not treat a past step as noise, and gives no ratio to zero', () => {
    expect(compare(one(0), one(0), [])).toEqual({ percent: 0, low: null, high: null })
    expect(compare(one(1), one(0), [])).toBe(null)
  })

  test('law: the interval contains the change, and swapping the runs mirrors it', () => {
    const value = fc.double({ min: 0.001, max: 1e6, noNaN: true })
    const share = fc.double({ min: 0, max: 0.5, noNaN: true })
    fc.assert(
      fc.property(
        value,
        value,
        share,
        fc.array(value, { maxLength: 10 }),
        (a, b, noise, history) => {
          const there = compare(one(a, a * noise), one(b, b * noise), history)
          const back = compare(one(b, b * noise), one(a, a * noise), history)
          expect(there?.low).toBeLessThanOrEqual(
            (there?.percent ?? 0) + 1e-6 * Math.abs(there?.percent ?? 0),
          )
          expect(there?.high).toBeGreaterThanOrEqual(
            (there?.percent ?? 0) - 1e-6 * Math.abs(there?.percent ?? 0),
          )
          expect((1 + (there?.percent ?? 0) / 100) * (1 + (back?.percent ?? 0) / 100)).toBeCloseTo(
            1,
            5,
          )
        },
      ),
    )
  })

  test('rarely alarms without a change: the interval promises 2.5 %', () => {
    let seed = 7
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
    const normal = (): number =>
      Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())
    let alarms = 0
    for (let run = 0; run < 4000; run += 1) {
      const values = Array.from({ length: 22 }, () => 100 * Math.exp(0.05 * normal()))
      const [now = 0, before = 0, ...history] = values
      if ((compare(one(now), one(before), [...history, before])?.low ?? 0) > 0) alarms += 1
    }
    expect(alarms / 4000).toBeLessThan(0.04)
    expect(alarms / 4000).toBeGreaterThan(0.005)
  })
})
