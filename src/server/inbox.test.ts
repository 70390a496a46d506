import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '#contract/handler.ts'
import * as store from '#domains/alert/store.ts'
import { readEvents } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { addInbox } from './inbox.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { alertFigureHandlers } from '#flows/monitoring/alert-figures.ts'
import { alertHandlers } from '#flows/monitoring/alert-handlers.ts'
import { createAlertmanager } from '#flows/monitoring/alertmanager.ts'
import { reconcileAlerts } from '#flows/monitoring/alerts.ts'
import { monitorHandlers } from '#flows/monitoring/monitor-handlers.ts'
import { listMarks } from '#views/mark.ts'
import { createInbox } from '#flows/monitoring/inbox.ts'

let db: Database
let close: () => Promise<void>
let server: FastifyInstance
beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  server = Fastify()
  addInbox(server, {
    inbox: createInbox({
      ...{ db, now: Date.now, random: () => 'made' },
      acknowledge: (alert, caller) =>
        handlers().acknowledgeAlert(
          { params: { alert }, query: {}, body: { minutes: 60, comment: '' } },
          caller,
          new AbortController().signal,
        ),
    }),
    alertmanager: createAlertmanager({ db, publicUrl: 'http://fairlead.test', now: Date.now }),
    access: { authenticate: async ({ authorization }) => callers[authorization ?? ''] ?? null },
    ...{ version: '1.2.3', started: new Date().toISOString() },
  })
  await server.ready()
})
afterAll(async () => {
  await server.close()
  await close()
})
beforeEach(() =>
  db.batch([
    sql`truncate monitor, alert, silence, external_alert, external_change cascade`,
    sql`delete from environment`,
    sql`delete from app`,
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main'),
      ('blog', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position) values ('shop', 'production', 0)`,
  ]),
)

const caller = (name: string, grants: Pick<Caller, 'role' | 'apps'>): Caller => ({
  ...{ name, email: null, user: 1, session: null, isLimited: grants.role === null },
  ...{ ...grants, by: { credential: 'token', name, address: null } },
})
const callers: Record<string, Caller> = {
  'Bearer all': caller('all', { role: 'developer', apps: {} }),
  'Bearer blog': caller('blog', { role: null, apps: { blog: 'developer' } }),
  'Bearer viewer': caller('viewer', { role: 'viewer', apps: {} }),
}
const plain = { seal: (_: string, text: string) => text, open: (_: string, text: string) => text }
const handlers = () =>
  alertHandlers({
    ...{ db, publicUrl: 'http://fairlead.test', now: Date.now, random: () => 'x' },
    ...{ secrets: { ...plain, isCurrent: () => true }, onNotification: () => undefined },
    ...{ io: { fetch, mail: null, commands: null }, getApp: async () => undefined },
  })

const call = async (
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  payload?: object | string,
  headers: Record<string, string> = { authorization: 'Bearer all' },
) => {
  const answer = await server.inject({ method, url, headers, ...(payload ? { payload } : {}) })
  return { status: answer.statusCode, body: answer.json<unknown>() }
}
const reconcile = () =>
  reconcileAlerts({
    ...{ db, now: Date.now, onNotification: () => undefined, findSuspects: async () => [] },
    readMachine: async () => [],
  })
const alerts = () => store.listAlerts(db, { apps: null, limit: 10 })
const seconds = (count: number): string => new Date(Date.now() + count * 1000).toISOString()
const fired = (labels: object, ends = 240) => ({
  ...{ labels: { alertname: 'Slow', severity: 'critical', ...labels } },
  generatorURL: 'http://prometheus.test/graph',
  ...{ annotations: { summary: 'The shop is slow' }, startsAt: seconds(-5), endsAt: seconds(ends) },
})
const types = async () =>
  (await readEvents(db, { limit: 100 })).map(({ type }) => type.replace(/^.*fairlead-/, ''))

describe('the API of Alertmanager', () => {
  test('one cause is one alert, which ends when Prometheus says so or is silent', async () => {
    const batch = Array.from({ length: 300 }, (_, i) => fired({ app: 'shop', instance: `i${i}` }))
    expect(await call('POST', '/api/v2/alerts', batch)).toEqual({ status: 200, body: {} })
    await reconcile()
    await call('POST', '/api/v2/alerts', batch)
    await reconcile()
    expect(await alerts()).toMatchObject([
      {
        ...{ app: 'shop', environment: 'production', title: 'The shop is slow', urgency: 'high' },
        ...{ state: 'open', occurrence: 1, reason: 'The shop is slow, and 299 more' },
      },
    ])
    const ended = batch.slice(1).map((one) => ({ ...one, endsAt: seconds(-1) }))
    await call('POST', '/api/v2/alerts', ended)
    await reconcile()
    expect(await alerts()).toMatchObject([{ state: 'open' }])
    expect((await call('GET', '/api/v2/alerts')).body).toHaveLength(1)
    // The last one is not reported any more.
    await db.query(sql`update external_alert set ends = now() where ends > now()`)
    await reconcile()
    expect(await alerts()).toMatchObject([{ state: 'resolved', resolvedBy: null }])
    expect((await call('GET', '/api/v2/alerts')).body).toEqual([])
  })

  test('it joins the alert of a monitor in the same service', async () => {
    await db.query(sql`insert into monitor (app, environment, service, kind, name, state, firing,
      reason) values ('shop', 'production', null, 'errors', 'errors', 'down', true, 'x')`)
    await reconcile()
    await call('POST', '/api/v2/alerts', [fired({ app: 'shop' })])
    await reconcile()
    const [alert, ...others] = await alerts()
    expect(others).toEqual([])
    const { sources } = (await store.getDetail(db, alert!.id))!
    expect(sources.map(({ source, link }) => [source.split('/')[0], link])).toEqual(
      expect.arrayContaining([
        ['external', 'http://prometheus.test/graph'],
        ['monitor', null],
      ]),
    )
    const groups = (await call('GET', '/api/v2/alerts/groups')).body
    expect(groups).toMatchObject([{ labels: { app: 'shop' }, alerts: [{}, {}] }])
  })

  test('an alert that opens again has the title of what fires now', async () => {
    await call('POST', '/api/v2/alerts', [fired({ app: 'shop' })])
    await reconcile()
    await call('POST', '/api/v2/alerts', [fired({ app: 'shop' }, -1)])
    await reconcile()
    const other = fired({ app: 'shop', alertname: 'Full' })
    const annotations = { summary: 'The disk is full', description: '1 MB is free' }
    await call('POST', '/api/v2/alerts', [{ ...other, annotations }])
    await reconcile()
    const again = { occurrence: 2, title: 'The disk is full', reason: '1 MB is free' }
    expect(await alerts()).toMatchObject([{ state: 'open', ...again }])
  })

  test('what is wrong is named, and the rest is stored', async () => {
    const wrong = await call('POST', '/api/v2/alerts', [{ labels: {} }, fired({ app: 'shop' })])
    expect(wrong).toEqual({ status: 400, body: 'body.0.labels: has no labels.' })
    expect((await call('GET', '/api/v2/alerts')).body).toHaveLength(1)
    const viewer = { authorization: 'Bearer viewer' }
    expect((await call('POST', '/api/v2/alerts', [fired({})], viewer)).status).toBe(403)
    expect((await call('GET', '/api/v2/alerts', undefined, viewer)).status).toBe(200)
    expect((await call('GET', '/api/v2/alerts', undefined, {})).status).toBe(401)
  })

  test('a token for one app reports and sees that app only', async () => {
    const blog = { authorization: 'Bearer blog' }
    const mixed = [fired({ app: 'shop' }), fired({ job: 'node' })]
    expect((await call('POST', '/api/v2/alerts', mixed, blog)).status).toBe(403)
    await call('POST', '/api/v2/alerts', [fired({ app: 'shop' })])
    const seen = (await call('GET', '/api/v2/alerts', undefined, blog)).body
    expect(seen).toMatchObject([{ labels: { app: 'blog', job: 'node' } }])
  })

  test('silences of labels and of places hold messages back, and end', async () => {
    await call('POST', '/api/v2/alerts', [fired({ app: 'shop', instance: 'a' })])
    const silence = (matchers: object[]) =>
      call('POST', '/api/v2/silences', {
        ...{ matchers, startsAt: seconds(0), endsAt: seconds(60) },
        ...{ createdBy: 'somebody', comment: 'load test' },
      })
    const matcher = { name: 'instance', value: 'a|b', isRegex: true }
    const made = await silence([matcher])
    const { silenceID } = made.body as { silenceID: string }
    await reconcile()
    const [alert] = await alerts()
    expect(alert?.silencedUntil).not.toBe(null)
    const announced = () => db.query(sql`select announced from alert`)
    expect(await announced()).toEqual([{ announced: 0 }])
    expect((await call('GET', '/api/v2/alerts?filter=instance%3D%22a%22')).body).toMatchObject([
      { status: { state: 'suppressed', silencedBy: [silenceID] } },
    ])
    expect((await call('GET', `/api/v2/silence/${silenceID}`)).body).toMatchObject({
      ...{
        status: { state: 'active' },
        createdBy: 'all',
        matchers: [{ ...matcher, isEqual: true }],
      },
    })
    expect((await call('DELETE', `/api/v2/silence/${silenceID}`)).status).toBe(200)
    await reconcile()
    expect(await announced()).toEqual([{ announced: 1 }])
    await silence([{ name: 'app', value: 'shop', isRegex: false }])
    expect((await alerts())[0]?.silencedUntil).not.toBe(null)
    const { signal } = new AbortController()
    const input = { params: {}, query: {}, body: {} }
    const listed = () => handlers().listSilences(input, callers['Bearer all']!, signal)
    expect(await listed()).toMatchObject({ silences: [{ app: 'shop', matchers: [] }] })
    const ofLabels = (await silence([matcher])).body as { silenceID: string }
    const number = Number.parseInt(ofLabels.silenceID.slice(-12), 16)
    expect((await listed()).silences.map(({ id }) => id)).toContain(number)
    const end = { ...input, params: { silence: number } }
    await handlers().endSilence(end, callers['Bearer all']!, signal)
    expect((await listed()).silences.map(({ id }) => id)).not.toContain(number)
    const wrong = await silence([{ name: 'a', value: '(', isRegex: true }])
    expect(wrong).toMatchObject({ status: 400, body: expect.stringContaining('RE2') })
    expect((await call('GET', '/api/v2/silences')).body).toHaveLength(3)
    expect((await call('GET', '/api/v2/silence/x')).status).toBe(404)
  })

  test('a silence that begins later silences nothing before', async () => {
    const { createSilence } = handlers()
    const body = { from: seconds(3600), minutes: 5, reason: 'upgrade' }
    await createSilence(
      { params: { app: 'shop' }, query: {}, body },
      callers['Bearer all']!,
      new AbortController().signal,
    )
    await call('POST', '/api/v2/alerts', [fired({ app: 'shop' })])
    await reconcile()
    expect((await alerts())[0]?.silencedUntil).toBe(null)
    expect((await call('GET', '/api/v2/silences')).body).toMatchObject([
      { status: { state: 'pending' } },
    ])
    const { signal } = new AbortController()
    const all = callers['Bearer all']!
    const monitors = async () =>
      (
        await monitorHandlers({ db, publicUrl: '' }).listMonitors(
          { params: {}, query: {}, body: {} },
          all,
          signal,
        )
      ).monitors.map(({ state }) => state)
    await db.query(sql`insert into monitor (app, environment, service, kind, name, state, firing,
      reason) values ('shop', 'production', null, 'errors', 'errors', 'up', false, '')`)
    expect(await monitors()).toEqual(['up'])
    await db.query(sql`update silence set starts = now()`)
    expect((await alerts())[0]?.silencedUntil).not.toBe(null)
    expect(await monitors()).toEqual(['maintenance'])
    const marks = async () => {
      const period = { from: Date.now() - 60_000, until: Date.now() + 60_000 }
      return (await listMarks(db, 'shop', 'production', period)).map(({ kind }) => kind)
    }
    expect(await marks()).toEqual(['silence'])
    await db.query(sql`update silence set until = now()`)
    expect(await marks()).toEqual(['silence', 'silence-end'])
    await db.query(sql`insert into incident (app, environment, title, reason, opened_by, opener,
        severity, detected, over)
      values ('shop', 'production', 'x', 'x', 'person', 'Ada', 'minor',
        now() - interval '30 seconds', now() + interval '1 second')`)
    expect(await marks()).toEqual(['incident', 'silence', 'silence-end', 'incident-end'])
  })

  test('an alert of the severity none opens nothing', async () => {
    await call('POST', '/api/v2/alerts', [fired({ alertname: 'Watchdog', severity: 'none' })])
    await reconcile()
    expect(await alerts()).toEqual([])
    expect((await call('GET', '/api/v2/status')).body).toMatchObject({
      versionInfo: { version: '1.2.3' },
    })
  })
})

describe('the events of PagerDuty', () => {
  const enqueue = (more: object, path = 'enqueue') =>
    call('POST', `/v2/${path}`, { routing_key: 'all', ...more }, {})
  const payload = { summary: 'The queue grows', source: 'shop', severity: 'error' }

  test('an event opens an alert, acknowledges and resolves it', async () => {
    expect(await enqueue({ event_action: 'trigger', payload })).toEqual({
      status: 202,
      body: { status: 'success', message: 'Event processed', dedup_key: 'made' },
    })
    await reconcile()
    expect(await alerts()).toMatchObject([{ app: 'shop', title: 'The queue grows', state: 'open' }])
    await enqueue({ event_action: 'acknowledge', dedup_key: 'made' })
    expect(await alerts()).toMatchObject([{ state: 'acknowledged', acknowledgedBy: 'all' }])
    const other = await enqueue({ event_action: 'resolve', dedup_key: 'made', routing_key: 'blog' })
    expect(other.status).toBe(202)
    await reconcile()
    expect(await alerts()).toMatchObject([{ state: 'acknowledged' }])
    await enqueue({ event_action: 'resolve', dedup_key: 'made' })
    await reconcile()
    expect(await alerts()).toMatchObject([{ state: 'resolved' }])
    expect(await enqueue({ event_action: 'trigger' })).toMatchObject({
      status: 400,
      body: { status: 'invalid event', errors: ['body.payload: is required to trigger.'] },
    })
    expect((await enqueue({ event_action: 'trigger', payload, routing_key: 'x' })).status).toBe(401)
  })

  test('what a person resolved can fire again', async () => {
    await enqueue({ event_action: 'trigger', dedup_key: 'd', payload })
    await reconcile()
    const [alert] = await alerts()
    await handlers().resolveAlert(
      { params: { alert: alert!.id }, query: {}, body: { comment: '' } },
      callers['Bearer all']!,
      new AbortController().signal,
    )
    await reconcile()
    await enqueue({ event_action: 'trigger', dedup_key: 'd', payload })
    await reconcile()
    expect(await alerts()).toMatchObject([{ state: 'open', occurrence: 2 }])
  })

  test('a change is an event, and is on the timeline of an alert that follows', async () => {
    const change = {
      summary: 'Raised the limit',
      source: 'terraform',
      custom_details: { app: 'shop' },
    }
    expect((await enqueue({ payload: change }, 'change/enqueue')).status).toBe(202)
    expect(await types()).toContain('externalchange.reported')
    await enqueue({ event_action: 'trigger', payload })
    await reconcile()
    const [alert] = await alerts()
    const { entries } = (await store.getDetail(db, alert!.id))!
    expect(entries.map(({ kind, text }) => `${kind}: ${text}`)).toContain(
      'changed: shortly before, terraform: Raised the limit',
    )
  })
})

test('CloudEvents open and end an alert, in structured and in binary mode', async () => {
  const event = {
    ...{ specversion: '1.0', id: '1', source: '/db', subject: 'disk', type: 'com.example.full' },
    data: { title: 'The disk is full', app: 'shop' },
  }
  const authorization = 'Bearer all'
  const structured = { authorization, 'content-type': 'application/cloudevents+json' }
  expect((await call('POST', '/cloudevents', event, structured)).status).toBe(202)
  await reconcile()
  expect(await alerts()).toMatchObject([{ app: 'shop', title: 'The disk is full' }])
  const binary = {
    ...{ authorization, 'ce-specversion': '1.0', 'ce-id': '2', 'ce-source': '/db' },
    ...{ 'ce-subject': 'disk', 'ce-type': 'com.example.resolved' },
  }
  expect((await call('POST', '/cloudevents', { app: 'shop' }, binary)).status).toBe(202)
  await reconcile()
  expect(await alerts()).toMatchObject([{ state: 'resolved' }])
  // Data of another type are not read.
  const text = { ...binary, 'ce-type': 'com.example.full', 'content-type': 'text/plain' }
  expect((await call('POST', '/cloudevents', 'it is full', text)).status).toBe(202)
  const asked = await server.inject({ method: 'OPTIONS', url: '/cloudevents' })
  expect(asked.headers['webhook-allowed-origin']).toBe('*')
  const wrong = await call('POST', '/cloudevents', { ...event, specversion: '0.3' }, structured)
  expect(wrong).toMatchObject({ status: 400, body: { code: 'invalid_input' } })
})

test('figures tell what alerts led to', async () => {
  await call('POST', '/api/v2/alerts', [fired({ app: 'shop' }), fired({ job: 'node' })])
  await reconcile()
  const one = (await alerts()).find(({ app }) => app === 'shop')!
  const { signal } = new AbortController()
  const input = { params: { alert: one.id }, query: {} }
  await handlers().passAlert({ ...input, body: { comment: '' } }, callers['Bearer blog']!, signal)
  await handlers().acknowledgeAlert(
    { ...input, body: { minutes: 5, comment: '' } },
    callers['Bearer all']!,
    signal,
  )
  const figures = async (query: { app?: string; weeks: number }, by: string) =>
    alertFigureHandlers(db).getAlertFigures({ params: {}, query, body: {} }, callers[by]!, signal)
  const row = { owner: null, messages: 0, acted: 1, passed: 1 }
  expect((await figures({ weeks: 1 }, 'Bearer all')).weeks).toMatchObject([{ ...row, alerts: 2 }])
  const ofShop = await figures({ weeks: 1, app: 'shop' }, 'Bearer all')
  expect(ofShop.weeks).toMatchObject([{ ...row, alerts: 1 }])
  expect((await figures({ weeks: 1 }, 'Bearer blog')).weeks).toEqual([])
})
