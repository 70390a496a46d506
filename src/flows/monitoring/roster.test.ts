import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HostRoster, Outage, RosterHost } from '#contract/host/roster.ts'
import * as channels from '#domains/alert/channel-store.ts'
import { getDetail } from '#domains/alert/store.ts'
import * as oncall from '#domains/oncall/store.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { escalate } from './escalate.ts'
import { ShareRoster } from './roster.ts'

let database: TestDatabase
beforeAll(async () => void (database = await testDatabase()))
afterAll(() => database.close())

const day = 86_400_000
const now = Date.UTC(2026, 10, 29, 12)
/** What the host got, and what it answers. */
let own: RosterHost = { id: 'one', url: 'https://one.test' }
let rosters: HostRoster[] = []
let outage: Outage | null = null
const host = {
  setRoster: async (roster: HostRoster) => {
    rosters.push(roster)
    if (outage?.alert === roster.recorded) outage = null
    return { host: own, outage }
  },
}
const share = (after = 180_000) =>
  new ShareRoster({
    ...{ db: database.db, host, publicUrl: 'http://fairlead.test', now: () => now },
    secrets: { seal: (_, text) => text, open: (_, text) => text, isCurrent: () => true },
    io: { mail: { url: 'smtp://secret', from: 'a@b.c' }, commands: null },
    hostSecret: () => 'of the hosts',
    policy: { after, servers: [], privateHosts: null, allowAddresses: '' },
    onNotification: () => undefined,
  })
const channel = (name: string, person: string | null) =>
  channels.putChannel({
    ...{ name, person, kind: 'ntfy', urgency: 'low', settings: '{"topic": "x"}' },
  })

test('the host gets the steps of the default team, by who is on call when', async () => {
  const { db } = database
  await share().run()
  expect(rosters.pop()).toMatchObject({ alert: null, channels: {}, mail: null })
  await db.batch([
    ...[channel('ada', 'Ada'), channel('ada-mail', 'Ada'), channel('bob', 'Bob')],
    ...[channel('chat', null), channel('eve', 'Eve')],
    oncall.putRota('primary', {
      zone: 'UTC',
      layers: [
        {
          ...{ people: ['Ada', 'Bob'], start: '2026-11-23T09:00', every: 1, unit: 'weeks' },
          hours: [],
        },
      ],
    }),
    oncall.putTeam('default', {
      ...{ suspects: 5, repeats: 0, working: null },
      steps: [{ notify: ['rota:primary'], minutes: 5 }],
    }),
  ])
  await share().run()
  const { plans, shifts, channels: known, alert, mail } = rosters.pop()!
  expect(
    plans.map((plan) => plan.map((step) => step.recipients.map((one) => one.channel))),
  ).toEqual([
    [['chat'], [], ['ada'], []],
    [['chat'], [], ['bob'], []],
  ])
  expect(plans[0]?.[2]?.recipients[0]?.others).toEqual(['ada-mail'])
  expect(plans[0]?.map(({ pause }) => pause)).toEqual([0, 0, 300, null])
  expect(shifts.slice(0, 2)).toEqual([
    { until: Date.UTC(2026, 10, 30, 9), plan: 0 },
    { until: Date.UTC(2026, 11, 7, 9), plan: 1 },
  ])
  expect(shifts.at(-1)?.until).toBe(now + 28 * day)
  // Settings of channels that are not used stay in the database.
  expect(Object.keys(known).toSorted()).toEqual(['ada', 'ada-mail', 'bob', 'chat'])
  expect([alert, mail]).toEqual([expect.any(Number), null])
  // The servers of other hosts give them the same id, and all know all hosts.
  expect(rosters[0]).toMatchObject({ hosts: [], secret: 'of the hosts' })
  own = { id: 'two', url: null }
  await share().run()
  const [first, again] = rosters.slice(-2)
  expect(first?.hosts).toEqual([{ id: 'one', url: 'https://one.test' }])
  expect(again?.hosts).toEqual([{ id: 'one', url: 'https://one.test' }, own])
  expect([first?.alert, again?.alert]).toEqual([alert, alert])
  await share(0).run()
  expect(rosters.pop()).toMatchObject({ alert: null, channels: {}, plans: [] })
})

