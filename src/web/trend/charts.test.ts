import { expect, test } from 'vitest'
import type { Trend } from '#contract/change/change.ts'
import { charts, summaryOf } from './charts.ts'

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
  time: '2026-11-28T10:00:00Z',
  numbers: { ...nothing, ...numbers },
})
const findings = (error: number): Trend['numbers']['findings'] => ({
  error,
  warning: 2,
  note: 0,
  fresh: null,
})
const sentence = (title: string, runs: Trend[]): string =>
  summaryOf(
    charts.find((one) => one.title === title)!,
    runs,
  )

test('what is not known is said to be unknown, and is never a nought', () => {
  expect(sentence('Findings', [run(1, {})])).toBe('Unknown: no run had a report of findings.')
  expect(
    charts
      .flatMap(({ series }) => series.map(({ value }) => value(nothing)))
      .every((one) => one === null),
  ).toBe(true)
})

test('the newest is said, and how it differs from the first that is known', () => {
  expect(
    sentence('Findings', [
      run(1, {}),
      run(2, { findings: findings(3) }),
      run(3, { findings: findings(1) }),
    ]),
  ).toBe('errors 1, 2 less than at first; warnings 2, as at first.')
  expect(
    sentence('Lines that tests reach', [
      run(1, { coverage: { total: { covered: 3, lines: 4 }, changed: null } }),
    ]),
  ).toBe('of all 75 %.')
  const half = { total: { covered: 2, lines: 4 }, changed: null }
  const most = { total: { covered: 3, lines: 4 }, changed: null }
  expect(
    sentence('Lines that tests reach', [run(1, { coverage: half }), run(2, { coverage: most })]),
  ).toBe('of all 75 %, 25 points more than at first.')
})
