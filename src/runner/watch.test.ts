import { expect, test } from 'vitest'
import { familyIn, isDue } from './watch.ts'

test('the family of a process contains its children, and theirs', () => {
  const usage = (pid: number, parent: number) => ({ pid, parent, pages: 1 })
  const all = [usage(9, 1), usage(7, 5), usage(5, 2), usage(6, 5), usage(8, 7)]
  expect(familyIn(all, 5).map(({ pid }) => pid)).toEqual([5, 7, 6, 8])
  expect(familyIn(all, 4)).toEqual([])
})

test.each([
  ['after some seconds', { at: 0, took: 100, used: 0 }, 5001, 0, true],
  ['not before', { at: 0, took: 100, used: 0 }, 4999, 0, false],
  ['later when it takes long', { at: 0, took: 2000, used: 0 }, 39_000, 0, false],
  ['at once when the disk fills', { at: 0, took: 100, used: 500 }, 500, 601, true],
  ['but not all the time', { at: 0, took: 1000, used: 500 }, 1500, 900, false],
])('folders are measured %s', (_when, last, now, used, expected) => {
  expect(isDue(last, now, used, 1000)).toBe(expected)
})
