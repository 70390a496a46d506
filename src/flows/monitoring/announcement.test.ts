import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Caller } from '#contract/handler.ts'
import * as channels from '#domains/alert/channel-store.ts'
import { claimDue, listDeliveries } from '#domains/alert/notification-store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { startMailServer } from '../../../test/support/mail.ts'
import { createAlertmanager } from './alertmanager.ts'
import { sendOne } from './notify.ts'
import { silenceHandlers } from './silence-handlers.ts'

let db: Database
let close: () => Promise<void>
/** What a webhook on this machine received. */
let received: string[] = []
const webhook = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  received.push((JSON.parse(body) as { text: string }).text)
  response.end()
}).listen(0, '127.0.0.1')
beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await db.batch([
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position) values ('shop', 'production', 0)`,
  ])
})
afterAll(async () => {
  webhook.close()
  await close()
})
beforeEach(async () => {
  received = []
  await db.query(sql`truncate silence, channel, notification cascade`)
  const settings = JSON.stringify({
    url: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}`,
  })
  const shared = { kind: 'slack', person: null, settings, urgency: 'low' as const }
  await db.batch([
    channels.putChannel({ ...shared, name: 'team' }),
    channels.putChannel({ ...shared, name: 'urgent', urgency: 'high' }),
    channels.putChannel({ ...shared, name: 'pager', kind: 'pagerduty' }),
    channels.putChannel({ ...shared, name: 'ada-phone', person: 'Ada' }),
  ])
})

const now = Date.UTC(2026, 11, 1, 20)
const plain = { seal: (_: string, text: string) => text, open: (_: string, text: string) => text }
const parts = () => ({
  ...{ db, publicUrl: 'http://fairlead.test', secrets: { ...plain, isCurrent: () => true } },
  io: { fetch, mail: mailAt === 0 ? null : mailSettings(mailAt), commands: null },
})
/** The port of the mail server; 0 for none. */
let mailAt = 0
const mailSettings = (port: number) => ({
  ...{ url: `smtp://127.0.0.1:${port}?ignoreTLS=true`, from: 'fairlead@example.com' },
})
const caller: Caller = {
  ...{ name: 'Ada', email: null, user: 1, session: null, isLimited: false },
  ...{ role: 'developer', apps: {}, by: { credential: 'session', address: null } },
}
const { signal } = new AbortController()
const handlers = () =>
  silenceHandlers({
    ...{ db, now: () => now, getApp: async () => undefined, onNotification: () => undefined },
  })
const create = (from?: string, environment = 'production') =>
  handlers().createSilence(
    {
      ...{ params: { app: 'shop' }, query: {} },
      body: { ...(from && { from }), minutes: 90, reason: 'new disks', environment },
    },
    caller,
    signal,
  )
/** Sends what is due, as the background job does, until nothing is. */
async function sendAll(): Promise<void> {
  for (;;) {
    const claimed = await claimDue(db, { count: 8, except: [], seconds: 60 })
    if (claimed.length === 0) return
    for (const one of claimed) await sendOne(parts(), one)
  }
}

test('maintenance is announced once, to shared channels that get every alert', async () => {
  const silence = await create('2026-12-01T22:00:00Z')
  await sendAll()
  await sendAll()
  expect(received).toEqual([
    'Maintenance of production in shop: 2026-12-01 22:00 to 2026-12-01 23:30 UTC\nNew disks.\n' +
      'Announced by Ada. Alerts are not sent during this time.\nhttp://fairlead.test/alerts',
  ])
  expect(await listDeliveries(db, 'team', 10)).toMatchObject([
    { alert: null, silence: silence.id, kind: 'announced', state: 'sent', tries: 1 },
  ])
})

test('its end before its time is sent to the same channels, after the announcement', async () => {
  const silence = await create('2026-12-01T22:00:00Z')
  const end = { params: { silence: silence.id }, query: {}, body: {} }
  await handlers().endSilence(end, caller, signal)
  await sendAll()
  expect(received.map((text) => text.split('\n')[0])).toEqual([
    'Maintenance of production in shop: 2026-12-01 22:00 UTC',
    'Maintenance of production in shop is cancelled',
  ])
})

