import { expect, test } from 'vitest'
import { barEdges } from './histogram-path.ts'
import { nextIndex } from './controls.ts'
import { highest, isolated, lowest, thinned } from './spec.ts'

test('the highest value ignores unknown values and x', () => {
  expect(
    highest(
      [
        [0, 900],
        [null, 3],
        [7, undefined],
      ],
      5,
    ),
  ).toBe(7)
  expect(highest([[0], [null]], 5)).toBe(5)
  expect(highest([Float64Array.of(1, 2), Float64Array.of(Number.NaN, 6)], 1)).toBe(6)
})

test('the lowest value ignores unknown values and x', () => {
  expect(lowest([[-9], [null, -3], [7, undefined]], 0)).toBe(-3)
  expect(lowest([[-9], [4, Number.NaN]], 0)).toBe(0)
})

test('finds values that no line connects', () => {
  const values = [1, null, 2, 3, null, 4, undefined, 5]
  expect(isolated(values, 0, 7)).toEqual([0, 5, 7])
  expect(isolated(values, 2, 4)).toEqual([])
})

test('thins a list evenly and keeps both ends', () => {
  const list = Array.from({ length: 101 }, (_, i) => i)
  expect(thinned(list, 5)).toEqual([0, 25, 50, 75, 100])
  expect(thinned(list.slice(0, 3), 5)).toEqual([0, 1, 2])
})

test('bars meet half way between their middles, and a single bar fills the chart', () => {
  expect(barEdges([10, 20, 40], 0, 100)).toEqual([5, 15, 30, 50])
  expect(barEdges([10], 0, 100)).toEqual([0, 100])
  expect(barEdges([], 0, 100)).toEqual([])
})

test.each([
  ['ArrowRight', 5, 6],
  ['ArrowRight', 99, 99],
  ['ArrowLeft', 0, 0],
  ['PageUp', 5, 15],
  ['PageDown', 5, 0],
  ['Home', 5, 0],
  ['End', 5, 99],
  ['a', 5, null],
])('%s moves from point %d to %s of 100', (key, from, to) => {
  expect(nextIndex(key, from, 100)).toBe(to)
})

test('a page is a twentieth of a long series, and an empty series has no point', () => {
  expect(nextIndex('PageUp', 0, 100_000)).toBe(5000)
  expect(nextIndex('Home', 0, 0)).toBeNull()
})
