import { expect, test } from 'vitest'
import { barEdges } from './histogram-path.ts'
import { nextIndex, visibleOf, zoomed } from './controls.ts'
import { highest, isolated, lowest, releaseColour, thinned } from './spec.ts'

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
  expect(isolated(values)).toEqual([0, 5, 7])
  expect(isolated([4])).toEqual([0])
  expect(isolated([])).toEqual([])
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
  expect(nextIndex(key, from, { first: 0, last: 99 })).toBe(to)
})

test('a page is a twentieth of a long series, and an empty series has no point', () => {
  expect(nextIndex('PageUp', 0, { first: 0, last: 99_999 })).toBe(5000)
  expect(nextIndex('Home', 0, { first: 0, last: -1 })).toBeNull()
})

test('keys stay within the part that is shown', () => {
  const visible = visibleOf([0, 10, 20, 30, 40], { min: 9, max: 30 })
  expect(visible).toEqual({ first: 1, last: 3 })
  expect(nextIndex('Home', 2, visible)).toBe(1)
  expect(nextIndex('ArrowRight', 3, visible)).toBe(3)
  expect(visibleOf([0, 10], {})).toEqual({ first: 0, last: 1 })
})

test('zooms around a point, and not beyond the data', () => {
  const whole: [number, number] = [0, 100]
  expect(zoomed([0, 100], { at: 80, factor: 0.5, whole })).toEqual([40, 90])
  expect(zoomed([40, 90], { at: 80, factor: 2, whole })).toEqual([0, 100])
  expect(zoomed([40, 90], { at: 0, factor: 2, whole })).toEqual([40, 100])
  expect(zoomed([40, 90], { at: 50, factor: Infinity, whole })).toEqual(whole)
})

test('a release has one colour, which differs from that of the next one', () => {
  expect([5, 6, 7, 12].map(releaseColour)).toEqual([
    ...['release-5', 'release-0', 'release-1', 'release-0'],
  ])
})