test('a silence that begins now is not announced, nor is its end', async () => {
  const silence = await create()
  const end = { params: { silence: silence.id }, query: {}, body: {} }
  await handlers().endSilence(end, caller, signal)
  await sendAll()
  expect(received).toEqual([])
})

test('maintenance of an environment that does not exist, or in the past, is refused', async () => {
  await expect(create(undefined, 'prodution')).rejects.toThrow(
    'There is no environment shop/prodution.',
  )
  await expect(create('2026-12-01T18:30:00Z')).rejects.toThrow(
    'body.from: is so early that the silence would have ended already.',
  )
})

test('maintenance of what an alert is about is accepted, also without a deployment', async () => {
  await db.batch([
    sql`insert into alert (app, environment, service, cause, title, reason, urgency)
      values ('shop', 'billing', 'cron', 'cron', 'Cron is late', 'late', 'low')`,
  ])
  await expect(create(undefined, 'billing')).resolves.toMatchObject({ environment: 'billing' })
})

test('a tool of Alertmanager announces maintenance, too', async () => {
  const { postSilence } = createAlertmanager({
    ...{ db, publicUrl: 'http://fairlead.test', now: () => now },
  })
  const matcher = { name: 'alertname', value: 'DiskFull', isRegex: false, isEqual: true }
  await postSilence(
    {
      ...{ matchers: [matcher], createdBy: 'ada', comment: 'new disks' },
      ...{ startsAt: '2026-12-01T22:00:00Z', endsAt: '2026-12-01T23:00:00Z' },
    },
    caller,
  )
  await sendAll()
  expect(received).toHaveLength(1)
  expect(received[0]).toMatch(/^Maintenance of alertname="DiskFull": 2026-12-01 22:00 to/)
})

test('a channel that refuses is tried again for a day', async () => {
  await create('2026-12-01T22:00:00Z')
  await db.query(sql`update channel set settings = '{"url": "http://127.0.0.1:9"}'`)
  for (let i = 0; i < 6; i += 1) {
    await sendAll()
    await db.query(sql`update notification set due = now(), claimed = null`)
  }
  expect(await listDeliveries(db, 'team', 10)).toMatchObject([
    { state: 'pending', tries: 5, problem: 'it cannot be reached' },
  ])
})

test('an hour without a mail server delays an announcement', async () => {
  const mail = await startMailServer()
  mailAt = Number(new URL(mail.url).port)
  mail.close()
  const settings = JSON.stringify({ to: 'team@example.com' })
  await db.query(sql`delete from channel`)
  await db.query(
    channels.putChannel({ name: 'mail', kind: 'email', person: null, settings, urgency: 'low' }),
  )
  await create('2099-12-01T22:00:00Z')
  let seconds = 0
  while (seconds < 3600) {
    await sendAll()
    const [wait] = await db.query<{ seconds: number }>(
      sql`select extract(epoch from due - now())::float8 as seconds from notification`,
    )
    seconds += wait?.seconds ?? Infinity
    await db.query(sql`update notification set due = now()`)
  }
  expect(await listDeliveries(db, 'mail', 10)).toMatchObject([
    { state: 'pending', tries: 8, problem: 'the mail server cannot be reached' },
  ])
  const back = await startMailServer(mailAt)
  await sendAll()
  expect(back.lines).toContain('RCPT TO:<team@example.com>')
  back.close()
  expect(await listDeliveries(db, 'mail', 10)).toMatchObject([{ state: 'sent', tries: 9 }])

  // Maintenance that is over is not announced any more.
  await db.query(sql`update silence set "until" = now() - interval '1 minute'`)
  await db.query(sql`update notification set state = 'pending', due = now(), claimed = null`)
  await sendAll()
  expect(await listDeliveries(db, 'mail', 10)).toMatchObject([{ state: 'failed' }])
  mailAt = 0
})