test('the timeline takes over what the host sent, once, and nobody is notified again', async () => {
  const { db } = database
  const server = share()
  await server.run()
  const alert = rosters.at(-1)!.alert!
  const page = {
    ...{ person: 'Ada', reason: 'they are on call', others: [], tries: 1, problem: null },
    occurrence: 1,
  }
  outage = {
    ...{ alert, since: now - 600_000, began: now - 400_000, ended: now, step: 3, next: null },
    ...{ secret: '', occurrence: 2 },
    answers: [
      { page: 'a', person: 'Ada', time: now - 390_000, until: now + 3_210_000 },
      { page: 'c', person: 'Bob', time: now - 380_000, until: null },
    ],
    pages: [
      { ...page, id: 'a', channel: 'ada', step: 2, state: 'sent', due: now, sent: now - 399_000 },
      { ...page, id: 'b', channel: 'bob', step: 3, state: 'failed', due: now, sent: null },
    ],
  }
  const again = structuredClone(outage)
  await server.run()
  expect(outage).toBeNull()
  expect(rosters.at(-1)).toMatchObject({ recorded: alert })
  expect(rosters.at(-1)?.alert).not.toBe(alert)
  // A server that is killed before the host knows it records nothing a second time.
  outage = again
  await share().run()
  await escalate({ db, now: () => now, onNotification: () => undefined })
  const detail = (await getDetail(db, alert))!
  expect(detail).toMatchObject({
    ...{ state: 'resolved', title: 'Fairlead did not answer' },
    ...{ opened: new Date(now - 400_000).toISOString(), resolved: new Date(now).toISOString() },
  })
  expect(detail.entries.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
    expect.stringMatching(/^opened: .* no server answered from 11:50:00 to 12:00:00 UTC/),
    'notified: Ada on ada: opened by the host, because they are on call',
    'acknowledged: until 2026-11-29T12:53:30.000Z, by the link in a message of the host',
    'passed: by the link in a message of the host',
    'refused: Ada on bob: it was not sent',
    'resolved: a server answers again',
  ])
  expect(
    detail.notifications.map(({ channel: to, kind, state }) => `${to} ${kind} ${state}`),
  ).toEqual(['ada opened sent', 'bob opened failed', 'ada resolved pending'])
  const events = await db.query<{ type: string; actor: string; data: { comment?: string } }>(
    sql`select type, actor, data from event where subject = ${`alert/${alert}`} order by id`,
  )
  expect(events.map(({ type, actor }) => `${type.split('-')[1]} ${actor}`)).toEqual([
    'alert.opened fairlead',
    'alert.acknowledged Ada',
    'alert.passed Bob',
    'alert.resolved fairlead',
  ])
  expect(events[1]?.data).toMatchObject({
    until: '2026-11-29T12:53:30.000Z',
    comment: 'by the link in a message of the host, at 2026-11-29T11:53:30.000Z',
  })
  // The host of another machine knows the same outage, and sent one more message.
  outage = structuredClone(again)
  outage.pages[1] = { ...outage.pages[1]!, state: 'sent', sent: now - 300_000 }
  await share().run()
  const more = (await getDetail(db, alert))!
  expect(more.entries).toHaveLength(detail.entries.length + 1)
  expect(more.entries.filter(({ kind }) => kind === 'notified')).toHaveLength(2)
  expect(more.notifications.map(({ channel: to, state }) => `${to} ${state}`)).toEqual([
    ...['ada sent', 'bob sent', 'ada pending', 'bob pending'],
  ])
  expect(await db.query(sql`select from event where subject = ${`alert/${alert}`}`)).toHaveLength(
    events.length,
  )
})
