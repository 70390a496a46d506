import { describe, expect, test } from 'vitest'
import { generator, poisson } from '../../../../test/support/generator.ts'
import { createJudge } from './judge.ts'
import { Exceptions } from './exceptions.ts'
import { makeBatch, settings } from './simulate.ts'

const holds = Math.log(100)
const judged = { ratio: 1.5, difference: 0.001, warm: 0 }

interface Simulated {
  seconds?: number
  share?: (second: number) => number
  /** requests a second of both releases together */
  load?: number
  /** events per request of each type, of each release; `isNew` of the canary's errors */
  types: { baseline: number; canary: number; isNew?: boolean; size?: number }[]
}

/** The second after which a person must decide; null when nobody must. */
function heldAfter(
  seed: number,
  { seconds = 900, share = () => 0.1, load = 20, types }: Simulated,
) {
  const random = generator(seed)
  const exceptions = new Exceptions(judged)
  const total = { baseline: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } }
  for (let second = 0; second < seconds; second += 1) {
    const part = share(second)
    const requests = { baseline: load * (1 - part), canary: load * part }
    total.baseline.requests += requests.baseline
    total.canary.requests += requests.canary
    const errors = types.map(({ isNew = true, size = 1, ...rate }, i) => ({
      ...{ type: `Type${i}`, error: i, title: `Type${i}: x in f`, isNew },
      baseline: size * poisson(random, (rate.baseline * requests.baseline) / size),
      canary: size * poisson(random, (rate.canary * requests.canary) / size),
    }))
    exceptions.observe(part, { at: second * 1000, errors })
    if (exceptions.judge(total, holds).some(({ state }) => state === 'shifted')) return second
  }
  return null
}

/** The part of canaries that wait for a person. */
const held = (simulated: Simulated, runs = 25): number =>
  Array.from({ length: runs }, (_, i) => heldAfter(i + 1, simulated)).filter((at) => at !== null)
    .length / runs

const ten = Array.from({ length: 10 }, () => ({ baseline: 0.002, canary: 0.002 }))
const steps = (second: number): number => (second < 60 ? 0.05 : second < 120 ? 0.2 : 0.5)

describe('a canary that throws what the previous release throws is not held', () => {
  // All errors are new: they appear with the canary, in either release.
  test.each<[string, Simulated]>([
    ['a rare error', { types: [{ baseline: 0.0005, canary: 0.0005 }], share: steps }],
    ['a frequent error', { types: [{ baseline: 0.3, canary: 0.3 }], share: steps }],
    ['ten errors', { types: ten, share: steps }],
    ['a half', { types: ten, share: () => 0.5 }],
    ['most', { types: [{ baseline: 0.01, canary: 0.01 }], share: () => 0.9 }],
    ['bursts', { types: [{ baseline: 0.05, canary: 0.05, size: 50 }], share: () => 0.5 }],
    // A second instance of a worker takes half of its work at any share.
    ['a worker', { types: [{ baseline: 0.01, canary: 0.09 }], share: () => 0.1 }],
  ])('%s', (_, simulated) => {
    expect(held(simulated)).toBeLessThanOrEqual(0.01)
  })

  test('also with an old error in a function that has another name now', () => {
    const exceptions = new Exceptions(judged)
    const total = { baseline: { requests: 500, errors: 0 }, canary: { requests: 500, errors: 0 } }
    const one = { type: 'TypeError', title: 'TypeError: x' }
    for (let second = 0; second < 300; second += 1)
      exceptions.observe(0.5, {
        at: second * 1000,
        errors: [
          { ...one, error: 1, isNew: false, baseline: 1, canary: 0 },
          { ...one, error: 2, isNew: true, baseline: 0, canary: 1 },
        ],
      })
    expect(exceptions.judge(total, holds)).toMatchObject([{ name: 'error/2', state: 'even' }])
  })

  test('nor with one exotic exception, a burst of it, or an old error', () => {
    const read = (isNew: boolean, seconds: number, canary: number) => {
      const exceptions = new Exceptions(judged)
      for (let second = 0; second < seconds; second += 1)
        exceptions.observe(0.1, {
          at: second * 1000,
          errors: [{ type: 'T', error: 1, title: 'T: x', isNew, baseline: 0, canary }],
        })
      const requests = {
        baseline: { requests: 900, errors: 0 },
        canary: { requests: 100, errors: 0 },
      }
      return exceptions.judge(requests, holds).map(({ state }) => state)
    }
    expect(read(true, 1, 1)).toEqual(['even'])
    expect(read(true, 2, 5000)).toEqual(['even'])
    expect(read(false, 300, 1)).toEqual([])
    expect(read(true, 30, 1)).toEqual(['shifted'])
  })
})

describe('a new error of the canary holds it', () => {
  const median = (simulated: Simulated): number => {
    const found = Array.from({ length: 50 }, (_, i) => heldAfter(i + 1, simulated) ?? Infinity)
    return found.toSorted((one, other) => one - other)[25] ?? Infinity
  }

  test('soon when it is frequent, and not at all below the part that counts', () => {
    const types = (canary: number) => [{ baseline: 0, canary }]
    expect(median({ share: steps, types: types(1) })).toBeLessThan(30)
    expect(median({ share: steps, types: types(0.05) })).toBeLessThan(150)
    expect(median({ share: steps, types: types(0.01) })).toBeLessThan(300)
    expect(held({ share: steps, load: 200, types: types(0.0004) })).toBeLessThanOrEqual(0.02)
  })

  test('not while its instances start', () => {
    const exceptions = new Exceptions({ ...judged, warm: 60_000 })
    const total = { baseline: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } }
    const errors = [{ type: 'T', error: 1, title: 'T: x', isNew: true, baseline: 0, canary: 1 }]
    for (let second = 0; second < 60; second += 1)
      exceptions.observe(0.1, { at: second * 1000, errors })
    expect(exceptions.judge(total, holds)).toEqual([])
  })

  test('and the judgement names it, without a rollback', () => {
    const judge = createJudge(settings)
    const random = generator(3)
    for (let second = 0; second < 100; second += 1)
      judge.see({
        batches: [
          makeBatch(random, {
            ...{ at: second * 1000, share: 0.5, requests: 20 },
            rate: { baseline: 0.01, canary: 0.01 },
          }),
        ],
        sample: null,
        exceptions: {
          at: second * 1000,
          errors: [
            {
              ...{ type: 'TypeError', error: 7, title: 'TypeError: x is undefined in pay (a.js)' },
              ...{ isNew: true, baseline: 0, canary: second % 2 },
            },
          ],
        },
      })
    expect(judge.judge({ isOver: true })).toMatchObject({
      verdict: 'undecided',
      doubt:
        'The canary throws a new error, TypeError: x is undefined in pay (a.js): 50 exceptions ' +
        'of this type, compared with 0 of the previous release.',
    })
  })
})
