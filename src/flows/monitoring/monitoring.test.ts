import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '#contract/handler.ts'
import type { HostSecond, Measurements } from '#contract/host/measurements.ts'
import { listJudged } from '#domains/alert/cause-store.ts'
import * as channels from '#domains/alert/channel-store.ts'
import { listAlerts } from '#domains/alert/store.ts'
import * as store from '#domains/alert/store.ts'
import { insertSilence, nextSilence } from '#domains/alert/silence-store.ts'
import { listMonitors, setMonitor } from '#domains/monitor/store.ts'
import { readEvents } from '#engine/events.ts'
import type { NamedHost } from '#flows/host/every-host.ts'
import { systemClock, systemSleep } from '#platform/clock.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { generator, poisson } from '../../../test/support/generator.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { makeRepository } from '../../../test/support/repository.ts'
import { alertHandlers } from './alert-handlers.ts'
import { reconcileAlerts } from './alerts.ts'
import { failingRoutesOf, firingSources } from '#views/watched.ts'
import { recordCauses } from './causes.ts'
import { findSuspects } from './owners.ts'
import { sendNotifications } from './notify.ts'
import { WatchServices } from './watch-services.ts'

/** A host whose seconds the test makes. */
class SimulatedHost {
  readonly #random = generator(12)
  /** milliseconds that its clock is ahead */
  ahead = 0
  run = 'first'
  isAway = false
  seconds: HostSecond[] = []
  at = Date.UTC(2026, 10, 29, 10)

