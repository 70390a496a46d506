import { randomBytes } from 'node:crypto'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { StatusRequest } from '#contract/host/status-requests.ts'
import * as store from '#domains/status-page/subscription-store.ts'
import { publish } from '#domains/status-page/update-store.ts'
import { readEvents } from '#engine/events.ts'
import { systemClock, systemSleep } from '#platform/clock.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { type MailServer, startMailServer } from '../../../test/support/mail.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { waitFor } from '../../../test/support/wait.ts'
import { sendUpdate } from './deliver.ts'
import { askSubscribers, serveSubscribers } from './self-subscription.ts'

let db: Database
let close: () => Promise<void>
let mailServer: MailServer
beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  mailServer = await startMailServer()
})
afterAll(async () => {
  mailServer.close()
  await close()
})
let waiting: StatusRequest[] = []
let mail: { url: string; from: string }
beforeEach(async () => {
  waiting = []
  mailServer.lines.length = 0
  mail = { url: mailServer.url, from: 'status@example.com' }
  await db.batch([
    sql`truncate incident, status_subscription, event cascade`,
    sql`insert into incident (id, app, environment, title, reason, opened_by, opener, severity,
        detected)
      overriding system value values (3, 'shop', 'production', 'x', 'x', 'alert', 'alert 1',
        'major', now())`,
  ])
})

const secrets = {
  ...{ seal: (_: string, text: string) => text, open: (_: string, text: string) => text },
  isCurrent: () => true,
}
const parts = () => ({
  ...{ db, secrets, publicUrl: 'http://fairlead.test', address: 'https://status.test' },
  io: { fetch, mail, commands: null },
})
const host = {
  takeStatusRequests: async (done: readonly string[]) =>
    (waiting = waiting.filter(({ id }) => !done.includes(id))),
}
const carryOut = async (...requests: StatusRequest[]) => {
  waiting.push(...requests)
  await serveSubscribers({ parts: parts(), host, random: () => randomBytes(32) })
}
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
/** Runs the job that asks addresses until `stop` is called. */
const startAsking = () => {
  const stopped = new AbortController()
  const runtime = { db, clock: systemClock, sleep: systemSleep, random: Math.random, log: silent }
  const ended = askSubscribers(parts(), 20).run({ ...runtime, replica: 'a' }, stopped.signal)
  return async () => {
    stopped.abort()
    await ended
  }
}
const countDue = async () =>
  (
    await db.query<{ n: number }>(sql`select count(*)::int as n from status_subscription
      where confirmed is null and (asked_due <= now() or asked_tries = 0)`)
  )[0]?.n
/** Carries out requests, and asks every address that is due. */
const serve = async (...requests: StatusRequest[]) => {
  await carryOut(...requests)
  const stop = startAsking()
  await waitFor('every address is asked', async () => (await countDue()) === 0)
  await stop()
}
let id = 0
const asked = (email: string, apps: string[] | null = null): StatusRequest => ({
  ...{ id: String((id += 1)), kind: 'subscribe', email, apps },
})
const linked = (kind: 'confirm' | 'unsubscribe', token: string): StatusRequest => ({
  ...{ id: String((id += 1)), kind, token },
})
/** The token of the last link of a kind in the mail, whose lines have at most 76 characters. */
const tokenOf = (kind: string): string =>
  mailServer.lines
    .join('\n')
    .replace(/=\n/g, '')
    .split(`https://status.test/${kind}/`)
    .at(-1)
    ?.slice(0, 43) ?? ''
const subscriptions = () => store.listSubscriptions(db)
const tell = async (update: number, app: string) => {
  await db.batch([
    ...publish(
      { id: update, incident: 3, occurrence: 1 },
      { phase: 'identified', title: 'Cards fail', text: 'Cards are refused.' },
      { author: 'Ada', now: Date.now(), promised: null },
    ),
    store.queueDeliveries(update, app),
  ])
  for (const one of await store.claimDeliveries(db, { count: 10, except: [], seconds: 60 }))
    await sendUpdate(parts(), one)
}

