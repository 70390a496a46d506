import { expect, test } from 'vitest'
import type { Trend } from '#contract/change/change.ts'
import { columnsOf, formatShort, summaryOf, trendCharts } from './charts.ts'

const nothing: Trend['numbers'] = {
  tests: null,
  coverage: null,
  findings: null,
  measurements: null,
  materials: null,
  code: null,
}
const run = (id: number, numbers: Partial<Trend['numbers']>): Trend => ({
  run: id,
  state: 'succeeded',
  time: '2026-11-28T10:00:00Z',
  numbers: { ...nothing, ...numbers },
})
const findings = (error: number): Trend['numbers']['findings'] => ({
  error,
  warning: 2,
  note: 0,
  fresh: null,
})
const chartOf = (title: string) => trendCharts.find((one) => one.title === title)!
const covered = (count: number) => ({ total: { covered: count, lines: 4 }, changed: null })

test('an unknown number stays unknown and never becomes zero', () => {
  expect(summaryOf(chartOf('Findings'), [run(1, {})])).toBe(
    'Unknown: no run had a report of findings.',
  )
  for (const chart of trendCharts) {
    const [x, ...columns] = columnsOf(chart, [run(1, {}), run(2, {})])
    expect(x).toEqual([0, 1])
    expect(columns).toEqual(chart.series.map(() => [null, null]))
  }
})

test('each series is a column with one value for each run', () => {
  const runs = [run(1, {}), run(2, { findings: findings(3) }), run(3, { findings: findings(1) })]
  expect(columnsOf(chartOf('Findings'), runs)).toEqual([
    [0, 1, 2],
    [null, 3, 1],
    [null, 2, 2],
  ])
})

test('the summary states the newest numbers and their difference from the first', () => {
  const runs = [run(1, {}), run(2, { findings: findings(3) }), run(3, { findings: findings(1) })]
  expect(summaryOf(chartOf('Findings'), runs)).toBe(
    'errors 1, 2 less than in the first run; warnings 2, unchanged since the first run.',
  )
  expect(summaryOf(chartOf('Line coverage'), [run(1, { coverage: covered(3) })])).toBe(
    'all lines 75 %.',
  )
  expect(
    summaryOf(chartOf('Line coverage'), [
      run(1, { coverage: covered(2) }),
      run(2, { coverage: covered(3) }),
    ]),
  ).toBe('all lines 75 %, 25 points more than in the first run.')
})

test('a number that newer runs do not know is not shown as current', () => {
  const runs = [run(1, { coverage: covered(2) }), run(2, { coverage: covered(3) }), run(3, {})]
  expect(summaryOf(chartOf('Line coverage'), runs)).toBe(
    'all lines 75 % in run 2, unknown since then, 25 points more than in the first run.',
  )
})

test('numbers at an axis are short', () => {
  expect(formatShort(12_345, chartOf('Lines of code'))).toBe('12.3k')
  expect(formatShort(0.05, chartOf('Duplicated lines'))).toBe('5 %')
  expect(formatShort(0.25, chartOf('Test duration'))).toBe('0.25')
})
