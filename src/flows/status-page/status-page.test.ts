import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { nothing } from '#contract/access/grants.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import type { HostSecond, Measurements } from '#contract/host/measurements.ts'
import type { HostInstance } from '#contract/host/release.ts'
import type { HostStatus } from '#contract/host/status.ts'
import type { StatusPageChange, StatusPages } from '#contract/status-page/pages.ts'
import { noLatency } from '#contract/host/measurements.ts'
import { listAlerts } from '#domains/alert/store.ts'
import { endMaintenance, putMaintenance } from '#domains/maintenance/store.ts'
import { readEvents } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { firingSources } from '#views/watched.ts'
import { reviewHandlers } from '#flows/review/handlers.ts'
import { reconcileAlerts } from '#flows/monitoring/alerts.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { ConfirmStatusPage } from './confirm.ts'
import { pageHandlers } from './page-handlers.ts'
import { statusPageHandlers } from './handlers.ts'
import { updateHandlers } from './update-handlers.ts'

const type = 'dev.cdeventsx.fairlead-status.changed'
const sha = 'a'.repeat(40)
const start = Date.parse('2026-11-29T14:00:00Z')

/** A host with one instance, which keeps the pages that it is sent. */
class SimulatedHost {
  pages: StatusPages[] = []
  isAway = false
  state: HostInstance['state'] = 'healthy'
  seconds: HostSecond[] = []
  status = async (): Promise<HostStatus> => {
    if (this.isAway) throw new FairleadError('unavailable', { what: 'The host' })
    const instance: HostInstance = {
      ...{ service: 'web', index: 0, state: this.state, pid: 1, port: 1, started: 0 },
      ...{ restarts: 0, isLooping: false, reason: null },
    }
    return {
      ...{ version: '1', pid: 1, started: 0, edge: 1, routes: [] },
      releases: [
        {
          ...{ app: 'shop', environment: 'production', release: 1, artifact: 'sha256:0' },
          ...{ state: 'ready', reason: null, routed: true, crashes: 0, lastCrash: null },
          ...{ settleMs: 0, instances: [instance] },
        },
      ],
    }
  }
  measurements = async (after: number): Promise<Measurements> => ({
    ...{ run: 'a', next: this.seconds.length },
    seconds: this.seconds.filter(({ number }) => number > after),
  })
  setStatusPages = async (page: StatusPages): Promise<void> => {
    if (this.isAway) throw new FairleadError('unavailable', { what: 'The host' })
    this.pages.push(page)
  }
}

