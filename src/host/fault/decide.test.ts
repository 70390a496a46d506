import { expect, test } from 'vitest'
import { choose } from './choose.ts'
import { findReason, pauseAfter } from './decide.ts'

const record = { boot: 'a', steadyEnd: 1000 }
const now = { steady: 500, boot: 'a', lease: 800 }

test.each([
  [{}, null],
  [{ steady: 799 }, null],
  [{ steady: 800 }, 'its lease was not renewed'],
  [{ steady: 1000, lease: 5000 }, 'its time was over'],
  [{ boot: 'b' }, 'the machine was started again'],
  [{ boot: null }, 'the machine was started again'],
])('an armed fault with %j is undone because of %j', (change, reason) => {
  expect(findReason({ state: 'armed', record }, { ...now, ...change })).toBe(reason)
  expect(findReason({ state: 'undone', record }, { ...now, ...change })).toBeNull()
})

test('an undo that fails is tried again, at least every five seconds', () => {
  expect([1, 2, 3, 20].map(pauseAfter)).toEqual([100, 200, 400, 5000])
})

test('instances are chosen once each, and none when none are wanted', () => {
  const instances = [0, 1, 2].map((index) => {
    return { index, pid: index + 2, startTime: '1', marker: null }
  })
  const target = {
    ...{ app: 'shop', environment: 'production', service: 'web', release: 1 },
    ...{ instances, of: 3, dataFolder: '/data' },
  }
  const indexes = (count: number, random: number): number[] =>
    choose(target, count, () => random).instances.map(({ index }) => index)
  expect(indexes(0, 0.5)).toEqual([])
  expect(indexes(2, 0)).toEqual([0, 1])
  expect(indexes(2, 0.99)).toEqual([2, 1])
  expect(indexes(9, 0.5).toSorted((a, b) => a - b)).toEqual([0, 1, 2])
})