test('an address gets updates once it is confirmed, until one click ends it', async () => {
  await serve(asked('ada@example.com', ['shop']))
  expect(mailServer.lines).toContain('RCPT TO:<ada@example.com>')
  expect(await subscriptions()).toEqual([])
  await tell(1, 'shop')
  expect(mailServer.lines.join('\n')).not.toContain('Cards are refused')
  await serve(linked('confirm', 'x'.repeat(43)))
  expect(await subscriptions()).toEqual([])
  const token = tokenOf('confirm')
  await serve(linked('confirm', token), linked('confirm', token))
  expect(await subscriptions()).toMatchObject([{ kind: 'email', apps: ['shop'] }])
  await tell(2, 'shop')
  const text = mailServer.lines.join('\n').replace(/=\n/g, '')
  expect(text).toContain('Cards are refused.')
  expect(mailServer.lines).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click')
  expect(tokenOf('unsubscribe')).toBe(token)
  await serve(linked('unsubscribe', token), linked('unsubscribe', token))
  expect(await subscriptions()).toEqual([])
  const events = await readEvents(db, { limit: 9 })
  expect(events.map(({ type, actor }) => [type.split('.').at(-1), actor])).toEqual([
    ['unsubscribed', 'a subscriber'],
    ['subscribed', 'a subscriber'],
  ])
  expect(JSON.stringify(events)).not.toContain('ada@example.com')
})

test('an address is asked once in an hour, and a new choice replaces the old one', async () => {
  await serve(asked('ada@example.com'), asked('ada@example.com'))
  await serve(asked('ada@example.com'))
  expect(mailServer.lines.filter((line) => line.startsWith('RCPT'))).toHaveLength(1)
  await serve(linked('confirm', tokenOf('confirm')))
  await serve(asked('ada@example.com', ['mail']))
  expect(await subscriptions()).toMatchObject([{ apps: null }])
  await serve(linked('confirm', tokenOf('confirm')))
  expect(await subscriptions()).toMatchObject([{ apps: ['mail'] }])
})

test('a flood of addresses is limited, and what nobody confirms is forgotten', async () => {
  mail = { url: 'smtp://127.0.0.1:9', from: 'status@example.com' }
  await serve(...Array.from({ length: 210 }, (_, index) => asked(`a${index}@example.com`)))
  const count = async () =>
    (await db.query<{ n: number }>(sql`select count(*)::int as n from status_subscription`))[0]?.n
  expect(await count()).toBe(200)
  await db.query(sql`update status_subscription set created = now() - interval '25 hours'`)
  await serve()
  expect(await count()).toBe(0)
})

test('with the mail server away, an address is asked later', async () => {
  mail = { url: 'smtp://127.0.0.1:9', from: 'status@example.com' }
  await serve(asked('ada@example.com'))
  await db.query(sql`update status_subscription set asked_due = now()`)
  mail = { url: mailServer.url, from: 'status@example.com' }
  await serve()
  expect(mailServer.lines.filter((line) => line.startsWith('RCPT'))).toHaveLength(1)
  await serve()
  expect(mailServer.lines.filter((line) => line.startsWith('RCPT'))).toHaveLength(1)
})

test('a mail server that hangs delays neither other e-mails nor an unsubscription', async () => {
  await serve(asked('ada@example.com'))
  const token = tokenOf('confirm')
  await serve(linked('confirm', token))
  const connections: Socket[] = []
  const hanging = createServer((socket) => void connections.push(socket))
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve))
  const { port } = hanging.address() as AddressInfo
  mail = { url: `smtp://127.0.0.1:${port}`, from: 'status@example.com' }
  await carryOut(asked('bea@example.com'), asked('cem@example.com'))
  const stop = startAsking()
  await waitFor('both are being asked', async () => connections.length === 2, 10)
  await carryOut(linked('unsubscribe', token))
  expect(await subscriptions()).toEqual([])
  for (const socket of connections) socket.destroy()
  await stop()
  hanging.close()
  // Both are asked again later.
  expect(await countDue()).toBe(0)
})
