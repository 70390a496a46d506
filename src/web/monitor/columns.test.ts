import { expect, test } from 'vitest'
import type { Series } from '#contract/signal/signal.ts'
import { columnsOf } from './columns.ts'

const series = (more: Partial<Series>): Series => ({
  ...{ name: 'requests', unit: '', environment: 'production', service: 'web', release: 1 },
  ...{ instance: null, values: [] },
  ...more,
})

test('sums releases, and leaves out other environments and unknown values', () => {
  const answer = {
    ...{ from: '2026-11-29T10:00:00.000Z', step: 10, marks: [] },
    series: [
      series({ values: [1, null, null] }),
      series({ release: 2, values: [2, 3, null] }),
      series({ environment: 'dev', values: [9, 9, 9] }),
      series({ name: 'latency-p99', values: [5, 6, 7] }),
      series({ name: 'latency-p99', service: 'api', values: [8, 1, null] }),
    ],
  }
  const { times, columns } = columnsOf(answer, 'production', ['requests', 'errors'])
  expect(times[1]! - times[0]!).toBe(10_000)
  expect(columns).toEqual([
    [3, 3, null],
    [null, null, null],
  ])
  expect(columnsOf(answer, 'production', ['latency-p99'], 'most').columns).toEqual([[8, 6, 7]])
})
