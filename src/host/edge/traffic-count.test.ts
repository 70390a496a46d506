import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  addPartLatencies,
  latencyQuantile,
  type PartLatencies,
} from '#contract/host/measurements.ts'
import { TrafficCount } from './traffic-count.ts'

test('sums outcomes and bytes by service, and counts a request as hanging after 10 s', () => {
  const count = new TrafficCount()
  count.end('web', '2xx', 10, 1)
  count.end('web', '4xx', 5, 1)
  count.takeSecond()
  count.end('web', '2xx', 1, 1)
  count.end('admin', 'refused', 0, 1)
  const open = [0, 90_000, 90_001].map((began) => ({ service: 'web', began }))
  const latency = (requests: number) => ({
    ...{ requests, sum: 0, squares: 0 },
    buckets: requests > 0 ? { 4: requests } : {},
  })
  expect(count.view([...open, { service: 'api', began: 0 }], 100_000)).toEqual([
    {
      ...{ service: 'admin', outcomes: { refused: 1 }, bytes: 0, latency: latency(0) },
      ...{ open: 0, hanging: 0 },
    },
    { service: 'api', outcomes: {}, bytes: 0, latency: latency(0), open: 1, hanging: 1 },
    {
      ...{ service: 'web', outcomes: { '2xx': 2, '4xx': 1 }, bytes: 16, latency: latency(3) },
      ...{ open: 3, hanging: 1 },
    },
  ])
})

test('takes what ended since the last second, once', () => {
  const count = new TrafficCount()
  for (const ms of [1, 2, 4, 1000]) count.end('web', '2xx', 1, ms)
  count.end('web', 'broken', 0, 30_000)
  const [second] = count.takeSecond()
  expect(second).toMatchObject({ service: 'web', outcomes: { '2xx': 4, broken: 1 }, bytes: 4 })
  expect(second?.latency.requests).toBe(4)
  expect(latencyQuantile(second!.latency, 0.5)).toBeCloseTo(2, 5)
  expect(latencyQuantile(second!.latency, 0.99)).toBeGreaterThan(700)
  expect(count.takeSecond()).toEqual([])
})

test('counts requests and failures by route and tenant, and those of too many as others', () => {
  const count = new TrafficCount()
  const end = (outcome: string, route: string, tenant: string | null): void =>
    count.end('web', outcome, 1, 1, { route, tenant })
  end('2xx', '/orders', 'acme')
  end('5xx', '/orders', 'acme')
  end('refused', '/', null)
  end('left', '/orders', 'acme')
  const [second] = count.takeSecond()
  expect(second).toMatchObject({
    ...{ routes: { '/orders': [2, 1], '/': [1, 1] }, tenants: { acme: [2, 1] } },
  })
  for (let i = 0; i < 300; i += 1) end('2xx', `/page-${i}`, `tenant-${i}`)
  end('5xx', '/late', 'late')
  const [next] = count.takeSecond()
  expect(next?.routes).toMatchObject({ '': [100, 0], '/late': [1, 1] })
  expect(next?.tenants).toMatchObject({ '': [100, 0], late: [1, 1] })
})

test('the latencies of routes add up to that of the service, without errors', () => {
  const request = fc.record({
    outcome: fc.constantFrom('2xx', '4xx', '5xx', 'left'),
    ms: fc.double({ min: 0, max: 1e5, noNaN: true }),
    route: fc.constantFrom('/', '/orders', '/pay'),
  })
  fc.assert(
    fc.property(fc.array(request, { minLength: 1 }), (requests) => {
      const count = new TrafficCount()
      for (const { outcome, ms, route } of requests)
        count.end('web', outcome, 1, ms, { route, tenant: null })
      const { latency, routeLatencies = {} } = count.takeSecond()[0]!
      const sums: PartLatencies = {}
      for (const one of Object.values(routeLatencies)) addPartLatencies(sums, { all: one })
      const [values, sum, squares] = sums['all'] ?? [0, 0, 0]
      expect(values).toBe(latency.requests)
      expect(sum).toBeCloseTo(latency.sum, 6)
      expect(squares).toBeCloseTo(latency.squares, 6)
      for (const [name, [timed]] of Object.entries(routeLatencies)) {
        const served = requests.filter(
          ({ route, outcome }) => route === name && ['2xx', '4xx'].includes(outcome),
        )
        expect(timed).toBe(served.length)
      }
    }),
  )
})

test('routes beyond the limit of a second have no latency', () => {
  const count = new TrafficCount()
  for (let i = 0; i < 300; i += 1)
    count.end('web', '2xx', 1, 10, { route: `/page-${i}`, tenant: null })
  const [second] = count.takeSecond()
  expect(Object.keys(second?.routeLatencies ?? {})).toHaveLength(200)
  expect(second?.routeLatencies).toMatchObject({
    '/page-199': [1, Math.log(10), expect.any(Number)],
  })
  expect(second?.routeLatencies).not.toHaveProperty('/page-200')
})
