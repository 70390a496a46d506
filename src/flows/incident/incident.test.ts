import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Caller } from '#contract/handler.ts'
import { noLatency, type TrafficSecond } from '#contract/host/measurements.ts'
import type { Incident } from '#contract/incident/incident.ts'
import { listActs } from '#domains/alert/notification-store.ts'
import { acknowledge, addEntry } from '#domains/alert/store.ts'
import { addRequestCounts } from '#domains/signal/request-count.ts'
import { createEngine } from '#engine/engine.ts'
import { appendEvent, readEvents } from '#engine/events.ts'
import { reconcileAlerts } from '#flows/monitoring/alerts.ts'
import { systemClock } from '#platform/clock.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { storeLiveRelease } from '../../../test/support/live-release.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { incidentHandlers } from './handlers.ts'
import { mitigateIncidents } from './mitigate.ts'
import { reconcileIncidents } from './reconcile.ts'

let db: Database
let close: () => Promise<void>
/** milliseconds that the clock of the server is ahead */
let ahead = 0
const now = (): number => Date.now() + ahead

beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await storeLiveRelease(db, 'production', {
    services: { web: 'x' },
    switches: { mails: { default: true, description: 'Sends mails' } },
  })
  await db.query(sql`insert into "user" (name, role) values ('Eve', 'developer')`)
})
afterAll(() => close())
beforeEach(async () => {
  ahead = 0
  await db.query(sql`truncate monitor, alert, incident cascade`)
})

const caller: Caller = {
  ...{ name: 'Ada', email: null, user: 1, session: null, isLimited: false },
  ...{ role: 'developer', apps: {}, by: { credential: 'session', address: null } },
}
const { signal } = new AbortController()
const handlers = () => incidentHandlers({ db, now, getApp: async (app) => app })
const call = <N extends keyof ReturnType<typeof handlers>>(name: N, input: object) =>
  (handlers()[name] as (...args: unknown[]) => unknown)(
    { params: {}, query: { limit: 50 }, body: {}, ...input },
    caller,
    signal,
  ) as ReturnType<ReturnType<typeof handlers>[N]>

/** Everything that a server does from what fires to incidents, once. */
async function runOnce(): Promise<void> {
  await reconcileAlerts({
    ...{ db, now, onNotification: () => undefined },
    findSuspects: async () => [],
    readMachine: async () => [],
  })
  await reconcileIncidents({ db, now })
}
const fire = (kind: string, isFiring = true) =>
  db.batch([
    sql`update monitor set firing = ${isFiring} where kind = ${kind}`,
    sql`insert into monitor (app, environment, service, kind, name, state, firing, reason)
      select 'shop', 'production', 'web', ${kind}, ${kind}, 'down', ${isFiring}, '9 % fail'
      where not exists (select from monitor where kind = ${kind})`,
  ])
const incidents = async () => (await call('listIncidents', {})).incidents
const types = async (id: number) =>
  (await readEvents(db, { subject: `incident/${id}`, limit: 50 }))
    .map(({ type }) => type.replace(/.*incident\./, ''))
    .toReversed()

