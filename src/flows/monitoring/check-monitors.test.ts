import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { HostMonitors, HostResults } from '#contract/host/monitors.ts'
import type { CheckState } from '#contract/monitor/check.ts'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { listAlerts } from '#domains/alert/store.ts'
import { getBeats, recordCall } from '#domains/monitor/heartbeat-store.ts'
import { listMonitors } from '#domains/monitor/store.ts'
import type { Finding } from '#platform/monitor/monitor-kind.ts'
import { resultOf } from '#platform/monitor/checks.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { waitFor } from '../../../test/support/wait.ts'
import { reconcileAlerts } from './alerts.ts'
import { CheckMonitors, type MonitorChange } from './check-monitors.ts'

/** A host whose results the test makes. */
class SimulatedHost {
  wanted: HostMonitors | null = null
  run = 'first'
  isAway = false
  #number = 0
  results = new Map<number, HostResults['results'][number]>()

  setMonitors = async (wanted: HostMonitors): Promise<void> => {
    this.wanted = wanted
  }

  monitors = async (after: number): Promise<HostResults> => {
    if (this.isAway) throw new Error('away')
    const results = [...this.results.values()].filter(({ number }) => number > after)
    return { run: this.run, version: this.wanted?.version ?? '', next: this.#number, results }
  }

  check(name: string, state: CheckState, times: number, more: Partial<Finding> = {}): void {
    const id = this.wanted?.monitors.find(({ settings }) =>
      JSON.stringify(settings).includes(name),
    )?.id
    if (id === undefined) throw new Error(`no monitor ${name}`)
    for (let i = 0; i < times; i += 1) {
      now += 1000
      const finding = { state, reason: state === 'up' ? '' : 'it answers 500', ...more }
      const before = this.results.get(id) ?? null
      this.results.set(id, resultOf(id, (this.#number += 1), { finding, before, at: now, took: 2 }))
    }
  }
}

const sha = 'a'.repeat(40)
let db: Database
let close: () => Promise<void>
let host: SimulatedHost
let remote: SimulatedHost | null
let other: SimulatedHost | null
let changes: MonitorChange[]
let now = Date.now()
beforeAll(async () => ({ db, close } = await testDatabase()))
afterAll(() => close())
beforeEach(async () => {
  host = new SimulatedHost()
  remote = null
  other = null
  changes = []
  await db.batch([
    sql`truncate monitor, heartbeat, alert, change, release, deployment cascade`,
    sql`delete from environment`,
    sql`delete from app`,
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position) values ('shop', 'production', 0)`,
    sql`insert into artifact (digest, app, run, size) values ('sha256:0', 'shop', 1, 1)
      on conflict do nothing`,
    sql`insert into change (app, sha, branch, subject, author, committed, chain)
      values ('shop', ${sha}, 'main', 'x', ${{ name: 'Ada', email: 'a@x' }}::jsonb, now(), 'c-1')`,
  ])
})

let release = 0
/** Makes a file live. */
async function deploy(monitors: object, target: object = {}): Promise<void> {
  release += 1
  const definition = JSON.stringify(pipelineFile.parse({ services: { web: 'x' }, monitors }))
  await db.batch([
    sql`update deployment set state = 'replaced' where state = 'live'`,
    sql`insert into release (id, app, environment, artifact, configuration, run, sha, definition,
        target)
      overriding system value values (${release}, 'shop', 'production', 'sha256:0', 0, 1,
        ${sha}, ${definition}::json, ${JSON.stringify(target)}::jsonb)`,
    sql`insert into deployment (id, app, environment, kind, state, run, release, actor, workflow,
        live)
      overriding system value values (${release}, 'shop', 'production', 'delivery', 'live', 1,
        ${release}, 'Ada', 'w', now())`,
  ])
}
const watcher = () =>
  new CheckMonitors({
    ...{ db, fetch, random: () => 0, now: () => now },
    hosts: {
      local: host,
      remotes: () => [
        ...(remote ? [{ name: 'web-1', host: remote }] : []),
        ...(other ? [{ name: 'web-2', host: other }] : []),
      ],
    },
    policy: { privateHosts: null, allowAddresses: '', references: [] },
    onChange: (found) => changes.push(...found),
  })
const states = async () =>
  Object.fromEntries(
    (await listMonitors(db, { apps: null })).map(({ name, state }) => [name, state]),
  )
const reconcile = () =>
  reconcileAlerts({
    ...{ db, now: () => now, onNotification: () => undefined },
    findSuspects: async () => [],
    readMachine: async () => [],
  })
const openAlerts = async () =>
  (await listAlerts(db, { apps: null, limit: 10 })).filter(({ state }) => state === 'open')

test('one cause is one alert, and an edit of what is down raises no second one', async () => {
  await deploy({
    home: { http: '/home', needs: 'database' },
    database: { tcp: 'db.internal:5432' },
  })
  const one = watcher()
  await one.run()
  expect(host.wanted?.monitors).toHaveLength(2)
  expect(await states()).toEqual({ home: 'unknown', database: 'unknown' })
  host.check('home', 'up', 1)
  host.check('db.internal', 'up', 1)
  await one.run()
  expect(await states()).toEqual({ home: 'up', database: 'up' })
  // The page fails first; the database was not checked since.
  host.check('home', 'down', 3)
  await one.run()
  expect(await states()).toEqual({ home: 'up', database: 'up' })
  host.check('db.internal', 'down', 3)
  await one.run()
  await one.run()
  expect(await states()).toEqual({ home: 'unknown', database: 'down' })
  await reconcile()
  expect(await openAlerts()).toMatchObject([
    { title: 'The monitor database of shop in production fails' },
  ])
  // Another server takes over, the host restarts, and the monitor is edited.
  await deploy({
    home: { http: '/home', needs: 'database' },
    database: { tcp: 'db2.internal:5432', every: '10s' },
  })
  host.run = 'second'
  host.results.clear()
  const second = watcher()
  await second.run()
  await second.run()
  expect(await states()).toMatchObject({ database: 'down' })
  host.check('db2.internal', 'down', 1)
  await second.run()
  await reconcile()
  expect(await openAlerts()).toMatchObject([{ occurrence: 1 }])
  host.check('db2.internal', 'up', 2)
  host.check('home', 'up', 2)
  await second.run()
  await reconcile()
  expect(await states()).toEqual({ home: 'up', database: 'up' })
  expect(await openAlerts()).toEqual([])
  // A monitor that is no longer in the file is gone.
  await deploy({ home: { http: '/home' } })
  now += 3000
  await second.run()
  expect(await states()).toEqual({ home: 'up' })
})

test('an invariant names what breaks it, at once, also to other parts', async () => {
  await deploy({ twice: { invariant: { query: 'select account from charged_twice' } } })
  const one = watcher()
  await one.run()
  host.check('charged_twice', 'down', 1, { reason: 'broken by 7', entities: ['7'] })
  await one.run()
  const [found] = await listMonitors(db, { apps: null })
  expect(found).toMatchObject({ state: 'down', entities: ['7'], isConfigured: true })
  expect(changes).toMatchObject([
    { monitor: { name: 'twice', kind: 'invariant' }, state: 'down', entities: ['7'] },
  ])
  await reconcile()
  expect(await openAlerts()).toMatchObject([
    { title: 'The rule twice of shop in production is broken', urgency: 'high' },
  ])
  // The harm grows: the list is complete, and there is no second change of state.
  host.check('charged_twice', 'down', 1, { reason: 'broken by 7, 9', entities: ['7', '9'] })
  await one.run()
  const [grown] = await listMonitors(db, { apps: null })
  expect(grown).toMatchObject({ entities: ['7', '9'], reason: 'broken by 7, 9' })
  expect(grown?.since).toBe(found?.since)
  // The reason is the present one, also without a change of state.
  host.check('charged_twice', 'unknown', 1, { reason: 'the database does not answer' })
  await one.run()
  host.check('charged_twice', 'unknown', 1, { reason: 'there is no such table' })
  await one.run()
  expect(await listMonitors(db, { apps: null })).toMatchObject([
    { state: 'unknown', reason: 'there is no such table' },
  ])
  expect(changes).toHaveLength(2)
})

test('a host that is away makes its monitors unknown, and maintenance is a state', async () => {
  await deploy({
    home: { http: '/home', urgency: 'low' },
    old: { http: '/old', maintenance: [{ from: '2020-01-01', until: '2099-01-01' }] },
  })
  const one = watcher()
  await one.run()
  host.check('home', 'down', 3)
  host.check('old', 'down', 3)
  await one.run()
  expect(await states()).toEqual({ home: 'down', old: 'maintenance' })
  await reconcile()
  expect(await openAlerts()).toMatchObject([{ urgency: 'low' }])
  host.isAway = true
  now += 16_000
  await one.run()
  expect(await states()).toEqual({ home: 'unknown', old: 'maintenance' })
  await reconcile()
  expect(await openAlerts()).toHaveLength(1)
})

test('the host that runs an environment checks its monitors', async () => {
  remote = new SimulatedHost()
  await deploy({ home: { http: '/home' } }, { kind: 'process', host: 'web-1' })
  const one = watcher()
  await one.run()
  expect(host.wanted?.monitors).toEqual([])
  expect(remote.wanted?.monitors).toHaveLength(1)
  remote.check('/home', 'up', 1)
  await one.run()
  expect(await states()).toEqual({ home: 'up' })
  // It is away: nothing is known, and no alert opens.
  remote.isAway = true
  now += 16_000
  await one.run()
  expect(await states()).toEqual({ home: 'unknown' })
  // The environment moves to the machine of the server, and the former host still has results.
  remote.isAway = false
  await deploy({ home: { http: '/home' } })
  remote.check('/home', 'down', 3)
  now += 3000
  await one.run()
  await one.run()
  expect([remote.wanted?.monitors, host.wanted?.monitors.length]).toEqual([[], 1])
  expect(await states()).toEqual({ home: 'unknown' })
  host.check('/home', 'up', 1)
  await one.run()
  expect(await states()).toEqual({ home: 'up' })
})

test('a monitor of several hosts is down when most of those that can tell say so', async () => {
  remote = new SimulatedHost()
  other = new SimulatedHost()
  await deploy({ shop: { tcp: 'shop.test:443', from: 'every-host' } })
  const one = watcher()
  await one.run()
  for (const from of [host, remote, other]) from.check('shop.test', 'up', 1)
  await one.run()
  expect(await states()).toEqual({ shop: 'up' })
  remote.check('shop.test', 'down', 3)
  await one.run()
  const [partial] = await listMonitors(db, { apps: null })
  expect(partial).toMatchObject({
    ...{ state: 'degraded', reason: 'down from 1 of 3 hosts (web-1): it answers 500' },
    hosts: [
      { host: 'local', state: 'up', reason: '' },
      { host: 'web-1', state: 'down', reason: 'it answers 500' },
      { host: 'web-2', state: 'up', reason: '' },
    ],
  })
  await reconcile()
  expect(await openAlerts()).toMatchObject([
    { title: 'shop of shop in production is degraded', urgency: 'low' },
  ])
  // One more failed check of another host is not enough; three are.
  other.check('shop.test', 'down', 2)
  await one.run()
  expect(await states()).toEqual({ shop: 'degraded' })
  other.check('shop.test', 'down', 1)
  await one.run()
  expect(await states()).toEqual({ shop: 'down' })
  await reconcile()
  expect(await openAlerts()).toMatchObject([{ urgency: 'high' }])
  // Another server takes over, and both hosts that fail are away: nothing is down for sure.
  other.isAway = true
  remote.isAway = true
  const second = watcher()
  await second.run()
  expect(await states()).toEqual({ shop: 'down' })
  now += 16_000
  await second.run()
  const [left] = await listMonitors(db, { apps: null })
  expect(left).toMatchObject({ state: 'up' })
  expect(left?.hosts.map(({ state }) => state)).toEqual(['up', 'unknown', 'unknown'])
  // The file names hosts, of which one does not exist.
  await deploy({ shop: { tcp: 'shop.test:443', from: ['web-9'] } })
  now += 3000
  await second.run()
  expect(await listMonitors(db, { apps: null })).toMatchObject([
    { state: 'unknown', reason: 'no host can tell: web-9: there is no such host' },
  ])
})

test('a host that hangs does not delay what another one found', async () => {
  remote = new SimulatedHost()
  remote.monitors = () => new Promise(() => undefined)
  await deploy({ home: { http: '/home' } })
  const one = watcher()
  await one.run()
  await deploy({ home: { http: '/home' } }, { kind: 'process', host: 'web-1' })
  now += 3000
  await one.run()
  await deploy({ home: { http: '/home' } })
  now += 3000
  await one.run()
  host.check('/home', 'up', 1)
  await one.run()
  expect(await states()).toEqual({ home: 'up' })
})

test('a heartbeat is called by its address, and is down when it fails', async () => {
  await deploy({ backup: { heartbeat: { each: '1h' } } })
  const one = watcher()
  const key = { app: 'shop', environment: 'production', name: 'backup' }
  const pass = async () => {
    for (let i = 0; i < 8; i += 1) {
      now += 1000
      await one.run()
    }
  }
  /** The checks of a pass may end after it. */
  const becomes = (state: string) =>
    waitFor(`the heartbeat is ${state}`, async () => {
      await pass()
      return (await states())['backup'] === state
    })
  await becomes('unknown')
  const beats = await getBeats(db, key)
  expect(await recordCall(db, beats!.key, { state: 'started', message: '' })).toBe(true)
  expect(await recordCall(db, beats!.key, { state: 'failed', message: 'exit code 2' })).toBe(true)
  expect(await recordCall(db, '0'.repeat(32), { state: 'ended', message: '' })).toBe(false)
  await becomes('down')
  const [found] = await listMonitors(db, { apps: null })
  expect(found?.reason).toBe('the job failed: exit code 2')
  await recordCall(db, beats!.key, { state: 'ended', message: '' })
  await becomes('up')
  // A rollback that removes the monitor for a while keeps the address.
  await deploy({})
  await pass()
  await deploy({ backup: { heartbeat: { each: '2h' } } })
  await pass()
  expect((await getBeats(db, key))?.key).toBe(beats?.key)
})
