import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type HostSecond, noLatency, type PartCounts } from '#contract/host/measurements.ts'
import { addCount, countedFrom, mostNames, requestCounts } from './request-count.ts'

const minute = Date.parse('2026-11-29T03:00:00Z')
const second = (at: number, ok: number, failed: number, routes?: PartCounts): HostSecond => ({
  ...{ number: 1, at },
  traffic: [
    {
      ...{ app: 'shop', environment: 'production', release: 1, service: 'web', bytes: 0 },
      ...{ outcomes: { '2xx': ok, '5xx': failed, left: 5 }, latency: noLatency() },
      ...(routes === undefined ? {} : { routes }),
    },
  ],
})

test('sums the seconds of a minute by service, also those of a host without parts', () => {
  const seconds = [
    second(minute, 3, 1, { '/a': [4, 1] }),
    second(minute + 59_999, 1, 1, { '/a': [1, 0], '/b': [1, 1] }),
    second(minute + 60_000, 2, 0),
  ]
  expect(requestCounts(seconds)).toMatchObject([
    { minute, requests: 6, errors: 2, routes: { '/a': [5, 1], '/b': [1, 1] }, tenants: {} },
    { minute: minute + 60_000, requests: 2, errors: 0, routes: {} },
  ])
})

test('a sum loses no request, and keeps the names with most failures', () => {
  const parts = fc.dictionary(
    fc.string({ maxLength: 3 }),
    fc.tuple(fc.nat(99), fc.nat(99)),
  ) as fc.Arbitrary<PartCounts>
  const totals = (counts: PartCounts): [number, number] =>
    Object.values(counts).reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0])
  const many: PartCounts = Object.fromEntries(
    Array.from({ length: mostNames }, (_, i) => [`many-${i}`, [1, 0]]),
  )
  fc.assert(
    fc.property(parts, (some) => {
      const [one, other] = [many, some].map(
        (routes) => requestCounts([second(minute, 1, 0, routes)])[0]!,
      )
      const sum = addCount(one!, other!)
      const [a, b] = totals(many)
      const [c, d] = totals(some)
      expect(totals(sum.routes)).toEqual([a + c, b + d])
      expect(Object.keys(sum.routes).length).toBeLessThanOrEqual(mostNames)
      for (const [name, [, failed]] of Object.entries(some))
        if (failed > 0 && name !== '') expect(sum.routes[name]?.[1]).toBe(failed)
    }),
    { numRuns: 50 },
  )
})

test('the requests of a long period are counted for the last seven days', () => {
  const [hour, day] = [60 * 60_000, 24 * 60 * 60_000]
  const from = (period: { from: number; until: number }) => countedFrom(period, minute) - minute
  expect(from({ from: minute - hour, until: minute })).toBe(-hour)
  expect(from({ from: minute - 9 * day, until: minute })).toBe(-7 * day)
  expect(from({ from: minute - 9 * day, until: minute - 8 * day })).toBe(-8 * day)
})