test('an alert that customers feel opens an incident, which ends, comes back, closes', async () => {
  await fire('errors')
  await runOnce()
  await runOnce()
  const [first, ...more] = await incidents()
  expect(more).toEqual([])
  expect(first).toMatchObject({
    ...{ app: 'shop', environment: 'production', service: 'web', state: 'open' },
    ...{ title: 'web in production of shop fails requests', severity: 'minor', openedBy: 'alert' },
    ...{ acknowledged: null, declared: null, mitigated: null, over: null, occurrence: 1 },
  })
  const id = first!.id
  const params = { incident: id }
  const [alert] = (await call('getIncident', { params })).alerts
  await db.batch([
    acknowledge(alert!.id, 'Ada', new Date(now() + 60_000).toISOString()),
    addEntry(alert!.id, 'acknowledged', 'until later', 'Ada'),
  ])
  await runOnce()
  await db.batch([
    sql`insert into deployment (id, app, environment, kind, state, run, release, actor, workflow,
        live)
      overriding system value values (2, 'shop', 'production', 'rollback', 'replaced', 1, 1,
        'Ada', 'w', now())`,
  ])
  await runOnce()
  expect((await incidents())[0]).toMatchObject({ state: 'mitigated' })
  await fire('errors', false)
  await runOnce()
  const over = await call('getIncident', { params })
  expect(over).toMatchObject({
    state: 'over',
    mitigation: expect.stringMatching(/^deployment \d+ is a rollback$/),
    proof: 'the test of errors that allows 1 % of errors has passed',
  })
  const times = [over.detected, over.acknowledged, over.mitigated, over.over].map(String)
  expect(times).toEqual(times.toSorted())
  await fire('errors')
  await runOnce()
  expect(await incidents()).toMatchObject([{ id, state: 'open', occurrence: 2 }])
  await fire('errors', false)
  await runOnce()
  ahead = 3_601_000
  await runOnce()
  expect(await incidents()).toMatchObject([{ id, state: 'closed', closedBy: 'fairlead' }])
  expect(await types(id)).toEqual([
    ...['detected', 'acknowledged', 'mitigated', 'resolved', 'reopened', 'resolved', 'closed'],
  ])
  const { timeline } = await call('getIncident', { params })
  expect(timeline.map(({ text }) => text)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^Alert: web in production of shop fails requests/),
      expect.stringMatching(/^An incident began: web in production of shop fails requests/),
    ]),
  )
})

test.each([
  ['of low urgency', 'errors', 'low'],
  ['that no customer feels', 'log', 'high'],
])('an alert %s opens no incident', async (_, kind, urgency) => {
  await db.query(sql`insert into monitor (app, environment, service, kind, name, state, firing,
      reason, urgency)
    values ('shop', 'production', 'web', ${kind}, ${kind}, 'down', true, 'x', ${urgency})`)
  await runOnce()
  expect(await incidents()).toEqual([])
})

test('people open an incident, take and hand over roles, take notes, and close it', async () => {
  const hostile = '<script>alert(1)</script> [a](javascript:x) \u202e'
  const body = { title: hostile, environment: 'production' }
  const opened = await call('openIncident', { params: { app: 'shop' }, body })
  expect(opened).toMatchObject({ title: hostile, openedBy: 'person', opener: 'Ada' })
  expect(opened.declared).toBe(opened.detected)
  const params = { incident: opened.id }
  // The alert of the same environment joins it.
  await fire('http')
  await runOnce()
  expect((await call('getIncident', { params })).alerts).toHaveLength(1)
  expect(await incidents()).toHaveLength(1)
  await call('takeIncident', { params, body: { role: 'commander' } })
  await call('takeIncident', { params, body: { role: 'commander', person: 'Eve' } })
  await expect(
    call('takeIncident', { params, body: { role: 'commander', person: 'Mallory' } }),
  ).rejects.toThrow('There is no user Mallory')
  await call('noteIncident', { params, body: { text: `${hostile}\nsecond line` } })
  await call('changeIncident', { params, body: { severity: 'critical' } })
  await call('changeIncident', { params, body: { mitigation: 'recharge is off' } })
  const [change] = opened.changes
  expect(change).toMatchObject({ place: 1, kind: 'delivery', environment: 'production' })
  const named = await call('changeIncident', { params, body: { cause: change!.id } })
  expect(named).toMatchObject({
    ...{ commander: 'Eve', severity: 'critical', severityBy: 'Ada', state: 'mitigated' },
    changes: [{ confirmedBy: 'Ada' }, ...named.changes.slice(1)],
  })
  expect(named.timeline).toContainEqual(
    expect.objectContaining({ kind: 'note', text: `${hostile}\nsecond line` }),
  )
  expect((await call('listIncidents', {})).ranking).toEqual({
    ...{ ranked: 1, confirmed: 1, first: 1, firstThree: 1 },
  })
  const closed = await call('closeIncident', { params, body: { comment: 'fixed' } })
  expect(closed).toMatchObject({ state: 'closed', closedBy: 'Ada', proof: 'Ada closed it' })
  // Its alert goes on, and the person knows it.
  await runOnce()
  expect(await incidents()).toMatchObject([{ state: 'closed', occurrence: 1 }])
  await expect(call('closeIncident', { params, body: { comment: '' } })).rejects.toThrow(
    'is closed',
  )
  expect(await types(opened.id)).toEqual([
    ...['reported', 'taken', 'taken', 'noted', 'changed', 'mitigated', 'changed'],
    ...['resolved', 'closed'],
  ])
})