  pass(count: number, errorRate: number, load = 40): void {
    for (let i = 0; i < count; i += 1) {
      this.at += 1000
      const requests = poisson(this.#random, load)
      const errors = Math.min(requests, poisson(this.#random, requests * errorRate))
      const log = Math.log(20)
      this.seconds.push({
        number: (this.seconds.at(-1)?.number ?? 0) + 1,
        at: this.at + this.ahead,
        traffic: [
          {
            ...{ app: 'shop', environment: 'production', release: 1, service: 'web', bytes: 0 },
            outcomes: { '2xx': requests - errors, '5xx': errors },
            routes: { '/pay': [errors, errors], '/': [requests - errors, 0] },
            latency: { requests, sum: log * requests, squares: log * log * requests, buckets: {} },
          },
        ],
      })
      if (this.seconds.length > 900) this.seconds.shift()
    }
  }

  restart(): void {
    this.run += '+'
    this.seconds = []
  }

  measurements = async (after: number): Promise<Measurements> => {
    if (this.isAway) throw new Error('the host does not answer')
    const seconds = this.seconds.filter(({ number }) => number > after)
    return { run: this.run, next: this.seconds.at(-1)?.number ?? 0, seconds }
  }
}

let db: Database
let close: () => Promise<void>
let host: SimulatedHost
beforeAll(async () => ({ db, close } = await testDatabase()))
afterAll(() => close())
beforeEach(async () => {
  await db.batch([
    sql`truncate monitor, detector, detector_holder, alert, silence, channel, notification cascade`,
    sql`delete from environment`,
    sql`truncate change, release, deployment cascade`,
    sql`delete from app`,
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position) values ('shop', 'production', 0)`,
  ])
  host = new SimulatedHost()
})

const watcher = (holder: string, on = db, remotes: NamedHost<SimulatedHost>[] = []) =>
  new WatchServices({
    ...{ db: on, hosts: { local: host, remotes: () => remotes }, holder, now: () => host.at },
    onChange: () => undefined,
    disk: async () => ({ free: 1000, floor: 500 }),
  })
const stateOf = async (kind: string) =>
  (await listMonitors(db, { apps: null })).find((one) => one.kind === kind)?.state
const reconcile = () =>
  reconcileAlerts({
    ...{ db, now: () => Date.now(), onNotification: () => undefined },
    findSuspects: async () => [],
    readMachine: async () => [],
  })
const alerts = () => listAlerts(db, { apps: null, limit: 10 })
const eventTypes = async () =>
  (await readEvents(db, { limit: 100 })).map(({ type }) => type.replace(/^.*fairlead-/, ''))

describe('services', () => {
  test('harm is found within seconds, survives another server and host, and ends', async () => {
    const first = watcher('first')
    // Environments are read before seconds are judged.
    await first.run()
    for (let i = 0; i < 12; i += 1) {
      host.pass(300, 0.001)
      await first.run()
    }
    expect([await stateOf('errors'), await stateOf('latency')]).toEqual(['up', 'up'])
    expect(await stateOf('traffic')).toBe('unknown')
    // A second more than a burst can touch.
    host.pass(4, 0.9)
    await first.run()
    const [errors] = await listMonitors(db, { apps: null, state: 'down' })
    expect(errors).toMatchObject({
      kind: 'errors',
      reason: expect.stringMatching(/% of the requests fail.*; most of them to \/pay$/) as string,
    })
    expect(await failingRoutesOf(db, [errors!.id])).toEqual(['/pay'])
    const age = host.at - Date.parse(errors!.onset!.from)
    expect(age).toBeGreaterThanOrEqual(2000)
    expect(age).toBeLessThan(15_000)
    await reconcile()
    expect(await alerts()).toMatchObject([{ state: 'open', urgency: 'high', service: 'web' }])
    // Another server takes over, and the host restarts: the harm goes on, and so does the alert.
    const second = watcher('second')
    await second.run()
    host.restart()
    host.pass(5, 0.9)
    await second.run()
    expect(await stateOf('errors')).toBe('down')
    // The former server notices that it no longer judges.
    host.pass(11, 0.9)
    await first.run()
    await reconcile()
    expect(await alerts()).toHaveLength(1)
    host.pass(120, 0.001)
    await second.run()
    expect(await stateOf('errors')).toBe('up')
    await reconcile()
    expect(await alerts()).toMatchObject([{ state: 'resolved', resolvedBy: null, occurrence: 1 }])
    expect(await eventTypes()).toEqual(
      expect.arrayContaining(['monitor.changed', 'alert.opened', 'alert.resolved']),
    )
  })

  test('a host that is away makes everything unknown, and resolves nothing', async () => {
    const one = watcher('one')
    await one.run()
    for (let i = 0; i < 6; i += 1) {
      host.pass(200, 0.001)
      await one.run()
    }
    host.pass(4, 0.9)
    await one.run()
    await reconcile()
    host.isAway = true
    host.at += 5000
    await one.run()
    expect(await stateOf('errors')).toBe('down')
    host.at += 20_000
    await one.run()
    expect([await stateOf('errors'), await stateOf('host')]).toEqual(['unknown', 'down'])
    await reconcile()
    const open = (await alerts()).filter(({ state }) => state === 'open')
    expect(open.map(({ app }) => app)).toEqual([null, 'shop'])
    host.isAway = false
    host.restart()
    host.pass(3, 0.9)
    await one.run()
    expect([await stateOf('errors'), await stateOf('host')]).toEqual(['down', 'up'])
    await reconcile()
    expect((await alerts()).map(({ app, state }) => [app, state])).toEqual([
      [null, 'resolved'],
      ['shop', 'open'],
    ])
  })
})

describe('an environment on hosts of other machines', () => {
  const web = ['web-1', 'web-2'].map((name) => ({ name, host: new SimulatedHost() }))
  const [first, second] = web.map(({ host: one }) => one) as [SimulatedHost, SimulatedHost]
  const deploy = (target: object) =>
    db.batch([...deployed, sql`update release set target = ${JSON.stringify(target)}::jsonb`])
  beforeEach(() => {
    for (const one of [first, second])
      Object.assign(one, { isAway: false, seconds: [], at: host.at, ahead: 0, run: one.run + '.' })
  })
  const run = async (watch: WatchServices, seconds: number, rate: number, onSecond = rate) => {
    for (let i = 0; i < seconds; i += 30) {
      if (!first.isAway) first.pass(30, rate)
      if (!second.isAway) second.pass(30, onSecond)
      host.at += 30_000
      first.at = second.at = host.at
      await watch.run()
    }
  }

  test('is judged by the sum of their seconds, whatever their clocks say', async () => {
    await deploy({ kind: 'process', hosts: ['web-1', 'web-2'] })
    second.ahead = 86_400_000
    const watch = watcher('one', db, web)
    await watch.run()
    await run(watch, 900, 0.001)
    expect([await stateOf('errors'), await stateOf('latency')]).toEqual(['up', 'up'])
    // Only the edge of the second host sees it.
    await run(watch, 30, 0.001, 0.9)
    const [errors] = await listMonitors(db, { apps: null, state: 'down' })
    expect(errors?.kind).toBe('errors')
    const age = host.at - Date.parse(errors!.onset!.from)
    expect(age).toBeGreaterThan(20_000)
    expect(age).toBeLessThan(45_000)
    // Another server goes on, and the end is found.
    const other = watcher('two', db, web)
    await other.run()
    expect(await stateOf('errors')).toBe('down')
    await run(other, 150, 0.001)
    expect(await stateOf('errors')).toBe('up')
  })

  test('is judged without a host that is away, and is unknown without any', async () => {
    await deploy({ kind: 'process', hosts: ['web-1', 'web-2'] })
    const watch = watcher('one', db, web)
    await watch.run()
    await run(watch, 600, 0.001)
    first.isAway = true
    await run(watch, 60, 0.9)
    expect([await stateOf('errors'), await stateOf('traffic')]).toEqual(['down', 'unknown'])
    second.isAway = true
    await run(watch, 60, 0)
    const reasons = (await listMonitors(db, { apps: null, state: 'unknown' })).map(
      ({ reason }) => reason,
    )
    expect(new Set(reasons)).toEqual(new Set(['web-1, web-2 do not answer']))
    first.isAway = false
    second.isAway = false
    await run(watch, 30, 0.9)
    expect(await stateOf('errors')).toBe('down')
  })

  test('keeps what was learnt when it moves there', async () => {
    const watch = watcher('one', db, web)
    await watch.run()
    for (let i = 0; i < 6; i += 1) {
      host.pass(200, 0.001)
      await watch.run()
    }
    for (const one of [first, second]) one.at = host.at
    await deploy({ kind: 'process', host: 'web-2' })
    await run(watch, 60, 0.001)
    expect(await stateOf('errors')).toBe('up')
    await run(watch, 30, 0.001, 0.9)
    expect(await stateOf('errors')).toBe('down')
  })
})

test('harm that the database did not take is found again', async () => {
  let isDown = false
  const failing: Database = {
    ...db,
    batch: (statements) => (isDown ? Promise.reject(new Error('no answer')) : db.batch(statements)),
  }
  const one = watcher('one', failing)
  await one.run()
  for (let i = 0; i < 6; i += 1) {
    host.pass(200, 0.001)
    await one.run()
  }
  isDown = true
  host.pass(4, 0.9)
  await expect(one.run()).rejects.toThrow('no answer')
  isDown = false
  host.pass(1, 0.9)
  await one.run()
  expect(await stateOf('errors')).toBe('down')
})

test('a clock that is wrong opens an alert of low urgency, which ends', async () => {
  let one = watcher('first')
  const measure = async (clockOffset: number | null | undefined): Promise<void> => {
    host.pass(1, 0)
    const size = { load: 0, memory: 1, memoryTotal: 9, disk: 1, diskTotal: 9 }
    const machine = { cpu: 0.1, ...size, clockOffset }
    host.seconds.at(-1)!.usage = { machine, instances: [] }
    await one.run()
    await reconcile()
  }
  await measure(undefined)
  expect(await stateOf('clock')).toBeUndefined()
  await measure(null)
  expect(await stateOf('clock')).toBe('unknown')
  await measure(3)
  expect(await alerts()).toMatchObject([
    { state: 'open', urgency: 'low', title: 'The clock of the machine is wrong' },
  ])
  // The server starts again, and the machine has lost its NTP servers.
  one = watcher('second')
  await measure(undefined)
  expect(await stateOf('clock')).toBe('unknown')
  expect((await alerts())[0]?.state).toBe('open')
  await measure(0)
  expect((await alerts())[0]?.state).toBe('resolved')
})

describe('alerts', () => {
  const fire = (firing: boolean) =>
    db.query(sql`insert into monitor (app, environment, service, kind, name, state, firing, reason)
      values ('shop', 'production', 'web', 'errors', 'errors', 'down', ${firing},
        'half of it fails') on conflict (app, environment, service, kind, name)
      do update set firing = excluded.firing`)

  test('an acknowledgement expires, and what fires again opens the alert again', async () => {
    await fire(true)
    await reconcile()
    const [alert] = await alerts()
    const past = new Date(Date.now() - 1000).toISOString()
    await db.query(store.acknowledge(alert!.id, 'Ada', past))
    await reconcile()
    expect(await alerts()).toMatchObject([{ state: 'open', occurrence: 2 }])
    await fire(false)
    await reconcile()
    await fire(true)
    await db.query(sql`update monitor set since = now() + interval '1 minute'`)
    await reconcile()
    expect(await alerts()).toMatchObject([{ state: 'open', occurrence: 3 }])
    expect((await store.getDetail(db, alert!.id))?.entries.map(({ kind }) => kind)).toEqual([
      ...['opened', 'unnotified', 'expired', 'unnotified', 'ended', 'resolved', 'reopened'],
      'unnotified',
    ])
    const { entries } = (await store.getDetail(db, alert!.id))!
    expect(entries.find(({ kind }) => kind === 'ended')?.text).toBe(
      'over: web in production of shop fails requests',
    )
    // What fires now began after the first opening.
    expect((await alerts())[0]?.onset?.from).not.toBe(alert?.onset?.from)
    expect(await eventTypes()).toContain('alert.reopened')
  })

  test('a message is sent once, after refusals, and not while a silence lasts', async () => {
    const received: string[] = []
    let status = 500
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        if (status === 200) received.push((JSON.parse(body) as { text: string }).text)
        response.writeHead(status).end()
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const plain = {
      seal: (_: string, text: string) => text,
      open: (_: string, text: string) => text,
    }
    const parts = {
      ...{ db, publicUrl: 'http://fairlead.test', secrets: { ...plain, isCurrent: () => true } },
      io: { fetch, mail: null, commands: null },
    }
    const stop = new AbortController()
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
    const runtime = { db, log: quiet, clock: systemClock, random: Math.random, sleep: systemSleep }
    const jobs = [1, 2].map((replica) =>
      sendNotifications(parts, 20).run({ ...runtime, replica: `r${replica}` }, stop.signal),
    )
    try {
      const settings = JSON.stringify({ url })
      const urgency = 'low' as const
      await db.query(
        channels.putChannel({ name: 'team', kind: 'slack', person: null, settings, urgency }),
      )
      const silence = { app: 'shop', environment: null, service: null, reason: 'x', actor: 'Ada' }
      const until = new Date(Date.now() + 60_000).toISOString()
      await db.query(insertSilence({ ...silence, id: await nextSilence(db), until }))
      await fire(true)
      await reconcile()
      const count = async () =>
        (await db.query<{ n: number }>(sql`select count(*) as n from notification`))[0]?.n
      expect(await count()).toBe(0)
      expect((await alerts())[0]?.silencedUntil).toBe(until)
      await db.query(sql`update silence set until = now()`)
      await reconcile()
      await reconcile()
      expect(await count()).toBe(1)
      const problem = async () =>
        (await db.query<{ problem: string | null }>(sql`select problem from notification`))[0]
          ?.problem
      await expect.poll(problem).toBe('it answered 500')
      expect(received).toEqual([])
      status = 200
      await db.query(sql`update notification set due = now()`)
      await expect.poll(() => received.length).toBe(1)
      expect(received[0]).toMatch(/^web in production of shop fails requests\nHalf of it fails\./)
      await fire(false)
      await reconcile()
      await expect.poll(() => received.length).toBe(2)
      expect(received[1]).toMatch(/^Resolved: web in production of shop/)
      const [alert] = await alerts()
      const { entries, notifications } = (await store.getDetail(db, alert!.id))!
      expect(entries.map(({ kind }) => kind)).toEqual([
        ...['opened', 'refused', 'notified', 'ended', 'resolved', 'notified'],
      ])
      expect(notifications.map(({ kind, state, tries }) => [kind, state, tries])).toEqual([
        ['opened', 'sent', 2],
        ['resolved', 'sent', 1],
      ])
    } finally {
      stop.abort()
      await Promise.all(jobs)
      server.close()
    }
  })
})

describe('what people do with alerts', () => {
  const caller: Caller = {
    ...{ name: 'Ada', email: null, user: 1, session: null, isLimited: false },
    ...{ role: 'developer', apps: {}, by: { credential: 'session', address: null } },
  }
  const plain = { seal: (_: string, text: string) => text, open: (_: string, text: string) => text }
  const { signal } = new AbortController()
  const handlers = () =>
    alertHandlers({
      ...{ db, publicUrl: 'http://fairlead.test', now: Date.now, random: () => 'x' },
      ...{ secrets: { ...plain, isCurrent: () => true }, onNotification: () => undefined },
      getApp: async () => undefined,
      io: { fetch, mail: null, commands: null },
    })

  test('acknowledge, silence and resolve are events, and on the timeline', async () => {
    await db.query(sql`insert into monitor (app, environment, service, kind, name, state, firing,
      reason) values ('shop', 'production', 'web', 'errors', 'errors', 'down', true, 'x')`)
    await reconcile()
    const [alert] = await alerts()
    const input = { params: { alert: alert!.id }, query: {} }
    const body = { minutes: 5, comment: 'rolling back' }
    const taken = await handlers().acknowledgeAlert({ ...input, body }, caller, signal)
    expect(taken).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'Ada' })
    const params = { app: 'shop' }
    const silence = await handlers().createSilence(
      { params, query: {}, body: { minutes: 5, reason: 'load test', service: 'web' } },
      caller,
      signal,
    )
    expect((await alerts())[0]?.silencedUntil).toBe(silence.until)
    const end = { params: { silence: silence.id }, query: {}, body: {} }
    await handlers().endSilence(end, caller, signal)
    await expect(handlers().endSilence(end, caller, signal)).rejects.toThrow('There is no silence')
    const done = { ...input, body: { comment: 'it was the cache' } }
    const resolved = await handlers().resolveAlert(done, caller, signal)
    expect(resolved).toMatchObject({ state: 'resolved', resolvedBy: 'Ada' })
    await expect(handlers().resolveAlert(done, caller, signal)).rejects.toThrow('resolved already')
    // It still fires, and stays resolved.
    await reconcile()
    expect(await alerts()).toMatchObject([{ state: 'resolved' }])
    expect(resolved.entries.at(-1)).toMatchObject({ actor: 'Ada', text: 'it was the cache' })
    expect(await eventTypes()).toEqual(
      expect.arrayContaining(['alert.acknowledged', 'silence.created', 'silence.ended']),
    )
  })

  test('a channel with wrong settings is refused; a test reports the answer', async () => {
    const put = (settings: Record<string, unknown>) =>
      handlers().putChannel(
        {
          params: { channel: 'team' },
          query: {},
          body: { kind: 'slack', settings, urgency: 'low' },
        },
        caller,
        signal,
      )
    await expect(put({ url: 'ftp://x' })).rejects.toThrow(/^settings\.url:/)
    expect(await put({ url: 'http://127.0.0.1:1/secret' })).toMatchObject({ proven: null })
    const input = { params: { channel: 'team' }, query: {}, body: {} }
    const admin: Caller = { ...caller, role: 'admin' }
    await expect(handlers().testChannel(input, admin, signal)).rejects.toThrow(
      'The channel team did not accept the message: it cannot be reached.',
    )
    const list = async () =>
      (await handlers().listDeliveries({ ...input, query: { limit: 20 } }, admin, signal))
        .deliveries
    const refused = { kind: 'test', state: 'failed', alert: null, problem: 'it cannot be reached' }
    expect(await list()).toMatchObject([refused])
    // Tests count towards the rate limit of the channel, which lets five messages pass at once.
    const rest = Array.from({ length: 12 }, () => handlers().testChannel(input, admin, signal))
    const answers = (await Promise.allSettled(rest)).map((one) => String(Object.values(one)[1]))
    expect(answers.filter((one) => one.includes('by its rate limit')).length).toBeGreaterThan(0)
  })
})

/** A deployment that has been live in production of shop for a minute. */
const deployed = [
  sql`insert into change (app, sha, branch, subject, author, committed, chain)
    values ('shop', 'abc', 'main', 's', '{"name": "Cy", "email": "c@x.test"}', now(), 'c-1')`,
  sql`insert into artifact (digest, app, run, size) values ('sha256:0', 'shop', 1, 1)
    on conflict do nothing`,
  sql`insert into release (app, environment, sha, artifact, definition, configuration, run)
    values ('shop', 'production', 'abc', 'sha256:0', '{}', 0, 1)`,
  sql`insert into deployment (app, environment, kind, state, release, actor, live, run, workflow)
    select 'shop', 'production', 'delivery', 'live', id, 'Cy', now() - interval '1 minute', 1, 'w'
    from release`,
]

test('an app that used up the machine after its deployment explains harm elsewhere', async () => {
  await db.batch([
    sql`insert into app (name, repository, branch) values ('blog', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position) values ('blog', 'production', 0)`,
    sql`insert into monitor (app, environment, service, kind, name, state, firing, reason)
      values ('blog', 'production', 'web', 'latency', 'latency', 'down', true, 'it is slow')`,
    ...deployed,
  ])
  const shop = { app: 'shop', environment: 'production', release: 1, service: 'queue', index: 0 }
  const instances = [{ ...shop, cpu: 3.9, memory: 1, descriptors: 1, restarts: 0 }]
  const size = { load: 9, memory: 1, memoryTotal: 9, disk: 1, diskTotal: 9 }
  const usage = { machine: { cpu: 0.99, ...size }, instances }
  const suspect = { name: 'Cy', email: null, user: null, reason: 'they wrote abc' }
  const deployments: (number | null)[] = []
  await reconcileAlerts({
    ...{ db, now: () => Date.now(), onNotification: () => undefined },
    readMachine: async () => [{ number: 1, at: Date.now(), traffic: [], usage }],
    findSuspects: async (deployment) => {
      deployments.push(deployment)
      return [suspect]
    },
  })
  const [live] = await db.query<{ id: number }>(sql`select id from deployment`)
  expect(deployments).toEqual([live!.id])
  expect(await alerts()).toMatchObject([
    {
      ...{ app: 'blog', deployment: null },
      reason:
        'it is slow; the machine was busy (99 %); queue of shop in production used most of it',
      suspects: [{ name: 'Cy', reason: 'shop used up the machine, and they wrote abc' }],
    },
  ])
})

test('a release with harm that was not rolled back fires until another one is live', async () => {
  await db.batch(deployed)
  await db.query(sql`update deployment set stays = 'it crashes; it cannot be rolled back',
    stays_since = now() - interval '1 hour' where state = 'live'`)
  const firing = (await firingSources(db)).find(({ kind }) => kind === 'stays')
  expect(firing).toMatchObject({ app: 'shop', reason: 'it crashes; it cannot be rolled back' })
  await reconcile()
  const alert = (await alerts()).find(({ app }) => app === 'shop')
  expect(alert).toMatchObject({ state: 'open', deployment: firing!.deployment })
  expect(alert?.title).toBe('The release of shop in production has harm and is not rolled back')
  await db.query(sql`update deployment set state = 'replaced' where state = 'live'`)
  await reconcile()
  expect((await alerts()).find(({ id }) => id === alert?.id)).toMatchObject({ state: 'resolved' })
})

test('suspects are authors since the former release, compared with the end', async () => {
  const repository = await makeRepository({ CODEOWNERS: '*.rb @bob\n', 'a.js': '1' })
  try {
    const head = async () => (await repository.git('rev-parse', 'HEAD')).trim()
    const first = await head()
    for (const [name, file] of [
      ['Cy', 'b.js'],
      ['Cy', 'c.js'],
      ['Bob', 'd.rb'],
    ] as const) {
      await writeFile(join(repository.folder, file), file)
      await repository.git('add', '.')
      const author = `${name} <${name}@x.test>`
      await repository.git('commit', '--author', author, '-m', `Add ${file}`)
    }
    const second = await head()
    const author = { name: 'Cy', email: 'Cy@x.test' }
    const change = (sha: string) => sql`insert into change (app, sha, branch, subject, author,
      committed, chain) values ('shop', ${sha}, 'main', 's', ${author}::jsonb, now(), 'c-1')`
    const release = (sha: string) => sql`insert into release (app, environment, sha, artifact,
      definition, configuration, run) values ('shop', 'production', ${sha}, 'sha256:0', '{}', 0, 1)`
    const deployment = (sha: string, state: string) => sql`insert into deployment (app,
        environment, kind, state, release, actor, live, run, workflow)
      select 'shop', 'production', 'delivery', ${state}::text, id, 'Cy', now(), 1, 'w'
      from release where sha = ${sha}`
    await db.batch([
      sql`insert into artifact (digest, app, run, size) values ('sha256:0', 'shop', 1, 1)
        on conflict do nothing`,
      ...[change(first), change(second), release(first), release(second)],
      ...[deployment(first, 'replaced'), deployment(second, 'live')],
    ])
    const [live] = await db.query<{ id: number }>(
      sql`select id from deployment where state = 'live'`,
    )
    const source = { bareOf: () => join(repository.folder, '.git') }
    const found = await findSuspects({ db, source }, live!.id)
    expect(found.map(({ name, reason }) => [name, reason.replace(/[0-9a-f]{7}/, 'SHA')])).toEqual([
      ['Bob', 'they wrote SHA (Add d.rb) and own d.rb'],
      ['Cy', 'they wrote 2 of the 3 new commits, the newest is SHA (Add c.js)'],
    ])
    expect(await findSuspects({ db, source }, null)).toEqual([])
    // Two monitors of addresses fail, one of them at /c.
    await db.batch([
      sql`insert into monitor (app, environment, kind, name, state, reason, settings)
        values ('shop', 'production', 'http', 'pays', 'down', 'x',
          '{"check": {"url": "https://shop.test/?x"}}')`,
      sql`insert into monitor (app, environment, kind, name, state, reason, settings)
        values ('shop', 'production', 'http', 'b', 'down', 'x', '{"check": "/api/v1"}')`,
      ...setMonitor(
        { app: 'shop', environment: 'production', service: 'web', kind: 'errors', name: 'errors' },
        { state: 'degraded', reason: '5 % fail', onset: null, routes: ['/carts/7'] },
      ),
      sql`update release set definition = '{"services": {"web": {}, "cart": {"directory": "x"}}}'`,
    ])
    await repository.git('mv', 'c.js', 'cart.js')
    await repository.git('commit', '--author', 'Di <di@x.test>', '-m', 'Rename c.js')
    await db.batch([
      change(await head()),
      sql`update release set sha = ${await head()} where sha = ${second}`,
    ])
    const monitors = (await listMonitors(db, { apps: null })).map(({ id }) => id)
    const [route] = await findSuspects({ db, source }, live!.id, { monitors, service: 'web' })
    expect(route).toMatchObject({
      name: 'Di',
      reason: expect.stringContaining('cart.js, named like /carts/7, which fails') as string,
    })
    await db.query(sql`update release set sha = ${second} where sha = ${await head()}`)
    await db.query(sql`insert into alert (app, environment, service, cause, title, reason, urgency,
        deployment, opened, onset_from, resolved, suspects)
      values ('shop', 'production', 'web', 'x', 't', 'r', 'high', ${live!.id},
        now() - interval '1 hour', now() - interval '1 hour', now() - interval '20 minutes',
        ${JSON.stringify(found)}::jsonb)`)
    await db.batch([
      sql`update deployment set live = now() - interval '2 hours' where state = 'replaced'`,
      sql`update deployment set live = now() - interval '90 minutes', state = 'rolled_back'
        where id = ${live!.id}`,
      sql`insert into deployment (app, environment, kind, state, release, actor, live, run,
          workflow)
        select 'shop', 'production', 'rollback', 'live', id, 'Ada', now() - interval '30 minutes',
          1, 'w' from release where sha = ${first}`,
    ])
    await recordCauses({ db, source })
    const [alert] = await alerts()
    expect((await store.getDetail(db, alert!.id))?.cause).toMatchObject({
      ...{ how: 'rollback', authors: ['Bob', 'Cy'], place: 1 },
    })
    await recordCauses({ db, source })
    expect(await listJudged(db, 'shop', 90)).toEqual([
      { how: 'rollback', place: 1, chanceFirst: 1, chanceThree: 1, isPassed: false },
    ])
  } finally {
    await repository.remove()
  }
})
