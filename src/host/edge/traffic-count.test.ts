import { expect, test } from 'vitest'
import { latencyQuantile } from '#contract/host/measurements.ts'
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