test('opening an incident that is known declares it', async () => {
  await fire('errors')
  await runOnce()
  const body = { title: 'Cards fail', environment: 'production' }
  const opened = await call('openIncident', { params: { app: 'shop' }, body })
  expect(await incidents()).toHaveLength(1)
  expect(opened).toMatchObject({ openedBy: 'alert', declared: expect.any(String) })
  const elsewhere = { title: 'x', environment: 'moon' }
  await expect(call('openIncident', { params: { app: 'shop' }, body: elsewhere })).rejects.toThrow(
    'There is no environment shop/moon',
  )
})

test('a release that was rolled back for its harm opens one incident', async () => {
  await db.batch([
    sql`update deployment set state = 'rolled_back' where id = 1`,
    sql`insert into watch (deployment, settings, until, state, reason, ended)
      values (1, '{}', now(), 'harmful', '9 % fail', now())`,
  ])
  await runOnce()
  await runOnce()
  expect(await incidents()).toMatchObject([
    { openedBy: 'rollback', deployment: 1, title: 'Deployment 1 of shop did harm in production' },
  ])
})

test('the impact is counted until the incident is closed, and raises the severity', async () => {
  const at = Math.floor(Date.now() / 60_000) * 60_000
  const traffic = {
    ...{ app: 'shop', environment: 'production', release: 1, service: 'web', bytes: 0 },
    ...{ outcomes: { '2xx': 60, '5xx': 140 }, latency: noLatency() },
    ...{ routes: { '/pay': [150, 140], '/': [50, 0] }, tenants: { acme: [9, 4], ok: [1, 0] } },
  } satisfies TrafficSecond
  await fire('invariant')
  await db.query(sql`update monitor set entities = '{17,23}'`)
  await runOnce()
  const [{ id, severity }] = (await incidents()) as [Incident]
  expect(severity).toBe('minor')
  const params = { incident: id }
  const unknown = await call('getIncidentImpact', { params })
  expect(unknown).toMatchObject({ requests: null, tenantCount: null })
  const count = async () =>
    db.batch(await addRequestCounts(db, [{ number: 1, at, traffic: [traffic] }]))
  await count()
  await db.query(sql`update monitor set entities = '{42}'`)
  await runOnce()
  expect(await incidents()).toMatchObject([{ severity: 'critical', severityBy: null }])
  await call('changeIncident', { params, body: { severity: 'minor' } })
  await runOnce()
  expect(await incidents()).toMatchObject([{ severity: 'minor', severityBy: 'Ada' }])
  await call('closeIncident', { params, body: { comment: '' } })
  await count()
  const closed = await call('getIncidentImpact', { params })
  expect(closed).toMatchObject({
    ...{ requests: { failed: 140, all: 200 }, tenantCount: { hit: 1, all: 2 } },
    routes: [{ name: '/pay', failed: 140, requests: 150 }],
    tenants: [{ name: 'acme', failed: 4, requests: 9 }],
  })
  expect(closed.entities.map(({ entity }) => entity).toSorted()).toEqual(['17', '23', '42'])
})

/** A change counts as a suspect if it came before the harm, also on a fast machine. */
const aMinuteAgo = sql`update event set time = now() - interval '1 minute'
  where time > now() - interval '1 hour'
    and (type like '%.restarting' or type like '%switch.changed')`