let db: Database
let close: () => Promise<void>
let host: SimulatedHost
let confirm: ConfirmStatusPage
let now = start
beforeAll(async () => ({ db, close } = await testDatabase()))
afterAll(() => close())
beforeEach(async () => {
  now = start
  host = new SimulatedHost()
  confirm = new ConfirmStatusPage({
    db,
    host,
    now: () => now,
    canSubscribe: false,
    canSubscribeUrl: false,
    edgePort: 4480,
  })
  await db.batch([
    sql`truncate monitor, status_component, incident, alert, silence, change, release,
      deployment, event cascade`,
    sql`delete from status_page`,
    sql`delete from environment`,
    sql`delete from app`,
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position) values ('shop', 'staging', 0),
      ('shop', 'production', 1)`,
    sql`insert into artifact (digest, app, run, size) values ('sha256:0', 'shop', 1, 1)
      on conflict do nothing`,
    sql`insert into change (app, sha, branch, subject, author, committed, chain)
      values ('shop', ${sha}, 'main', 'x', ${{ name: 'Ada', email: 'a@x' }}::jsonb, now(), 'c-1')`,
    sql`insert into release (id, app, environment, artifact, configuration, run, sha, definition)
      overriding system value values (1, 'shop', 'production', 'sha256:0', 0, 1, ${sha}, '{}')`,
    sql`insert into deployment (id, app, environment, kind, state, run, release, actor, workflow,
        live)
      overriding system value values (1, 'shop', 'production', 'delivery', 'live', 1, 1, 'Ada',
        'w', now())`,
    sql`insert into monitor (kind, name, state, reason, checked)
      values ('disk', 'disk', 'up', '', now())`,
    sql`insert into monitor (app, environment, service, kind, name, state, reason, checked, since)
      values ('shop', 'production', 'web', 'errors', 'errors', 'up', '', now(),
        '2026-11-29T14:02:00Z')`,
  ])
})
const ada: Caller = {
  ...{ ...nothing, role: 'viewer', name: 'Ada', email: null, user: 1, session: null },
  ...{ isLimited: false, by: { credential: 'session', address: null } },
}
const last = () => host.pages.at(-1)
const setErrors = (state: string) =>
  db.query(sql`update monitor set state = ${state} where kind = 'errors'`)
const iso = (ms: number): string => new Date(ms).toISOString()
const history = async () =>
  (await readEvents(db, { type, limit: 50 })).map(({ data }) => (data as { state: string }).state)

test('an app is on the page without configuration, and harm shows with its share', async () => {
  await confirm.run()
  expect(last()?.components).toMatchObject([
    { app: 'shop', environment: 'production', name: 'shop', state: 'operational', detail: '' },
  ])
  host.seconds = [
    {
      ...{ number: 1, at: now },
      traffic: [
        {
          ...{ app: 'shop', environment: 'production', release: 1, service: 'web', bytes: 0 },
          ...{ outcomes: { '2xx': 96, '5xx': 4 }, latency: noLatency() },
        },
      ],
    },
  ]
  await setErrors('degraded')
  now += 2000
  await confirm.run()
  expect(last()?.components[0]).toMatchObject({
    state: 'degraded',
    detail: 'About 4 % of the requests fail; this began on 2026-11-29 at 14:02 UTC.',
  })
  expect(last()?.changes.map(({ state }) => state)).toEqual(['degraded', 'operational'])
  expect(await history()).toEqual(['degraded', 'operational'])
  await setErrors('up')
  now += 2000
  await confirm.run()
  expect(last()?.components[0]?.state).toBe('degraded')
  for (let second = 0; second < 70; second += 5) {
    now += 5000
    await confirm.run()
  }
  expect(last()?.components[0]?.state).toBe('operational')
  expect(await history()).toEqual(['operational', 'degraded', 'operational'])
})

test('is sent at each change, and confirmed every 15 seconds', async () => {
  for (let second = 0; second <= 30; second += 1) {
    now = start + second * 1000
    await confirm.run()
  }
  expect(host.pages).toHaveLength(3)
  host.state = 'unhealthy'
  await confirm.run()
  expect(host.pages).toHaveLength(4)
  expect(last()?.components[0]).toMatchObject({ state: 'major_outage' })
})

test('stores only what the host got, and the time without it as unknown', async () => {
  await confirm.run()
  host.isAway = true
  await setErrors('down')
  await expect(confirm.run()).rejects.toThrow('The host')
  expect(await history()).toEqual(['operational'])
  now += 600_000
  host.isAway = false
  await confirm.run()
  expect(await history()).toEqual(['major_outage', 'unknown', 'operational'])
  expect(last()?.changes[1]).toMatchObject({ state: 'unknown', since: '2026-11-29T14:00:00.000Z' })
})

test('is not confirmed while nobody watches', async () => {
  await db.query(sql`update monitor set checked = now() - interval '1 minute' where kind = 'disk'`)
  await confirm.run()
  expect(host.pages).toEqual([])
})

test('a check that is late says nothing', async () => {
  host.status = async () => ({ ...(await new SimulatedHost().status()), releases: [] })
  await db.query(sql`insert into monitor (app, environment, kind, name, state, reason, checked,
      settings) values ('shop', 'production', 'http', 'home', 'up', '',
      now() - interval '10 minutes', '{"every": 30000}')`)
  await setErrors('unknown')
  await confirm.run()
  expect(last()?.components[0]?.state).toBe('unknown')
})

test('fairlead.yaml names the app, or keeps it off the page', async () => {
  const set = (status: object) => db.query(sql`update release set definition = ${{ status }}::json`)
  await set({ show: true, name: 'The shop' })
  await confirm.run()
  expect(last()?.components[0]?.name).toBe('The shop')
  const list = () =>
    statusPageHandlers({ db, address: 'http://x', now: () => now }).listStatusComponents(
      { params: {}, query: {}, body: {} },
      ada,
      new AbortController().signal,
    )
  expect((await list()).components).toMatchObject([{ name: 'The shop', state: 'operational' }])
  await set({ show: false })
  await confirm.run()
  expect(last()).toEqual({
    ...{ title: '', others: [] },
    components: [],
    changes: [],
    incidents: [],
    maintenances: [],
    subscribe: false,
    subscribeUrl: false,
  })
  expect((await list()).components).toEqual([])
})

test('components are services, routes and monitors with states of their own', async () => {
  const components = {
    checkout: { name: 'Checkout', group: 'Buying', route: '/checkout' },
    search: { route: '/search' },
    mail: { service: 'mail' },
    cards: { monitors: ['processor'] },
  }
  await db.batch([
    sql`update release set definition = ${{ status: { components } }}::json`,
    sql`insert into monitor (app, environment, kind, name, state, reason, checked)
      values ('shop', 'production', 'script', 'processor', 'degraded', '', now())`,
  ])
  host.seconds = [
    {
      ...{ number: 1, at: now },
      traffic: [
        {
          ...{ app: 'shop', environment: 'production', release: 1, service: 'web', bytes: 0 },
          ...{ outcomes: { '2xx': 88, '5xx': 12 }, latency: noLatency() },
          routes: { '/checkout/pay': [12, 12], '/checkout': [4, 0], '/search/a': [84, 0] },
        },
      ],
    },
  ]
  await setErrors('degraded')
  await confirm.run()
  now += 2000
  await confirm.run()
  expect(last()?.components).toMatchObject([
    { name: 'Checkout', group: 'Buying', state: 'major_outage' },
    { name: 'search', state: 'operational' },
    { name: 'mail', state: 'unknown' },
    { name: 'cards', state: 'degraded' },
  ])
  expect(last()?.components[0]?.detail).toMatch(/^About 75 % of the requests fail/)
  const events = await readEvents(db, { type, limit: 9 })
  expect(events.map(({ subject }) => subject)).toContain('status/shop/production/checkout')
  await openIncident()
  await db.query(sql`update incident set service = 'web'`)
  await confirm.run()
  expect(await updates.list()).toMatchObject([
    { components: ['checkout', 'cards'], draft: { title: 'Major outage of Checkout and cards' } },
  ])
})

test('an environment that shows its maintenance page is in maintenance', async () => {
  await confirm.run()
  const page = { app: 'shop', environment: 'production', reason: 'x', actor: 'Ada', until: null }
  await db.batch([putMaintenance(page)])
  await setErrors('down')
  now += 1000
  await confirm.run()
  expect(last()?.components[0]).toMatchObject({ state: 'maintenance', detail: '' })
  await db.batch([endMaintenance({ ...page, since: '' })])
  now += 1000
  await confirm.run()
  expect(last()?.components[0]?.state).toBe('major_outage')
})

const openIncident = () =>
  db.query(sql`insert into incident (id, app, environment, title, reason, opened_by, opener,
      severity, detected, communicator)
    overriding system value values (3, 'shop', 'production', 'web fails requests', 'internal words',
      'alert', 'alert 1', 'major', ${new Date(start).toISOString()}, 'Ada')`)
const handlers = () => updateHandlers({ db, now: () => now, onUpdate: () => undefined })
const { signal } = new AbortController()
const params = { incident: 3 }
const updates = {
  post: (body: { text?: string; phase?: 'identified' | 'resolved'; next?: number }) =>
    handlers().postStatusUpdate({ params, query: {}, body }, ada, signal),
  discard: () => handlers().discardStatusDraft({ params, query: {}, body: {} }, ada, signal),
  list: async () =>
    (await handlers().listStatusUpdates({ params: {}, query: {}, body: {} }, ada, signal))
      .incidents,
}

test('words about an incident wait for a person, and go out alone after their time', async () => {
  await openIncident()
  await confirm.run()
  expect(last()?.incidents).toEqual([])
  expect(await updates.list()).toMatchObject([
    { id: 3, name: 'shop', updates: [], draft: { phase: 'investigating', due: null } },
  ])
  // The component shows harm from now on.
  await setErrors('degraded')
  await confirm.run()
  expect((await updates.list())[0]?.draft?.due).toBe(new Date(now + 15 * 60_000).toISOString())
  now += 15 * 60_000
  await db.query(sql`update monitor set checked = now()`)
  await confirm.run()
  expect(last()?.incidents).toMatchObject([
    { id: 3, title: 'Degradation of shop', resolved: null, updates: [{ phase: 'investigating' }] },
  ])
  expect(JSON.stringify(last()?.incidents)).not.toContain('internal words')
  await updates.post({ text: 'Cards are refused.', phase: 'identified', next: 30 })
  now += 1000
  await confirm.run()
  expect(last()?.incidents[0]?.updates).toMatchObject([
    { text: 'Cards are refused.', promised: new Date(now - 1000 + 30 * 60_000).toISOString() },
    {},
  ])
  await db.query(sql`update incident set over = detected + interval '20 minutes', proof = 'x'`)
  await confirm.run()
  expect(await updates.list()).toMatchObject([{ draft: { phase: 'resolved' } }])
  await updates.post({})
  await confirm.run()
  expect(last()?.incidents).toMatchObject([{ resolved: '2026-11-29T14:20:00.000Z' }])
  const told = await readEvents(db, { type: 'dev.cdeventsx.fairlead-status.updated', limit: 9 })
  expect(told.map(({ actor }) => actor)).toEqual(['Ada', 'Ada', 'fairlead'])
})

test('a draft says whom the incident has hit, counted once a minute', async () => {
  const count = (failed: number) =>
    db.query(sql`insert into request_count (app, environment, service, minute, requests, errors,
        routes, tenants)
      values ('shop', 'production', 'web', ${iso(start)}, 1000, ${failed}, '{}',
        ${{ a: [900, failed], b: [100, 0] }}::jsonb)
      on conflict (app, environment, service, minute) do update set errors = excluded.errors,
        tenants = excluded.tenants`)
  const draft = async () => {
    await confirm.run()
    return (await updates.list())[0]?.draft?.text
  }
  await openIncident()
  await count(40)
  // Without a figure of the machine for each minute, a minute counts as not measured.
  const text = /Since the problem began, 4 % of the requests failed, and 1 customer was affected\./
  expect(await draft()).toMatch(text)
  await count(50)
  now += 30_000
  expect(await draft()).toMatch(text)
  now += 30_000
  expect(await draft()).toMatch(/ 5 % of the (measured )?requests failed, and/)
})

test('a draft that a person discards does not go out', async () => {
  await openIncident()
  await confirm.run()
  await updates.discard()
  await expect(updates.discard()).rejects.toThrow('Incident 3 has no draft')
  await expect(updates.post({})).rejects.toThrow('there is no draft')
  now += 60 * 60_000
  await confirm.run()
  expect(last()?.incidents).toEqual([])
  await db.query(sql`update release set definition = '{"status": {"show": false}}'::json`)
  await expect(updates.post({ text: 'x' })).rejects.toThrow('not about a component')
})

test('of two people who publish the same draft at once, the second gets a sentence', async () => {
  await openIncident()
  await confirm.run()
  const overtaken = Object.create(db) as Database
  overtaken.batch = async (statements) => {
    await updates.post({ text: 'We exchange the gateway.' })
    return db.batch(statements)
  }
  const second = updateHandlers({ db: overtaken, now: () => now, onUpdate: () => undefined })
  const body = { text: 'Cards are refused.' }
  await expect(second.postStatusUpdate({ params, query: {}, body }, ada, signal)).rejects.toThrow(
    'The draft about incident 3 was published or discarded meanwhile: read what customers know now',
  )
  expect((await updates.list())[0]?.updates).toMatchObject([{ text: 'We exchange the gateway.' }])
})

test('a promise that passes has an alert for the communicator until the update', async () => {
  await openIncident()
  now = Date.now() - 40 * 60_000
  await updates.post({ text: 'We exchange the gateway.', next: 30 })
  const alert = async () => {
    await reconcileAlerts({
      ...{ db, now: () => Date.now(), onNotification: () => undefined },
      findSuspects: async () => [],
      readMachine: async () => [],
    })
    return (await listAlerts(db, { limit: 9, apps: null, state: 'unresolved' }))[0]
  }
  expect(await alert()).toMatchObject({
    title: 'The update on incident 3 that customers were promised is late',
    ...{ urgency: 'high', deployment: null },
    suspects: [{ user: 'Ada', reason: 'they inform the customers about incident 3' }],
  })
  now = Date.now()
  await updates.post({ text: 'It takes longer.', next: 30 })
  expect((await firingSources(db)).filter(({ kind }) => kind === 'promise')).toEqual([])
})

test('a review that is published outside is on the page, until it is a draft again', async () => {
  await openIncident()
  await confirm.run()
  await updates.discard()
  await db.query(sql`update incident set over = detected + interval '20 minutes', proof = 'x',
    closed = now()`)
  const reviews = reviewHandlers({ db, now: () => now })
  const caller: Caller = { ...ada, role: 'developer' }
  const publish = (version: number, audience: 'inside' | 'outside') =>
    reviews.publishReview({ params, query: {}, body: { version, audience } }, caller, signal)
  await reviews.createReview({ params, query: {}, body: {} }, caller, signal)
  const body = { version: 1, sections: { luck: 'internal words', customers: 'One gateway.' } }
  await reviews.changeReview({ params, query: {}, body }, caller, signal)
  await publish(2, 'inside')
  await confirm.run()
  expect(last()?.incidents).toEqual([])
  await publish(3, 'outside')
  await confirm.run()
  expect(last()?.incidents).toMatchObject([
    {
      ...{ id: 3, updates: [], resolved: '2026-11-29T14:20:00.000Z' },
      review: { text: expect.stringContaining('One gateway.'), published: iso(now) },
    },
  ])
  expect(JSON.stringify(last())).not.toContain('internal words')
  await publish(4, 'inside')
  await confirm.run()
  expect(last()?.incidents).toEqual([])
})

test('announced maintenance of the component is on the page, without its reason', async () => {
  await db.query(sql`insert into silence (app, starts, until, reason, actor) values
    ('shop', now() + interval '1 hour', now() + interval '2 hours', 'internal words', 'Ada'),
    ('shop', now() - interval '1 second', now() + interval '2 hours', 'at once', 'Ada')`)
  await confirm.run()
  expect(last()?.maintenances).toMatchObject([{ app: 'shop', environment: 'production' }])
  expect(JSON.stringify(last())).not.toContain('internal words')
})

const setPage = (page: string, body: StatusPageChange) =>
  pageHandlers({
    ...{ db, address: 'http://x', edgePort: 4480, ownHosts: ['fairlead.test'] },
    onChange: () => undefined,
    random: randomBytes,
    getApp: async (app) => {
      if (app !== 'shop') throw new FairleadError('not_found', { kind: 'app', id: app })
    },
  }).putStatusPage({ params: { page }, query: {}, body }, ada, signal)

test('a page shows its own components, and its incidents name no others', async () => {
  const components = {
    checkout: { name: 'Checkout', monitors: ['processor'] },
    secret: { name: 'Secret vault', monitors: ['vault'] },
  }
  const setMonitor = (name: string, state: string) =>
    db.query(sql`insert into monitor (app, environment, kind, name, state, reason, checked)
      values ('shop', 'production', 'script', ${name}, ${state}, '', now())`)
  const end = (name: string) => db.query(sql`delete from monitor where name = ${name}`)
  await db.query(sql`update release set definition = ${{ status: { components } }}::json`)
  await setMonitor('processor', 'up')
  await setMonitor('vault', 'up')
  await setPage('default', { components: ['shop/checkout'] })
  await setPage('internal', { title: 'Inside', url: 'https://status.example.com' })
  await setPage('vault', { components: ['shop/secret'] })
  for (const page of ['default', 'internal'])
    await db.query(sql`insert into status_subscription (name, kind, settings, page)
      values (${`of-${page}`}, 'slack', '{}', ${page})`)
  await confirm.run()
  expect(last()).toMatchObject({
    components: [{ component: 'checkout' }],
    others: [
      { name: 'internal', title: 'Inside', url: 'https://status.example.com', isLocal: false },
      { name: 'vault', url: 'http://status-vault.localhost:4480', isLocal: true },
    ],
  })
  const titles = () => [
    last()?.incidents.map(({ title }) => title),
    ...(last()?.others ?? []).map(({ incidents }) => incidents.map(({ title }) => title)),
  ]
  // At first only the vault is harmed, which the default page does not show.
  await end('vault')
  await setMonitor('vault', 'down')
  now += 1000
  await openIncident()
  await confirm.run()
  await updates.post({ text: 'The vault is shut.' })
  await confirm.run()
  const ofVault = ['Major outage of Secret vault']
  expect(titles()).toEqual([[], ofVault, ofVault])
  expect(await updates.list()).toMatchObject([{ pages: ['internal', 'vault'] }])
  await end('processor')
  await setMonitor('processor', 'down')
  now += 1000
  await confirm.run()
  expect(titles()).toEqual([[], ofVault, ofVault])
  await updates.post({ text: 'Cards are refused.', phase: 'identified' })
  await confirm.run()
  // No component is on all three pages.
  const neutral = ['Major outage of a part of our service']
  expect(titles()).toEqual([neutral, neutral, neutral])
  expect(JSON.stringify({ ...last(), others: [] })).not.toMatch(/vault/i)
  expect(last()?.others[0]?.incidents[0]?.updates).toHaveLength(2)
  const sent = await db.query(sql`select subscription, count(*)::int as n from status_delivery
    group by subscription order by subscription`)
  expect(sent).toEqual([
    { subscription: 'of-default', n: 1 },
    { subscription: 'of-internal', n: 2 },
  ])
})

test('the address of a page leads to nothing else', async () => {
  await setPage('internal', { url: 'https://status.example.com/' })
  await db.query(sql`insert into environment_domain (name, app, environment, position)
    values ('*.shop.test', 'shop', 'production', 0)`)
  const refused = async (page: string, url: string) =>
    setPage(page, { url }).then(
      () => null,
      (error: unknown) => (error as FairleadError).message,
    )
  expect(await refused('other', 'https://status.example.com:8443')).toContain('internal')
  expect(await refused('other', 'https://status.shop.test')).toContain('the app shop')
  expect(await refused('other', 'https://fairlead.test')).toContain('which Fairlead uses')
  expect(await refused('other', 'https://a.b.localhost')).toContain('.localhost')
  expect(await refused('other', 'https://a.test/path')).toContain('without a path')
  expect(await refused('other', 'ftp://a.test')).toContain('without a path')
  expect(await refused('default', 'https://a.test')).toContain('FAIRLEAD_STATUS_URL')
  await expect(setPage('other', { logo: 'aGVsbG8=' })).rejects.toThrow('must be a PNG')
  const colors = { light: '#ffff00', dark: '#8ab4f8' }
  await expect(setPage('other', { colors })).rejects.toThrow('contrast')
})

test('the password of a private page is made once; the host gets its hash', async () => {
  expect(await setPage('internal', { private: false })).toMatchObject({ password: null })
  const { password } = await setPage('internal', { private: true })
  expect(password).toMatch(/^(?:[a-z2-9]{5}-){3}[a-z2-9]{5}$/)
  const renamed = await setPage('internal', { title: 'x' })
  expect(renamed).toMatchObject({ private: true, password: null })
  await confirm.run()
  const hash = createHash('sha256').update(password!).digest('hex')
  expect(last()?.others[0]).toMatchObject({ name: 'internal', password: hash })
  expect((await setPage('internal', { renew: true })).password).not.toBe(password)
  await expect(setPage('other', { apps: ['shp'] })).rejects.toThrow('There is no app shp')
  await expect(setPage('other', { components: ['shp/web'] })).rejects.toThrow('no app shp')
  await expect(setPage('other', { renew: true })).rejects.toThrow('must be for a private page')
  await expect(setPage('default', { private: true })).rejects.toThrow('turn the default page off')
})
