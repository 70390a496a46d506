import { expect, test } from 'vitest'
import type { Series } from '#contract/signal/signal.ts'
import { columnsOf, releasesOf, spansOf } from './columns.ts'
import { markOf } from './marks.ts'

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

test('the release with the most requests has the traffic, and its times are one span', () => {
  const of = (release: number | null, values: (number | null)[]) => ({
    ...{ name: 'requests' as const, unit: '', environment: 'production', service: 'web' },
    ...{ instance: null, release, values },
  })
  const series = [of(1, [5, 5, 2, 0, null]), of(2, [null, 1, 3, 4, 0]), of(null, [9, 9, 9, 9, 9])]
  const answer = { from: '2026-11-29T00:00:00Z', step: 10, series, marks: [] }
  const releases = releasesOf(answer, 'production')
  expect(releases).toEqual([1, 1, 2, 2, null])
  expect(releasesOf(answer, 'staging')).toEqual([])
  expect(spansOf([0, 10, 20, 30, 40], releases)).toEqual([
    { from: 0, until: 20, colour: 'release-1' },
    { from: 20, until: 40, colour: 'release-2' },
  ])
})

test('a mark names its release, its switch or its configuration', () => {
  const mark = { time: '1970-01-01T00:00:01Z', environment: null, deployment: null, release: null }
  expect(markOf({ ...mark, kind: 'rollback', release: 7, text: '' })).toEqual({
    ...{ x: 1000, label: 'release 7', colour: 'release-1' },
  })
  expect(markOf({ ...mark, kind: 'switch', text: 'recharge off' }).label).toBe('recharge off')
  expect(markOf({ ...mark, kind: 'incident-end', text: 'x' }).label).toBe('incident is over')
})