test('the suspects are what changed in the environment of the incident', async () => {
  const sha = 'a'.repeat(40)
  const deployed = (id: number, app: string, environment: string) =>
    sql`insert into deployment (id, app, environment, kind, state, run, release, actor, workflow,
        live)
      overriding system value values (${id}, ${app}, ${environment}, 'delivery', 'replaced', 1,
        ${app === 'shop' ? 1 : 2}, 'Ada', 'w', now())`
  await db.batch([
    sql`insert into app (name, repository, branch) values ('bank', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position)
      values ('shop', 'staging', -1), ('bank', 'staging', 0), ('bank', 'live', 1)`,
    sql`insert into change (app, sha, branch, subject, author, committed, chain)
      select 'bank', sha, branch, 'y', author, committed, chain from change where app = 'shop'`,
    sql`insert into release (id, app, environment, artifact, configuration, run, sha, definition)
      overriding system value select 2, 'bank', 'live', artifact, 0, 1, ${sha}, definition
        from release where id = 1`,
    ...[deployed(20, 'shop', 'staging'), deployed(21, 'bank', 'staging')],
    ...[deployed(22, 'bank', 'live'), sql`delete from external_change`],
    appendEvent({
      type: 'dev.cdeventsx.fairlead-switch.changed',
      ...{ subject: 'switch/shop/production/mails', chain: 'app/shop', app: 'shop', actor: 'Ada' },
      data: {
        ...{ environment: 'production', name: 'mails', setting: null, to: 'on', version: 1 },
        reason: '',
      },
    }),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-service.restarting',
      ...{ subject: 'environment/shop/production', chain: 'c-1', app: 'shop', actor: 'Ada' },
      data: { service: 'redis', release: 1, isForced: true, reason: 'its load' },
    }),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-scale.changed',
      ...{ subject: 'environment/shop/production', chain: 'c-1', app: 'shop', actor: 'Ada' },
      data: {
        ...{ environment: 'production', service: 'web', from: 4, to: 1, declared: 4 },
        reason: 'its cost',
      },
    }),
    sql`insert into monitor (app, environment, kind, name, state, reason) values
      ('shop', 'production', 'tls', 'edge', 'down', 'the certificate has expired'),
      ('shop', 'production', 'dependency', 'cards', 'down', 'the status page says: API: outage')`,
    sql`insert into machine_run (app, environment, mode, key, playbook, sha, release, state,
        machines, changes, total, actor)
      values ('shop', 'production', 'apply', 'k', 'site.yml', ${sha}, 1, 'passed', '[]', '[]', 3,
        'Ada')`,
    aMinuteAgo,
    // The clock that times the harm may be behind the one that times a change.
    sql`update event set time = now() + interval '2 seconds' where type like '%-scale.changed'`,
  ])
  await fire('errors')
  await runOnce()
  const [incident] = await incidents()
  const { changes } = await call('getIncident', { params: { incident: incident!.id } })
  expect(changes.map(({ ref }) => ref)).not.toContain('20')
  expect(changes.map(({ ref }) => ref)).not.toContain('21')
  expect(changes.map(({ text }) => text)).toEqual(
    expect.arrayContaining([
      'switch mails set to on by Ada',
      'restart of redis by Ada without a rehearsal',
      'instances of web from 4 to 1 by Ada',
      'edge: the certificate has expired',
      'cards: the status page says: API: outage',
      'playbook site.yml changed 3 things',
      'delivery of aaaaaaa y',
    ]),
  )
})

test('what was turned on just before is proposed to be turned off, which mitigates', async () => {
  const turned = (to: string) =>
    appendEvent({
      type: 'dev.cdeventsx.fairlead-switch.changed',
      ...{ subject: 'switch/shop/production/mails', chain: 'app/shop', app: 'shop', actor: 'Ada' },
      data: {
        ...{ environment: 'production', name: 'mails', setting: null, to, version: 1 },
        reason: '',
      },
    })
  await db.batch([
    sql`update deployment set live = now() - interval '3 hours'`,
    sql`update deployment set state = 'live' where id = 1`,
    ...[
      sql`truncate watch cascade`,
      sql`update event set time = time - interval '2 days'`,
      sql`truncate machine_run`,
    ],
    turned('on'),
    aMinuteAgo,
  ])
  await fire('errors')
  await runOnce()
  const params = { incident: (await incidents())[0]!.id }
  const { changes, mitigations } = await call('getIncident', { params })
  expect(changes[0]).toMatchObject({ kind: 'switch', ref: 'mails' })
  expect(mitigations).toMatchObject([
    {
      ...{ kind: 'switch', name: 'mails', isProposed: true },
      text: 'turns the switch mails off for everybody: Sends mails',
    },
    { kind: 'restart', name: 'web', isProposed: false },
    { kind: 'scale', name: 'web', isProposed: false },
    { kind: 'maintenance', name: null, isProposed: false },
  ])
  await db.batch([turned('off')])
  await runOnce()
  expect(await call('getIncident', { params })).toMatchObject({
    ...{ state: 'mitigated', mitigation: 'Ada turned off the switch mails' },
  })
})

