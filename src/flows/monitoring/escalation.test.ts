import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as channels from '#domains/alert/channel-store.ts'
import { pass } from '#domains/alert/escalation-store.ts'
import { claimDue, listDeliveries } from '#domains/alert/notification-store.ts'
import * as store from '#domains/alert/store.ts'
import * as oncall from '#domains/oncall/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { isLong } from '../../../test/support/scale.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { answerKey } from '#domains/alert/answer-link.ts'
import { createSecretBox } from '#platform/secret/secret-box.ts'
import { createAnswers } from './answer.ts'
import { reconcileAlerts } from './alerts.ts'
import { nextHours } from './escalate.ts'
import { sendOne } from './notify.ts'

let db: Database
let close: () => Promise<void>
/** the ids of the messages that were accepted, by the path of the channel */
let received: string[] = []
let refusing = new Set<string>()
/** seconds that a channel answers it is full for, by its name */
let full = new Map<string, number>()
const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const name = (request.url ?? '').slice(1)
  if (refusing.has(name)) return response.writeHead(500).end()
  const seconds = full.get(name)
  if (seconds !== undefined)
    return response.writeHead(429, { 'retry-after': String(seconds) }).end()
  received.push(`${name} ${(JSON.parse(body) as { id: string }).id}`)
  return response.end()
})

beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  server.close()
  await close()
})

const suspect = { name: 'Ada', email: null, user: 'Ada', reason: 'they wrote it' }
const escalation = {
  ...{ suspects: 5, repeats: 0, working: null },
  steps: [{ notify: ['rota:primary'], minutes: 5 }],
}

