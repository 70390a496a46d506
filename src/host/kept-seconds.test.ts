import { expect, test } from 'vitest'
import type { HostSecond, PartCounts } from '#contract/host/measurements.ts'
import { KeptSeconds } from './kept-seconds.ts'

const second = (number: number, routes: PartCounts, tenants?: PartCounts): HostSecond => ({
  number,
  at: number * 1000,
  traffic: [
    {
      ...{ app: 'shop', environment: 'production', release: 1, service: 'web' },
      ...{ outcomes: { '2xx': 3 }, bytes: 1, routes, ...(tenants && { tenants }) },
      latency: { requests: 0, sum: 0, squares: 0, buckets: {} },
    },
  ],
})
const partsOf = (seconds: HostSecond[]) =>
  seconds.map(({ number, traffic: [one] }) => [number, one?.routes, one?.tenants])

test('the oldest seconds lose their names first, and no count', () => {
  const kept = new KeptSeconds({ most: 3, names: 4 })
  kept.add(second(1, { '/a': [2, 1], '/b': [1, 0] }, { ada: [3, 1] }))
  kept.add(second(2, { '/a': [3, 0] }))
  expect(partsOf(kept.after(0))).toEqual([
    [1, { '/a': [2, 1], '/b': [1, 0] }, { ada: [3, 1] }],
    [2, { '/a': [3, 0] }, undefined],
  ])
  kept.add(second(3, { '/c': [3, 3] }))
  expect(partsOf(kept.after(0))).toEqual([
    [1, { '': [3, 1] }, { '': [3, 1] }],
    [2, { '/a': [3, 0] }, undefined],
    [3, { '/c': [3, 3] }, undefined],
  ])
})

test('latencies of routes count as names, and go with them', () => {
  const kept = new KeptSeconds({ most: 3, names: 3 })
  const latencies = (): unknown[] => kept.after(0).map(({ traffic: [one] }) => one?.routeLatencies)
  const timed = (number: number): HostSecond => {
    const one = second(number, { '/a': [2, 0] })
    one.traffic[0]!.routeLatencies = { '/a': [2, 3, 5] }
    return one
  }
  kept.add(timed(1))
  expect(latencies()).toEqual([{ '/a': [2, 3, 5] }])
  kept.add(timed(2))
  expect(latencies()).toEqual([undefined, { '/a': [2, 3, 5] }])
  expect(partsOf(kept.after(0))[0]).toEqual([1, { '': [2, 0] }, undefined])
})

test('only the last seconds are kept, and read after a number', () => {
  const kept = new KeptSeconds({ most: 3, names: 100 })
  for (let number = 1; number <= 5; number += 1) kept.add(second(number, { '/a': [1, 0] }))
  expect(partsOf(kept.after(3)).map(([number]) => number)).toEqual([4, 5])
  expect(kept.after(0)).toHaveLength(3)
})