test('a host can be drained, which mitigates the incident that its reason names', async () => {
  const host = (name: string) => sql`insert into host
      (name, destination, address, host_key, labels, folder, settings, package)
    values (${name}, ${name}, '10.0.0.5', 'k', '[]', '/f', '{}', 'p')`
  const before = { kind: 'process' }
  const target = { kind: 'process', hosts: ['web-1', 'web-2'] }
  const setTarget = (one: object) => sql`update release set target = ${JSON.stringify(one)}::jsonb`
  await db.batch([host('web-1'), host('web-2'), setTarget(target), aMinuteAgo])
  await fire('errors')
  await runOnce()
  const params = { incident: (await incidents())[0]!.id }
  const drains = async () =>
    (await call('getIncident', { params })).mitigations.filter(({ kind }) => kind === 'drain')
  expect(await drains()).toMatchObject([
    { name: 'web-1', text: expect.stringMatching(/web-1 out of production: .*; web-2 goes on$/) },
    { name: 'web-2' },
  ])
  const environments = [{ app: 'shop', environment: 'production' }]
  const drained = (reason: string) =>
    appendEvent({
      type: 'dev.cdeventsx.fairlead-host.drained',
      ...{ subject: 'host/web-1', chain: 'host/web-1', actor: 'Ada' },
      data: { environments, reason, isForced: false },
    })
  await db.batch([sql`update host set drained = now() where name = 'web-1'`, drained('upgrade')])
  await runOnce()
  expect(await drains()).toEqual([])
  expect(await call('getIncident', { params })).toMatchObject({ state: 'open' })
  await db.batch([drained(`incident ${params.incident}`)])
  await runOnce()
  expect(await call('getIncident', { params })).toMatchObject({
    ...{ state: 'mitigated', mitigation: 'Ada drained the host web-1' },
  })
  await db.batch([sql`delete from host`, setTarget(before)])
})

const mitigate = (log = { error: (_message: string) => undefined as void }) =>
  mitigateIncidents({
    ...{ db, now, log },
    engine: createEngine({
      ...{ db, clock: systemClock, random: Math.random, replica: 'test' },
      definitions: [{ name: 'rollback', version: 1, concurrency: 1, run: async () => undefined }],
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    }),
  })
const automatic = (confidence: number) => {
  const settings = { act: true, mitigations: ['switch', 'rollback'], confidence, perDay: 2 }
  return db.query(sql`update release set definition = jsonb_set(definition::jsonb,
    '{incidents}', ${{ automatic: settings }}::jsonb)::json where id = 1`)
}

