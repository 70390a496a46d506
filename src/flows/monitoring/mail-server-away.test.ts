import { afterAll, beforeAll, expect, test } from 'vitest'
import * as channels from '#domains/alert/channel-store.ts'
import { claimDue } from '#domains/alert/notification-store.ts'
import * as subscriptions from '#domains/status-page/subscription-store.ts'
import { publish } from '#domains/status-page/update-store.ts'
import { sendUpdate } from '#flows/status-page/deliver.ts'
import { sql } from '#platform/postgres/sql.ts'
import { storeLiveRelease } from '../../../test/support/live-release.ts'
import { type MailServer, startMailServer } from '../../../test/support/mail.ts'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { reconcileAlerts } from './alerts.ts'
import { sendOne } from './notify.ts'

let database: TestDatabase
let mail: MailServer
beforeAll(async () => {
  database = await testDatabase()
  await storeLiveRelease(database.db, 'production', { services: { web: 'x' } })
  mail = await startMailServer()
})
afterAll(async () => {
  mail.close()
  await database.close()
})

const plain = { seal: (_: string, text: string) => text, open: (_: string, text: string) => text }
const parts = () => ({
  ...{
    db: database.db,
    publicUrl: 'http://fairlead.test',
    address: 'http://status.test',
    edgePort: 4480,
  },
  secrets: { ...plain, isCurrent: () => true },
  io: { fetch, commands: null, mail: { url: mail.url, from: 'fairlead@example.com' } },
  readerFetch: fetch,
})
const claim = { count: 50, except: [], seconds: 60 }

/** Sends everything that is due, once. */
async function sendDue(): Promise<void> {
  const { db } = database
  for (const one of await claimDue(db, claim)) await sendOne(parts(), one)
  for (const one of await subscriptions.claimDeliveries(db, claim)) await sendUpdate(parts(), one)
}

const waits = sql`(select due from notification where state = 'pending' and tries > 0
  union all select due from status_delivery where state = 'pending' and tries > 0) as waiting`

/** Moves the next attempt to now; answers by how many seconds, or null if nothing waits. */
async function skipPause(): Promise<number | null> {
  const { db } = database
  const [next] = await db.query<{ seconds: number | null }>(
    sql`select greatest(extract(epoch from min(due) - now()), 0)::float8 as seconds from ${waits}`,
  )
  const seconds = next?.seconds ?? null
  if (seconds === null) return null
  const earlier = sql`due - ${seconds} * interval '1 second'`
  await db.batch([
    sql`update notification set due = ${earlier} where state = 'pending'`,
    sql`update status_delivery set due = ${earlier} where state = 'pending'`,
  ])
  return seconds
}

const reconcile = () =>
  reconcileAlerts({
    ...{ db: database.db, now: Date.now, onNotification: () => undefined },
    findSuspects: async () => [],
    readMachine: async () => [],
  })

/** The subjects of the messages that arrived. */
const subjects = () => mail.lines.flatMap((line) => /^Subject: (.*)/.exec(line)?.[1] ?? [])

test('a mail server that is away for an hour gets each message once, in order', async () => {
  const { db } = database
  const { port } = new URL(mail.url)
  mail.close()
  const to = JSON.stringify({ to: 'ada@example.com' })
  await db.batch([
    channels.putChannel({
      ...{ name: 'ops', person: null, kind: 'email', urgency: 'low', settings: to },
    }),
    sql`insert into monitor (app, environment, service, kind, name, state, firing, reason)
      values ('shop', 'production', 'web', 'errors', 'errors', 'down', true, '9 % fail')`,
    sql`insert into incident (id, app, environment, title, reason, opened_by, opener, severity,
        detected)
      overriding system value values (3, 'shop', 'production', 'x', 'x', 'person', 'Ada', 'major',
        now())`,
    sql`insert into status_subscription (name, kind, settings) values ('readers', 'email', ${to})`,
  ])
  for (const id of [1, 2])
    await db.batch([
      ...publish(
        { id, incident: 3, occurrence: 1 },
        { phase: 'identified', title: `Update ${id}`, text: 'We look.' },
        { author: 'Ada', now: Date.now(), promised: Date.now() + 1_800_000, pages: ['default'] },
      ),
      subscriptions.queueDeliveries(id, { app: 'shop', components: [''] }, ['default']),
    ])
  await reconcile()
  // The harm ends while the mail server is away.
  await db.query(sql`update monitor set state = 'up', firing = false`)
  let away = 0
  while (away < 3600) {
    await sendDue()
    await reconcile()
    const seconds = await skipPause()
    expect(seconds).not.toBeNull()
    away += seconds ?? Infinity
  }
  expect(await db.query(sql`select 1 from notification where state <> 'pending'`)).toEqual([])

  mail = await startMailServer(Number(port))
  for (let round = 0; round < 6; round += 1) {
    await skipPause()
    await sendDue()
  }
  expect(
    await db.query(sql`select id from notification where state <> 'sent'
      union all select id from status_delivery where state <> 'sent'`),
  ).toEqual([])
  const all = subjects()
  expect(all.filter((subject) => subject.includes('Update')).map((one) => one.slice(-1))).toEqual([
    ...['1', '2'],
  ])
  const ofAlert = all.filter((subject) => subject.includes('web in production'))
  expect(ofAlert.map((subject) => subject.startsWith('Resolved: '))).toEqual([false, true])
  expect(all).toHaveLength(4)
  const ids = mail.lines.filter((line) => line.startsWith('Message-ID: '))
  expect(new Set(ids).size).toBe(4)
})
