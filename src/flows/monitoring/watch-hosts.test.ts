import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HostState } from '#contract/host/host.ts'
import type { HostStatus } from '#contract/host/status.ts'
import { judgeHost } from '#domains/monitor/host.ts'
import { listAlerts } from '#domains/alert/store.ts'
import { listMonitors } from '#domains/monitor/store.ts'
import { readEvents } from '#engine/events.ts'
import type { LinkedHost } from '#flows/host/hosts.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { firingSources } from '#views/watched.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { reconcileAlerts } from './alerts.ts'
import { WatchHosts } from './watch-hosts.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => ({ db, close } = await testDatabase()))
afterAll(() => close())

const seen = { state: 'connected' as const, reason: null, answers: false, answeredAt: 0 }

test('a host is down when it has not answered for 30 seconds', () => {
  expect(judgeHost({ ...seen, answers: true }, 0)?.state).toBe('up')
  expect(judgeHost(seen, 29_999)).toBeNull()
  expect(judgeHost(seen, 30_000)).toEqual({
    state: 'down',
    reason: 'SSH connects to its machine, but the host there does not answer',
    onset: { from: 0, until: 30_000 },
  })
  expect(judgeHost({ ...seen, state: 'installing' }, 599_999)).toBeNull()
  expect(judgeHost({ ...seen, state: 'installing' }, 600_000)?.state).toBe('down')
})

test('a host that does not answer is an alert, which ends by itself', async () => {
  let now = Date.parse('2026-11-30T10:00:00Z')
  let report: { state: HostState; reason: string | null } = { state: 'connected', reason: null }
  let names = ['web-1', 'web-2']
  const status: Pick<HostStatus, 'now' | 'disk'> = {}
  const hostOf = (name: string) => ({
    stored: { name },
    client: {
      status: () =>
        report.state === 'connected' || name === 'web-2'
          ? Promise.resolve(status)
          : Promise.reject(new Error('no answer')),
    },
    state: () => ({ ...report, since: now }),
  })
  const hosts = {
    sync: () => Promise.resolve(),
    all: () => names.map(hostOf) as unknown as LinkedHost[],
  }
  const watcher = () => new WatchHosts({ db, hosts, now: () => now, onChange: () => undefined })
  let watch = watcher()
  const look = async (seconds: number) => {
    now += seconds * 1000
    await watch.run()
    return (await listMonitors(db, { apps: null })).map(({ name, state }) => `${name} ${state}`)
  }
  const alerts = async () => {
    await reconcileAlerts({
      ...{ db, now: () => now, onNotification: () => undefined },
      ...{ findSuspects: async () => [], readMachine: async () => [] },
    })
    return listAlerts(db, { apps: null, limit: 10 })
  }
  expect(await look(0)).toEqual(['web-1 up', 'web-2 up'])
  report = { state: 'unreachable', reason: 'web-1 refused the connection' }
  expect(await look(25)).toEqual(['web-1 up', 'web-2 up'])
  expect(await look(5)).toEqual(['web-1 down', 'web-2 up'])
  expect(await alerts()).toMatchObject([
    { title: 'The host web-1 does not answer', state: 'open', urgency: 'high' },
  ])
  // Another server knows of the harm, also before it has waited.
  watch = watcher()
  expect(await look(1)).toEqual(['web-1 down', 'web-2 up'])
  expect(await look(60)).toEqual(['web-1 down', 'web-2 up'])
  expect(await firingSources(db)).toMatchObject([{ from: '2026-11-30T10:00:00.000Z' }])
  report = { state: 'connected', reason: null }
  expect(await look(5)).toEqual(['web-1 up', 'web-2 up'])
  expect(await alerts()).toMatchObject([{ state: 'resolved' }])
  report = { state: 'unreachable', reason: 'web-1 refused the connection' }
  expect(await look(30)).toEqual(['web-1 down', 'web-2 up'])
  names = ['web-2']
  expect(await look(5)).toEqual(['web-2 up'])
  expect(await alerts()).toMatchObject([{ state: 'resolved' }])
  status.disk = { free: 4e8, total: 9e9 }
  status.now = now + 10_000
  expect(await look(5)).toEqual(['web-2 down', 'web-2 degraded', 'web-2 up'])
  expect((await alerts()).slice(0, 2)).toMatchObject([
    { title: 'The clock of the host web-2 is wrong', state: 'open', urgency: 'low' },
    { title: 'The disk of the host web-2 is almost full', state: 'open', urgency: 'high' },
  ])
  status.disk.free = 5e9
  status.now = now + 5000
  expect(await look(5)).toEqual(['web-2 up', 'web-2 up', 'web-2 up'])
  names = []
  expect(await look(5)).toEqual([])
  const changes = (await readEvents(db, { limit: 100 })).filter(({ type }) =>
    type.endsWith('monitor.changed'),
  )
  expect(changes.map(({ data }) => (data as { state: string }).state)).toEqual([
    // Newest first; a monitor that is new has not changed.
    ...['up', 'up', 'down', 'up', 'down'],
  ])
})