test('it turns off by itself what it suspects, once, and says so', async () => {
  const turnOn = () =>
    db.batch([
      appendEvent({
        type: 'dev.cdeventsx.fairlead-switch.changed',
        ...{
          subject: 'switch/shop/production/mails',
          chain: 'app/shop',
          app: 'shop',
          actor: 'Ada',
        },
        data: {
          ...{ environment: 'production', name: 'mails', setting: null, to: 'on', version: 1 },
          reason: '',
        },
      }),
      sql`delete from switch`,
      aMinuteAgo,
    ])
  await automatic(99)
  await db.query(sql`delete from event where type like '%switch%'`)
  await turnOn()
  await fire('errors')
  await runOnce()
  const id = (await incidents())[0]!.id
  const params = { incident: id }
  await mitigate()
  const unsure = await call('getIncident', { params })
  expect(unsure.unautomatic).toMatch(
    /^the confidence in the first suspect is 9\d %, and 99 % are needed$/,
  )
  await automatic(80)
  expect(await call('getIncident', { params })).toMatchObject({ unautomatic: null, state: 'open' })
  // Ada and a shared channel were told of the alert; on a third channel it was not accepted.
  await db.batch([
    ...['ada', 'ops', 'broken'].map(
      (name) => sql`insert into channel (name, kind, settings, urgency, person)
      values (${name}, 'email', '', 'low', ${name === 'ada' ? 'Ada' : null})`,
    ),
    ...['ada', 'ops', 'broken'].map(
      (name) => sql`insert into notification (alert, channel, kind,
        occurrence, reason, state)
      select id, ${name}, 'opened', occurrence, 'a test', ${name === 'broken' ? 'failed' : 'sent'}
      from alert on conflict (alert, channel, kind, occurrence, step) do update
        set state = excluded.state`,
    ),
  ])
  await Promise.allSettled([mitigate(), mitigate()])
  await mitigate()
  const told = await db.query<{ id: number; alert: number; channel: string }>(
    sql`select id, alert, channel from notification where kind = 'acted' order by channel`,
  )
  expect(told.map(({ channel }) => channel)).toEqual(['ada', 'ops'])
  expect(await listActs(db, told[0]!.alert)).toEqual([
    {
      isNow: true,
      text: expect.stringMatching(/^Fairlead turns the switch mails off .*because it suspects/),
    },
  ])
  await db.query(sql`delete from channel`)
  await runOnce()
  const done = await call('getIncident', { params })
  expect(done).toMatchObject({ state: 'mitigated', unautomatic: 'no mitigation is proposed' })
  expect(done.mitigation).toBe('fairlead turned off the switch mails')
  expect(done.timeline.map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^Fairlead turns the switch mails off .* by itself because it suspects/),
  )
  expect((await types(id)).filter((type) => type === 'acted')).toHaveLength(1)
  // Somebody turns it on again, and the harm comes back: the same guess would be no news.
  await fire('errors', false)
  await runOnce()
  await turnOn()
  await fire('errors')
  await runOnce()
  await mitigate()
  expect(await call('getIncident', { params })).toMatchObject({
    ...{ state: 'open', occurrence: 2, unautomatic: 'its last guess was the same' },
  })
})

test('it rolls back by itself what it suspects, once', async () => {
  await automatic(80)
  await db.batch([
    sql`delete from event where type like '%switch%'`,
    sql`delete from deployment where id <> 1`,
    sql`insert into artifact (digest, app, run, size) values ('sha256:1', 'shop', 1, 1)`,
    sql`insert into release (id, app, environment, artifact, configuration, run, sha, definition)
      overriding system value select 3, app, environment, 'sha256:1', 0, 1, sha, definition
        from release where id = 1`,
    sql`insert into deployment (id, app, environment, kind, state, run, release, actor, workflow,
        live)
      overriding system value values (0, 'shop', 'production', 'delivery', 'replaced', 1, 3,
        'Ada', 'w', now() - interval '2 days')`,
    sql`update deployment set live = now() - interval '1 minute' where id = 1`,
  ])
  await fire('errors')
  await runOnce()
  const id = (await incidents())[0]!.id
  expect((await call('getIncident', { params: { incident: id } })).unautomatic).toBeNull()
  await Promise.allSettled([mitigate(), mitigate()])
  await mitigate()
  const rollbacks = await db.query(sql`select release, actor, state from deployment
    where kind = 'rollback'`)
  expect(rollbacks).toEqual([{ release: 3, actor: 'fairlead', state: 'waiting' }])
  expect(await db.query(sql`select input->>'reason' as reason from workflow`)).toEqual([
    { reason: `incident ${id}` },
  ])
  expect(await call('getIncident', { params: { incident: id } })).toMatchObject({
    unautomatic: 'a deployment of the environment goes on',
  })
})
