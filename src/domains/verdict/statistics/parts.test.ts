import { expect, test } from 'vitest'
import type { ArmCounts, Batch } from '#contract/verdict/verdict.ts'
import { PartRates } from './parts.ts'

type Counts = Record<string, [number, number]>
const arm = (routes: Counts): ArmCounts => ({
  ...{ requests: 0, errors: 0, outcomes: {}, bytes: 0, latency: [] },
  routes,
})
const batch = (at: number, baseline: Counts, canary: Counts): Batch => ({
  ...{ at, share: 0.5, baseline: arm(baseline), canary: arm(canary) },
})
const none = (): boolean => false

test('a route is judged from 500 requests on, and its errors then count from the first', () => {
  const routes = new PartRates('routes', 0)
  for (let i = 0; i < 4; i += 1)
    routes.observe(batch(i * 1000, { '/pay': [50, 0] }, { '/pay': [50, 25] }), none)
  expect([routes.evidence(), routes.worst(), routes.judge(null)]).toEqual([0, null, []])
  routes.observe(batch(4000, { '/pay': [50, 0] }, { '/pay': [50, 25] }), none)
  expect(routes.worst()).toBe('/pay')
  expect(routes.evidence()).toBeGreaterThan(Math.log(100))
  expect(routes.judge('/pay')).toMatchObject([
    { name: '/pay', state: 'harmful', canary: { requests: 250, count: 125 } },
  ])
})

test('a route that the file names is left to its metric', () => {
  const routes = new PartRates('routes', 0)
  const counts: Counts = { pay: [5000, 100] }
  routes.observe(batch(0, counts, counts), (name) => name === 'pay')
  expect(routes.judge(null)).toEqual([])
})

test('the weights of any number of routes are at most one, and no more than 20 are judged', () => {
  const routes = new PartRates('routes', 0)
  const names = Array.from({ length: 30 }, (_, i) => `/route-${i}`)
  const counts: Counts = Object.fromEntries(names.map((name) => [name, [500, 0]]))
  for (let i = 0; i < 3; i += 1) routes.observe(batch(i * 1000, counts, counts), none)
  expect(routes.judge(null)).toHaveLength(20)
  // Without errors, every route has the evidence of one.
  expect(routes.evidence()).toBeLessThanOrEqual(1e-9)
})

test('a later route has less weight', () => {
  const evidenceAt = (position: number): number => {
    const routes = new PartRates('routes', 0)
    const quiet: Counts = Object.fromEntries(
      Array.from({ length: position }, (_, i) => [`/quiet-${i}`, [500, 0]]),
    )
    routes.observe(batch(0, quiet, quiet), none)
    for (let i = 1; i < 9; i += 1)
      routes.observe(batch(i * 1000, { '/pay': [90, 0] }, { '/pay': [90, 45] }), none)
    return routes.evidence()
  }
  expect(evidenceAt(0)).toBeGreaterThan(evidenceAt(1))
  expect(evidenceAt(1)).toBeGreaterThan(evidenceAt(5))
})

test('a tenant is judged like a route, and named as one', () => {
  const tenants = new PartRates('tenants', 0)
  const of = (counts: Counts): ArmCounts => ({ ...arm({}), tenants: counts })
  for (let i = 0; i < 6; i += 1)
    tenants.observe(
      {
        ...{ at: i * 1000, share: 0.5 },
        ...{ baseline: of({ acme: [50, 0] }), canary: of({ acme: [50, 25] }) },
      },
      none,
    )
  expect(tenants.worst()).toBe('tenant acme')
  expect(tenants.evidence()).toBeGreaterThan(Math.log(100))
})
