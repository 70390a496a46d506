import { randomBytes } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { StatusRequest } from '#contract/host/status-requests.ts'
import * as store from '#domains/status-page/subscription-store.ts'
import { publish } from '#domains/status-page/update-store.ts'
import { readEvents } from '#engine/events.ts'
import { systemClock, systemSleep } from '#platform/clock.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { type MailServer, startMailServer } from '../../../test/support/mail.ts'
import { longTest } from '../../../test/support/scale.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { waitFor } from '../../../test/support/wait.ts'
import { readersOf } from '../../server/readers.ts'
import { sendStatusUpdates, sendUpdate } from './deliver.ts'
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
let readerFetch = fetch
beforeEach(async () => {
  waiting = []
  readerFetch = fetch
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
  ...{
    db,
    secrets,
    publicUrl: 'http://fairlead.test',
    address: 'https://status.test',
    edgePort: 4480,
  },
  io: { fetch, mail, commands: null },
  readerFetch,
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
  const ended = Promise.all(
    askSubscribers(parts(), 20).map((job) => job.run({ ...runtime, replica: 'a' }, stopped.signal)),
  )
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
  ...{ id: String((id += 1)), kind: 'subscribe', email, apps, components: null },
  page: 'default',
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
      { author: 'Ada', now: Date.now(), promised: null, pages: ['default'] },
    ),
    store.queueDeliveries(update, { app, components: [''] }, ['default']),
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
  const mails = mailServer.lines.join('\n').replace(/=\n/g, '')
  expect(mails).toContain('Cards are refused.')
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

/** A server for webhooks; what it receives, and what it answers. */
async function startHook(answer: (body: Record<string, unknown>) => string | null) {
  const received: Record<string, unknown>[] = []
  const server = createHttpServer(async (request, response) => {
    const body = JSON.parse(await text(request)) as Record<string, unknown>
    received.push(body)
    const said = answer(body)
    // With null, it hangs.
    if (said !== null) response.end(said)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`, received, close }
}
const askedUrl = (channel: 'slack' | 'cloudevents', url: string): StatusRequest => ({
  ...{ id: String((id += 1)), kind: 'subscribe-url', channel, url, apps: ['shop'] },
  components: null,
  page: 'default',
})

test('a webhook confirms by the challenge in its answer, and each message can end it', async () => {
  let answers = false
  const hook = await startHook(({ challenge }) => (answers ? JSON.stringify({ challenge }) : 'ok'))
  try {
    await serve(askedUrl('cloudevents', hook.url))
    expect(hook.received).toMatchObject([{ type: 'url_verification' }])
    expect(await subscriptions()).toEqual([])
    answers = true
    await db.query(sql`update status_subscription set asked_due = now()`)
    await serve()
    expect(await subscriptions()).toMatchObject([{ kind: 'cloudevents', apps: ['shop'] }])
    await tell(1, 'other')
    await tell(2, 'shop')
    expect(hook.received).toHaveLength(3)
    const { data } = hook.received[2] as { data: { unsubscribeUrl: string; lines: string[] } }
    expect(data.lines).toContain('Cards are refused.')
    await serve(linked('unsubscribe', data.unsubscribeUrl.slice(-43)))
    expect(await subscriptions()).toEqual([])
    const events = await readEvents(db, { limit: 9 })
    expect(events.map(({ type, actor }) => [type.split('.').at(-1), actor])).toEqual([
      ['unsubscribed', 'a subscriber'],
      ['subscribed', 'a subscriber'],
    ])
    expect(JSON.stringify(events)).not.toContain(hook.url)
  } finally {
    hook.close()
  }
})

test('a person confirms in the channel of a chat', async () => {
  const hook = await startHook(() => 'ok')
  try {
    await serve(askedUrl('slack', hook.url), askedUrl('slack', hook.url))
    expect(hook.received).toHaveLength(1)
    const token = String(hook.received[0]?.['text']).split('/confirm/')[1]?.slice(0, 43) ?? ''
    await serve(linked('confirm', token))
    await tell(1, 'shop')
    expect(hook.received[1]?.['text']).toContain(`https://status.test/unsubscribe/${token}`)
  } finally {
    hook.close()
  }
})

test('readers reach no private address, and three refusals are enough', async () => {
  const hook = await startHook(({ challenge }) => String(challenge))
  try {
    readerFetch = readersOf({ FAIRLEAD_PRIVATE_HOSTS: '*' }).fetch
    const urls = [hook.url, hook.url.replace('127.0.0.1', 'localhost'), 'http://[::1]:9/x']
    await carryOut(...urls.map((url) => askedUrl('cloudevents', url)))
    for (let tries = 0; tries < 4; tries += 1) {
      await db.query(sql`update status_subscription set asked_due = now()
        where asked_due is not null`)
      await serve()
    }
    expect([hook.received, await subscriptions()]).toEqual([[], []])
    expect(
      await db.query(sql`select from status_subscription where asked_due is not null`),
    ).toEqual([])
    readerFetch = readersOf({ FAIRLEAD_PRIVATE_HOSTS: '127.0.0.1' }).fetch
    await serve(askedUrl('cloudevents', `${hook.url}?again`))
    expect(await subscriptions()).toHaveLength(1)
  } finally {
    hook.close()
  }
})

longTest(
  'webhooks that hang delay neither other subscriptions nor each other',
  async () => {
    let hangs = false
    const hanging = await startHook(({ challenge }) => (hangs ? null : String(challenge)))
    const good = await startHook(({ challenge }) => String(challenge))
    try {
      const urls = Array.from({ length: 40 }, (_, index) => `${hanging.url}?${index}`)
      await serve(
        ...urls.map((url) => askedUrl('cloudevents', url)),
        ...[askedUrl('cloudevents', good.url), asked('ada@example.com')],
      )
      await serve(linked('confirm', tokenOf('confirm')))
      expect(await subscriptions()).toHaveLength(42)
      hangs = true
      const stopped = new AbortController()
      const runtime = {
        db,
        clock: systemClock,
        sleep: systemSleep,
        random: Math.random,
        log: silent,
      }
      const jobs = sendStatusUpdates(parts(), 20).map((job) =>
        job.run({ ...runtime, replica: 'a' }, stopped.signal),
      )
      const publishOne = async (update: number) => {
        await db.batch([
          ...publish(
            { id: update, incident: 3, occurrence: 1 },
            { phase: 'identified', title: 'Cards fail', text: `Update ${update}.` },
            { author: 'Ada', now: Date.now() + update, promised: null, pages: ['default'] },
          ),
          store.queueDeliveries(update, { app: 'shop', components: [''] }, ['default']),
        ])
        return Date.now()
      }
      const arrives = async (update: number) => {
        const began = await publishOne(update)
        await waitFor('the good webhook has it', async () =>
          JSON.stringify(good.received).includes(`Update ${update}.`),
        )
        await waitFor('the e-mail is sent', async () =>
          mailServer.lines.some((line) => line.includes(`Update ${update}.`)),
        )
        return Date.now() - began
      }
      // At first, nobody knows which addresses hang: each of them hangs once in its lane.
      expect(await arrives(1)).toBeLessThan(55_000)
      await waitFor('each has hung', async () => {
        const found = await subscriptions()
        return found.filter(({ problem }) => problem !== null).length === 40
      })
      expect(await arrives(2)).toBeLessThan(3000)
      stopped.abort()
      hanging.close()
      await Promise.all(jobs)
    } finally {
      hanging.close()
      good.close()
    }
  },
  180_000,
)
