import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Caller } from '#contract/handler.ts'
import { isForCustomers, pauseAfter } from '#domains/status-page/subscription.ts'
import * as store from '#domains/status-page/subscription-store.ts'
import { publish } from '#domains/status-page/update-store.ts'
import { channels } from '#platform/channel/channels.generated.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { sendUpdate } from './deliver.ts'
import { subscriptionHandlers } from './subscription-handlers.ts'

let db: Database
let close: () => Promise<void>
/** What a webhook on this machine received, and what it answers. */
let received: string[] = []
let status = 200
const webhook = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  if (status === 200) received.push((JSON.parse(body) as { text: string }).text)
  response.writeHead(status).end()
}).listen(0, '127.0.0.1')
beforeAll(async () => ({ db, close } = await testDatabase()))
afterAll(async () => {
  webhook.close()
  await close()
})
const start = Date.parse('2026-11-29T14:02:00Z')
beforeEach(async () => {
  received = []
  status = 200
  await db.batch([
    sql`truncate incident, status_subscription cascade`,
    sql`insert into incident (id, app, environment, title, reason, opened_by, opener, severity,
        detected)
      overriding system value values (3, 'shop', 'production', 'internal words', 'internal words',
        'alert', 'alert 1', 'major', now())`,
  ])
})

const plain = { seal: (_: string, text: string) => text, open: (_: string, text: string) => text }
const secrets = { ...plain, isCurrent: () => true }
const parts = () => ({
  ...{
    db,
    secrets,
    publicUrl: 'http://fairlead.test',
    address: 'http://status.test',
    edgePort: 4480,
  },
  io: { fetch, mail: null, commands: null },
  readerFetch: fetch,
})
const caller: Caller = {
  ...{ name: 'Ada', email: null, user: 1, session: null, isLimited: false },
  ...{ role: 'admin', apps: {}, by: { credential: 'session', address: null } },
}
interface Wanted {
  kind?: string
  apps?: string[]
  components?: string[]
  url?: string
}
const subscribe = (name: string, more: Wanted = {}) => {
  const address = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}`
  const { kind = 'slack', url = address, ...about } = more
  const body = { kind, settings: { url }, ...about }
  return subscriptionHandlers({ db, secrets, getApp: async () => undefined }).putStatusSubscription(
    { params: { subscription: name }, query: {}, body },
    ...([caller, new AbortController().signal] as const),
  )
}
const tell = (id: number, text: string) =>
  db.batch([
    ...publish(
      { id, incident: 3, occurrence: 1 },
      { phase: 'identified', title: 'Cards fail', text },
      { author: 'Ada', now: start + id, promised: start + 1_800_000, pages: ['default'] },
    ),
    store.queueDeliveries(id, { app: 'shop', components: ['cards'] }, ['default']),
  ])
const claim = () => store.claimDeliveries(db, { count: 10, except: [], seconds: 60 })
const later = () => db.query(sql`update status_delivery set due = now()`)

test('an update goes once to those who want its app or component, with a link', async () => {
  await subscribe('all')
  await subscribe('shop', { apps: ['shop'] })
  await subscribe('mail', { apps: ['mail'], components: ['shop/search'] })
  await subscribe('cards', { apps: ['mail'], components: ['shop/cards'] })
  await tell(1, 'Cards of shop \\(EU\\) are **refused**.')
  const claimed = await claim()
  expect(claimed.map(({ subscription }) => subscription).sort()).toEqual(['all', 'cards', 'shop'])
  for (const one of claimed) await sendUpdate(parts(), one)
  expect(await claim()).toEqual([])
  expect(received).toHaveLength(3)
  expect(received[0]).toBe(
    'Identified: Cards fail\nCards of shop (EU) are **refused**.\n' +
      'Next update by 2026-11-29 at 14:32 UTC.\nhttp://status.test/incidents/3',
  )
})

test('a receiver that fails or is away gets every update later, in order', async () => {
  await subscribe('all')
  await subscribe('away', { url: 'http://127.0.0.1:9/secret' })
  await tell(1, 'one')
  await tell(2, 'two')
  status = 503
  for (const one of await claim()) await sendUpdate(parts(), one)
  const [all, away] = await store.listSubscriptions(db)
  expect(all).toMatchObject({ waiting: 2, problem: 'it answered 503' })
  expect(away).toMatchObject({ waiting: 2, problem: 'it cannot be reached' })
  status = 200
  for (let round = 0; round < 2; round += 1) {
    await later()
    for (const one of await claim()) await sendUpdate(parts(), one)
  }
  expect(received.map((text) => text.split('\n')[1])).toEqual(['one', 'two'])
  expect((await store.listSubscriptions(db))[0]).toMatchObject({ waiting: 0, problem: null })
})

test('settings that cannot be read are a problem of the subscription', async () => {
  await subscribe('all')
  await db.query(sql`update status_subscription set settings = 'sealed by another key'`)
  await tell(1, 'one')
  for (const one of await claim()) await sendUpdate(parts(), one)
  expect((await store.listSubscriptions(db))[0]).toMatchObject({
    ...{ waiting: 1, problem: 'its settings cannot be read: subscribe it again' },
  })
})

test('the attempts go on for a day', () => {
  let seconds = 0
  for (let tries = 1; pauseAfter(tries) !== null; tries += 1) seconds += pauseAfter(tries) ?? 0
  expect(seconds / 3600).toBeGreaterThan(23)
})

test('kinds that page people or run commands are refused', async () => {
  await expect(subscribe('x', { kind: 'command' })).rejects.toThrow('kind')
  await expect(subscribe('x', { url: 'ftp://x' })).rejects.toThrow('settings.url')
  expect(channels.map(({ kind }) => kind).filter(isForCustomers)).toEqual([
    ...['cloudevents', 'discord', 'email', 'ntfy', 'rocket-chat', 'slack', 'teams', 'telegram'],
  ])
})