beforeEach(async () => {
  received = []
  refusing = new Set()
  full = new Map()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const channel = (name: string, person: string | null) =>
    channels.putChannel({
      ...{ name, person, kind: 'cloudevents', urgency: 'low' },
      settings: JSON.stringify({ url: `${url}/${name}` }),
    })
  await db.batch([
    sql`truncate monitor, alert, channel, notification, rota, team cascade`,
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')
      on conflict do nothing`,
    sql`insert into environment (app, name, position) values ('shop', 'production', 0)
      on conflict do nothing`,
    ...[channel('ada-one', 'Ada'), channel('ada-two', 'Ada'), channel('bob', 'Bob')],
    ...[channel('chat', null), sql`update channel set proven = now()`],
    oncall.putRota('primary', {
      zone: 'UTC',
      layers: [{ people: ['Bob'], start: '2026-01-01T00:00', every: 1, unit: 'days', hours: [] }],
    }),
    oncall.putTeam('default', escalation),
    sql`insert into monitor (app, environment, service, kind, name, state, firing, reason)
      values ('shop', 'production', 'web', 'errors', 'errors', 'down', true, 'it fails')`,
  ])
})

const plain = { seal: (_: string, text: string) => text, open: (_: string, text: string) => text }

/** Everything that a server does from what fires to the messages, once. */
async function runOnce(database: Database): Promise<void> {
  await reconcileAlerts({
    ...{ db: database, now: Date.now, onNotification: () => undefined },
    findSuspects: async () => [suspect],
    readMachine: async () => [],
  })
  for (const one of await claimDue(database, { count: 50, except: [], seconds: 60 }))
    await sendOne(partsOf(database), one)
}
const partsOf = (database: Database) => ({
  ...{ db: database, publicUrl: 'http://fairlead.test' },
  secrets: { ...plain, isCurrent: () => true },
  io: { fetch, mail: null, commands: null },
})
const alertId = async () => (await store.listAlerts(db, { apps: null, limit: 1 }))[0]!.id
const names = () => received.map((one) => one.split(' ')[0] ?? '').toSorted(byText)
const byText = (one: string, other: string): number => one.localeCompare(other)
const dueNow = () => db.query(sql`update alert set next_step = now() where next_step is not null`)
const entries = async () =>
  (await store.getDetail(db, await alertId()))!.entries.map(({ kind, text }) => `${kind}: ${text}`)

const endHarm = () => db.query(sql`update monitor set state = 'up', firing = false`)

describe('escalation', () => {
  test('an alert that is over takes no later steps once a person has the message', async () => {
    await runOnce(db)
    await endHarm()
    await dueNow()
    await runOnce(db)
    expect(names()).toEqual(['ada-one', 'ada-one', 'chat', 'chat'])
    expect((await store.getAlert(db, await alertId()))?.resolved).not.toBeNull()
  })

  test('an alert is named after what goes on', async () => {
    await runOnce(db)
    await db.query(sql`insert into monitor
        (app, environment, service, kind, name, state, firing, reason)
      values ('shop', 'production', 'web', 'latency', 'latency', 'down', true, 'it is slow')`)
    await runOnce(db)
    const title = async () => (await store.getAlert(db, await alertId()))?.title
    expect(await title()).toBe('web in production of shop fails requests')
    await db.query(sql`update monitor set state = 'up', firing = false where name = 'errors'`)
    await runOnce(db)
    expect(await title()).toBe('web in production of shop is slow')
    expect((await store.getAlert(db, await alertId()))?.reason).toBe('it is slow')
  })

  test('the steps to the first person are taken before an alert is resolved', async () => {
    await db.query(sql`delete from channel where person = 'Ada'`)
    // A server died after it took the first step, which is the chat.
    await runOnce(db)
    await db.batch([
      sql`update alert set step = 0, next_step = now()`,
      sql`delete from notification where person is not null`,
    ])
    received = []
    await endHarm()
    await runOnce(db)
    // The end is sent to Bob after his first message.
    await runOnce(db)
    expect(names()).toEqual(['bob', 'bob', 'chat'])
  })

  test('suspects and shared channels, then the rota, until somebody acknowledges', async () => {
    await runOnce(db)
    expect(names()).toEqual(['ada-one', 'chat'])
    await dueNow()
    await runOnce(db)
    expect(names()).toEqual(['ada-one', 'bob', 'chat'])
    expect(await entries()).toContain('escalated: step 1 of default: Bob on bob')
    const until = new Date(Date.now() + 60_000).toISOString()
    await db.query(store.acknowledge(await alertId(), 'Bob', until))
    await dueNow()
    await runOnce(db)
    expect(received).toHaveLength(3)
  })

  test('"Not mine" notifies the next person at once, and is kept', async () => {
    await runOnce(db)
    await db.batch(pass(await alertId(), 'Ada'))
    await runOnce(db)
    expect(names()).toEqual(['ada-one', 'bob', 'chat'])
  })

  test('a channel that refuses: the next channel, then the next person', async () => {
    refusing = new Set(['ada-one', 'ada-two'])
    for (let i = 0; i < 9; i += 1) {
      await runOnce(db)
      await db.query(sql`update notification set due = now() where state = 'pending'`)
    }
    expect(names()).toEqual(['bob', 'chat'])
    expect(await entries()).toEqual(
      expect.arrayContaining([
        'refused: Ada on ada-one: it answered 500; ada-two is next',
        'escalated: no message arrived: the next step is due',
        'escalated: step 1 of default: Bob on bob',
      ]),
    )
  })

  test('low urgency waits for the working hours', async () => {
    await db.batch([
      sql`insert into environment (app, name, position) values ('shop', 'later', 9)`,
      oncall.putTeam('default', {
        ...escalation,
        working: {
          zone: 'UTC',
          hours: [
            {
              days: [((new Date().getUTCDay() + 2) % 7) + 1],
              ...{ from: '09:00', until: '10:00' },
            },
          ],
        },
      }),
    ])
    try {
      await runOnce(db)
      await dueNow()
      await runOnce(db)
      expect(names()).toEqual(['chat'])
      expect(await entries()).toContainEqual(expect.stringMatching(/^waits: for the working hours/))

      // What is urgent joins it at night: it waits no longer, and `chat` gets nothing twice.
      await db.batch(
        store.addSource(await alertId(), {
          ...{ source: 'external/1', app: 'shop', environment: 'production', service: 'web' },
          ...{ title: 'The shop is down', reason: 'no answer', urgency: 'high' },
          ...{ onset: { from: 0, until: 0 }, deployment: null, isAlone: false },
        }),
      )
      expect((await store.getAlert(db, await alertId()))?.title).toBe('The shop is down')
      await runOnce(db)
      expect(names()).toEqual(['ada-one', 'chat'])
    } finally {
      await db.query(sql`delete from environment where name = 'later'`)
    }
  })
})

describe('the link in a message', () => {
  const secrets = createSecretBox({ keys: () => [Buffer.alloc(32, 1)] } as never)
  const answers = (now = Date.now()) =>
    createAnswers({ db, secrets, publicUrl: 'http://fairlead.test', now: () => now })
  const keyOf = async (at = Date.now()) => {
    await runOnce(db)
    const [row] = await db.query<{ id: number }>(
      sql`select id from notification where channel = 'ada-one'`,
    )
    return answerKey(secrets, row!.id, at)
  }
  const state = async () => (await store.listAlerts(db, { apps: null, limit: 1 }))[0]

  test('shows a page, and acts once when it is posted', async () => {
    const key = await keyOf()
    for (let i = 0; i < 2; i += 1) {
      const { status, html } = await answers().show(key)
      expect([status, html]).toEqual([200, expect.stringContaining('<form method="post"')])
    }
    expect((await state())?.state).toBe('open')
    expect((await answers().act(key, 'acknowledge')).status).toBe(200)
    expect(await state()).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'Ada' })
    expect((await answers().act(key, 'pass')).status).toBe(409)
    expect((await answers().show(key)).html).not.toContain('<form')
  })

  test('expires, cannot be forged, and passes on', async () => {
    const key = await keyOf()
    const day = 24 * 3_600_000
    expect((await answers(Date.now() + day + 1).act(key, 'pass')).status).toBe(410)
    expect((await answers().act(`${key.slice(0, -4)}AAAA`, 'pass')).status).toBe(410)
    expect((await answers().act(key, 'pass')).sentence).toMatch(/^You passed the alert on/)
    await runOnce(db)
    expect(names()).toEqual(['ada-one', 'bob', 'chat'])
  })
})

test('a channel gets as many messages as its limit allows, from all servers together', async () => {
  const limit = { messages: 3, seconds: 60 }
  const all = await Promise.all([1, 2, 3, 4, 5].map(() => channels.takeSlot(db, 'chat', limit)))
  const later = all.filter((one) => one !== null)
  expect(later).toHaveLength(2)
  const seconds = (Date.parse(later[0]!) - Date.now()) / 1000
  expect(seconds).toBeGreaterThan(15)
  expect(seconds).toBeLessThan(21)
})

describe('a channel that is full', () => {
  const later = (name: string) =>
    db.query(sql`update notification set due = now(), queued = queued - interval '1 minute'
      where channel = ${name} and state = 'pending'`)

  test('gets nothing until the time that it said, also about other alerts', async () => {
    full = new Map([['chat', 30]])
    await runOnce(db)
    expect(await entries()).toContain('refused: chat: it answered 429')
    full.clear()
    await later('chat')
    await runOnce(db)
    expect(names()).toEqual(['ada-one'])
    expect(await listDeliveries(db, 'chat', 1)).toMatchObject([
      { state: 'pending', tries: 1, problem: 'it answered 429' },
    ])
    await db.query(sql`update channel set slot = slot - interval '31 seconds'`)
    await later('chat')
    await runOnce(db)
    expect(names()).toEqual(['ada-one', 'chat'])
  })

  test('for more than a minute is left at once for the next one of the person', async () => {
    full = new Map([['ada-one', 600]])
    await runOnce(db)
    await runOnce(db)
    expect(names()).toEqual(['ada-two', 'chat'])
    expect(await entries()).toContain('refused: Ada on ada-one: it answered 429; ada-two is next')
  })

  test('by its own limit lets a message wait for a minute, then the next one gets it', async () => {
    await db.query(sql`update channel set slot = now() + interval '1 hour' where name <> 'ada-two'`)
    await runOnce(db)
    expect(names()).toEqual([])
    await Promise.all([later('ada-one'), later('chat')])
    await runOnce(db)
    await runOnce(db)
    expect(names()).toEqual(['ada-two'])
    const reason = 'Ada on ada-one: its rate limit is reached; ada-two is next'
    expect(await entries()).toContain(`refused: ${reason}`)
  })
})

test('working hours begin at their local time, also after the clocks were changed', () => {
  const hours = [{ days: [1, 2, 3, 4, 5], from: '09:00', until: '17:00' }]
  const next = (time: string) => {
    const found = nextHours({ zone: 'Europe/Vienna', hours }, Date.parse(time))
    return found === null ? null : new Date(found).toISOString().slice(0, 16)
  }
  expect(next('2026-03-27T17:00Z')).toBe('2026-03-30T07:00')
  expect(next('2026-10-23T16:00Z')).toBe('2026-10-26T08:00')
  expect([next('2026-10-26T07:59Z'), next('2026-10-26T08:00Z')]).toEqual(['2026-10-26T08:00', null])
})

/** A database whose server dies at a call: before it is sent, or before the answer arrives. */
function dyingAt(call: number, isSent: boolean): { db: Database; calls: () => number } {
  let count = 0
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    count += 1
    if (count > call) throw new Error('killed')
    if (count < call) return work()
    if (isSent) await work()
    throw new Error('killed')
  }
  const dying: Database = {
    ...db,
    query: <R extends object>(statement: Parameters<Database['query']>[0]) =>
      guard(() => db.query<R>(statement)),
    batch: (statements) => guard(() => db.batch(statements)),
  }
  return { db: dying, calls: () => count }
}

describe('a server that is killed between what fires and the messages', () => {
  /** Runs until nothing is due, as the servers that are left do. */
  async function finish(): Promise<void> {
    for (let i = 0; i < 3; i += 1) {
      await db.query(sql`update notification set claimed = null where state = 'pending'`)
      await runOnce(db)
      await dueNow()
    }
    await runOnce(db)
  }

  test('loses no message, queues none twice, and sends none with another id', async () => {
    const whole = dyingAt(Infinity, false)
    await runOnce(whole.db)
    const calls = whole.calls()
    expect(calls).toBeGreaterThan(15)
    for (let call = 1; call <= calls; call += isLong ? 1 : 9)
      for (const isSent of [false, true]) {
        await db.batch([sql`truncate alert, notification cascade`])
        received = []
        await runOnce(dyingAt(call, isSent).db).catch(() => undefined)
        await finish()
        const queued = await db.query<{ channel: string; step: number; state: string }>(
          sql`select channel, step, state from notification order by step, channel`,
        )
        const at = `call ${call}, ${isSent ? 'sent' : 'not sent'}`
        expect(queued, at).toEqual([
          { channel: 'chat', step: 0, state: 'sent' },
          { channel: 'ada-one', step: 1, state: 'sent' },
          { channel: 'bob', step: 2, state: 'sent' },
        ])
        expect(received.length, at).toBeLessThanOrEqual(4)
        // A message that was accepted before the server could record it has the same id again.
        received = [...new Set(received)]
        expect(names(), at).toEqual(['ada-one', 'bob', 'chat'])
      }
  })

  test('sends the beginning and the end of what ends before the next server starts', async () => {
    const whole = dyingAt(Infinity, false)
    await runOnce(whole.db)
    for (let call = 1; call <= whole.calls(); call += isLong ? 1 : 5) {
      await db.batch([
        sql`truncate alert, notification cascade`,
        sql`update monitor set firing = true, state = 'down'`,
      ])
      received = []
      await runOnce(dyingAt(call, true).db).catch(() => undefined)
      const isOpened = (await store.listAlerts(db, { apps: null, limit: 1 })).length > 0
      await db.query(sql`update monitor set firing = false, state = 'up'`)
      for (let i = 0; i < 3; i += 1) {
        await db.query(sql`update notification set claimed = null where state = 'pending'`)
        await runOnce(db)
      }
      received = [...new Set(received)]
      const wanted = isOpened ? ['ada-one', 'ada-one', 'chat', 'chat'] : []
      expect(names(), `call ${call}`).toEqual(wanted)
    }
  })

  test('a server that was frozen after it claimed a message does not send it again', async () => {
    await runOnce(db)
    await db.query(sql`update notification set state = 'pending', sent = null, claimed = null`)
    received = []
    const frozen = await claimDue(db, { count: 50, except: [], seconds: 60 })
    expect(frozen).toHaveLength(2)
    // A minute later, another server sends what the frozen one holds.
    await db.query(sql`update notification set claimed = now() - interval '1 second'`)
    await runOnce(db)
    for (const one of frozen) await sendOne(partsOf(db), one)
    expect(names()).toEqual(['ada-one', 'chat'])
    expect(received).toHaveLength(new Set(received).size)
  })

  test('two servers at the same time send each message once', async () => {
    // The key of the alert refuses the second one, whose next run finds the alert.
    await Promise.allSettled([runOnce(db), runOnce(db)])
    await dueNow()
    await Promise.allSettled([runOnce(db), runOnce(db)])
    await runOnce(db)
    expect(names()).toEqual(['ada-one', 'bob', 'chat'])
    expect(await entries()).toHaveLength(new Set(await entries()).size)
  })
})
