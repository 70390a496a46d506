import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '#contract/handler.ts'
import type { HostSecond, Measurements } from '#contract/host/measurements.ts'
import { noLatency } from '#contract/host/measurements.ts'
import { listAlerts } from '#domains/alert/store.ts'
import { addCounts, getPosition } from '#domains/slo/store.ts'
import { systemClock } from '#platform/clock.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { storeLiveRelease } from '../../../test/support/live-release.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { reconcileAlerts } from './alerts.ts'
import { judgeSlo } from './judge-slo.ts'
import { sloHandlers } from './slo-handlers.ts'
import { WatchSlos } from './watch-slos.ts'
import { onlyHost } from '../../../test/support/host.ts'

const settings = { objective: 0.999, below: null, window: 30 * 86_400_000 }
/** Counts with a constant share of bad requests, at ten requests a second. */
const constant = (share: number) => (seconds: number) => ({
  requests: seconds * 10,
  bad: seconds * 10 * share,
})

test.each([
  [0.0005, 'up', ''],
  [0.0011, 'degraded', 'used 1.1 times faster than allowed for 72 hours; nothing of it is left'],
  [0.02, 'down', 'used 20 times faster than allowed for an hour'],
])('a constant share of %d bad requests is %s', (share, state, reason) => {
  const verdict = judgeSlo(settings, constant(share), 0)
  expect(verdict.state).toBe(state)
  expect(verdict.reason).toContain(reason)
})

test('few errors at night raise no alarm, and without requests nothing is known', () => {
  const few = () => ({ requests: 20, bad: 9 })
  expect(judgeSlo(settings, few, 0).state).toBe('up')
  expect(judgeSlo(settings, () => ({ requests: 0, bad: 0 }), 0)).toMatchObject({
    ...{ state: 'unknown', reason: 'there were no requests in 30 days' },
  })
})

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await storeLiveRelease(db, 'production', { services: { web: 'x' }, slo: { up: 99 } })
})
afterAll(() => close())

const start = Date.now() - 300_000
const second = (number: number, bad: number): HostSecond => ({
  ...{ number, at: start + number * 1000 },
  traffic: [
    {
      ...{ app: 'shop', environment: 'production', release: 1, service: 'web', bytes: 0 },
      ...{ outcomes: { '2xx': 10 - bad, '5xx': bad }, latency: noLatency() },
    },
  ],
})

test('a burning budget opens an alert, which ends; seconds count once', async () => {
  let seconds: HostSecond[] = []
  const host = {
    measurements: async (after: number): Promise<Measurements> => ({
      ...{ run: 'first', next: seconds.at(-1)?.number ?? 0 },
      seconds: seconds.filter(({ number }) => number > after),
    }),
  }
  let changes = 0
  let now = start
  const watch = new WatchSlos({
    db,
    hosts: onlyHost(host),
    now: () => now,
    onChange: () => void (changes += 1),
  })
  const { listSlos, getSlo } = sloHandlers({ db, clock: { ...systemClock, now: () => now } })
  const caller: Caller = {
    ...{ name: 'Ada', email: null, user: 1, session: null, isLimited: false },
    ...{ role: 'developer', apps: {}, by: { credential: 'session', address: null } },
  }
  const { signal } = new AbortController()
  const read = async () =>
    (await listSlos({ params: {}, query: {}, body: undefined } as never, caller, signal)).slos[0]
  const alerts = async () => {
    await reconcileAlerts({
      ...{ db, now: () => Date.now(), onNotification: () => undefined },
      findSuspects: async () => [],
      readMachine: async () => [],
    })
    return listAlerts(db, { apps: null, limit: 10 })
  }
  const pass = async (from: number, to: number, bad: number) => {
    seconds = Array.from({ length: to - from }, (_, i) => second(from + i, bad))
    now = start + to * 1000
    await watch.run()
  }
  await watch.run()
  expect(await read()).toMatchObject({ name: 'up', state: 'unknown', budgetLeft: null })
  await pass(1, 61, 0)
  expect(await read()).toMatchObject({ state: 'up', requests: 600, bad: 0, budgetLeft: 1 })
  await pass(61, 121, 5)
  const burning = await read()
  expect(burning).toMatchObject({ state: 'down', requests: 1200, bad: 300 })
  expect(burning?.budgetLeft).toBeCloseTo(-24)
  expect(burning?.burn.hour).toBeCloseTo(25)
  expect(await alerts()).toMatchObject([
    { state: 'open', urgency: 'high', title: 'shop in production uses up the error budget of up' },
  ])
  const detail = await getSlo(
    { params: { app: 'shop', monitor: burning!.monitor }, query: {}, body: undefined } as never,
    caller,
    signal,
  )
  expect(detail.hours.reduce((sum, { requests }) => sum + requests, 0)).toBe(1200)
  // A server that was frozen counts the same seconds again: nothing changes.
  const before = { run: 'first', next: 60 }
  const counted = { app: 'shop', environment: 'production', service: null, below: null }
  await db.batch(
    addCounts('local', { before, after: { run: 'first', next: 120 } }, [
      { ...counted, at: start, requests: 600, bad: 300 },
    ]),
  )
  expect((await read())?.requests).toBe(1200)
  expect(await getPosition(db, 'local')).toEqual({ run: 'first', next: 120 })
  // After the harm, the short windows of the urgent rules pass first.
  now += 45 * 60_000
  seconds = []
  await watch.run()
  expect((await read())?.state).toBe('degraded')
  expect(await alerts()).toMatchObject([{ state: 'open' }])
  await db.query(sql`update release set definition = '{"slo": {}, "environments": {}}'`)
  const next = new WatchSlos({
    db,
    hosts: onlyHost(host),
    now: () => now,
    onChange: () => undefined,
  })
  await next.run()
  expect(await read()).toBeUndefined()
  expect(await alerts()).toMatchObject([{ state: 'resolved' }])
  expect(changes).toBeGreaterThanOrEqual(3)
})
