import type uPlot from 'uplot'
import { expect, test } from 'vitest'
import { optionsOf, shownRange, structureOf } from './options.ts'
import type { ChartSpec } from './spec.ts'

const spec: ChartSpec = {
  x: { scale: 'elapsed', range: [0, 60_000] },
  y: { scale: 'log', range: [0.5, 4], format: (value) => `${value}×` },
  lines: [
    { colour: 'move', width: 0 },
    { colour: 'move', width: 0 },
    { colour: 'bad', width: 2, fill: 0.1, dash: [5, 3] },
  ],
  bands: [{ low: 1, high: 2, colour: 'move', opacity: 0.2 }],
}
const plot = {} as uPlot

function optionsFor(current: () => ChartSpec, sync?: string): uPlot.Options {
  return optionsOf({
    spec: current,
    palette: (colour, opacity = 1) => `${colour}/${opacity}`,
    width: 400,
    height: 200,
    sync,
    onCursor: () => undefined,
    onZoom: () => undefined,
  })
}
const call = (given: unknown, ...args: unknown[]): unknown =>
  (given as (...args: unknown[]) => unknown)(...args)

test('each line becomes a series with colours of the theme', () => {
  const { series } = optionsFor(() => spec)
  expect(series).toHaveLength(4)
  expect(series[1]).not.toHaveProperty('stroke')
  expect(series[3]).toMatchObject({ width: 2, dash: [5, 3] })
  expect(call(series[3]!.stroke)).toBe('bad/1')
  expect(call(series[3]!.fill)).toBe('bad/0.1')
})

test('a band fills from its upper to its lower column', () => {
  const [band] = optionsFor(() => spec).bands!
  expect(band!.series).toEqual([2, 1])
  expect(call(band!.fill)).toBe('move/0.2')
})

test('ranges and tick labels follow the current spec', () => {
  let current = spec
  const { scales, axes } = optionsFor(() => current)
  expect(scales!['y']).toMatchObject({ distr: 3, time: false })
  expect(call(scales!['y']!.range)).toEqual([0.5, 4])
  expect(call(axes![0]!.values, plot, [0, 30_000], 0, 50, 30_000)).toEqual(['0', '30 s'])
  current = { ...spec, y: { ...spec.y, range: [0.1, 10] } }
  expect(call(scales!['y']!.range)).toEqual([0.1, 10])
  expect(call(axes![1]!.values, plot, [1, 2], 1, 50, 1)).toEqual(['1×', '2×'])
})

test('a part of x is shown as wanted, and the whole axis otherwise', () => {
  expect(shownRange([0, 100], [10, 50, 90], [20, 60])).toEqual([20, 60])
  expect(shownRange([0, 100], [10, 50, 90], [10, 90])).toEqual([0, 100])
  expect(shownRange([0, 100], [], [20, 60])).toEqual([0, 100])
  expect(shownRange([0, 100], [10, 90], [null, null])).toEqual([0, 100])
})

test('only charts with a key share a cursor, by x alone', () => {
  expect(optionsFor(() => spec).cursor).not.toHaveProperty('sync')
  expect(optionsFor(() => spec, 'canary 1').cursor!.sync).toEqual({
    key: 'canary 1',
    scales: ['x', null],
  })
})

test('a chart is rebuilt for new lines, and kept for new ranges, levels, and marks', () => {
  const moved: ChartSpec = {
    ...spec,
    x: { ...spec.x, range: [0, 1] },
    levels: [{ value: 1, colour: 'ink', width: 1 }],
    marks: [{ x: 1, label: 'v2' }],
  }
  expect(structureOf(moved)).toBe(structureOf(spec))
  expect(structureOf({ ...spec, lines: spec.lines.slice(1) })).not.toBe(structureOf(spec))
  expect(structureOf({ ...spec, y: { ...spec.y, scale: 'linear' } })).not.toBe(structureOf(spec))
})
