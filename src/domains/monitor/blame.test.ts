import { expect, test } from 'vitest'
import { blameOf, type Harm, lookBackOf } from './blame.ts'

const live = Date.UTC(2026, 10, 29, 12)
const here = { app: 'shop', environment: 'production', live, now: live + 120_000 }
const harm = (more: Partial<Harm> = {}): Harm => ({
  ...{ id: 1, app: 'shop', environment: 'production', kind: 'http', name: 'checkout' },
  ...{ reason: 'it answers 500', isConfigured: true, lookBack: 0, proven: live - 3_600_000 },
  onset: { from: live - 20_000, until: live + 1000 },
  ...more,
})
const unconfigured = { isConfigured: false, lookBack: 0, proven: null }
const between = (from: number, until: number) => ({
  onset: { from: live + from * 1000, until: live + until * 1000 },
})

test('harm that begins after the switch, here and nowhere else, is that of the release', () => {
  expect(blameOf(here, [harm()])?.harm.name).toBe('checkout')
  const errors = harm({ ...unconfigured, kind: 'errors', ...between(-2, 9) })
  expect(blameOf(here, [errors])?.harm.kind).toBe('errors')
  const atTheSwitch = harm(between(-20, -1))
  expect(blameOf(here, [atTheSwitch])?.harm).toBe(atTheSwitch)
  const latency = harm({ ...unconfigured, kind: 'latency', ...between(61, 70) })
  expect(blameOf(here, [latency])?.harm.kind).toBe('latency')
  const slow = harm({ ...unconfigured, kind: 'slow-routes', ...between(61, 70) })
  expect(blameOf(here, [slow])?.harm.kind).toBe('slow-routes')
})

test.each([
  ['it began before', harm(between(-90, -6))],
  ['it is in another environment', harm({ environment: 'staging' })],
  ['the monitor was never up', harm({ proven: null })],
  ['the monitor was first up after the harm', harm({ proven: live + 5000 })],
  ['it is about a name', harm({ kind: 'dns' })],
  ['it is about a job', harm({ kind: 'heartbeat' })],
  ['it is about fewer visitors', harm({ ...unconfigured, kind: 'traffic', ...between(10, 20) })],
  ['it measures the time before', harm({ kind: 'metric', lookBack: 60_000 })],
  ['it is about another site', harm({ lookBack: null })],
  ['most of the interval is before', harm({ ...unconfigured, kind: 'errors', ...between(-9, 1) })],
  ['the release warms up', harm({ ...unconfigured, kind: 'latency', ...between(30, 90) })],
  ['its routes warm up', harm({ ...unconfigured, kind: 'slow-routes', ...between(30, 90) })],
])('harm is not that of the release: %s', (_why, one) => {
  expect(blameOf(here, [one])).toBeNull()
})

test.each([
  ['another app', { app: 'bank' }],
  ['the installation', { app: null, environment: null, kind: 'disk' }],
  ['what the environment uses', { kind: 'tcp', name: 'database' }],
])('harm at the same time of %s has another cause', (_what, more) => {
  expect(blameOf(here, [harm(), harm({ ...more, ...between(0, 30) })])).toBeNull()
  expect(blameOf(here, [harm(), harm({ ...more, ...between(-900, -900) })])).not.toBeNull()
})

test('harm is certain when the same cause would be known elsewhere', () => {
  const at = (now: number) => blameOf({ ...here, now: live + now * 1000 }, [harm()])?.isSettled
  expect([at(2), at(45), at(46)]).toEqual([false, false, true])
})

test.each([
  ['http', '/checkout', 0],
  ['http', { url: 'https://partner.example.com/' }, null],
  ['metric', { of: 'latency-p95', above: 500, for: '5m' }, 330_000],
  ['metric', { of: 'rate(x[5m])', above: 1, prometheus: 'http://p:9090' }, null],
  ['invariant', { query: 'select 1' }, 0],
  ['invariant', { metric: 'errors', above: 1 }, 60_000],
  ['invariant', { metric: 'x', above: 1, prometheus: 'http://p:9090' }, null],
  ['command', './check.sh', 0],
  ['removed', {}, null],
])('a monitor %s with %j looks back', (kind, check, expected) => {
  expect(lookBackOf(kind, check)).toBe(expected)
})
