import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { HostRoster, Outage, OutagePage, RosterHost } from '#contract/host/roster.ts'
import { comesBefore, maySend, mergeOutages, takeOverMs } from './agreement.ts'
import { serveAnswers } from './answer-server.ts'
import { linkKey } from './outage-link.ts'
import { Pager } from './pager.ts'

const page = fc
  .record({
    id: fc.constantFrom('a', 'b', 'c'),
    occurrence: fc.constant(1),
    state: fc.constantFrom('pending', 'sent', 'failed', 'dropped'),
    tries: fc.integer({ min: 0, max: 2 }),
    due: fc.integer({ min: 0, max: 2 }),
    sent: fc.constant(null),
    problem: fc.constantFrom(null, 'it answered 500'),
    step: fc.constant(0),
    channel: fc.constant('ada'),
    person: fc.constant('Ada'),
    reason: fc.constant('they are on call'),
    others: fc.constant<string[]>([]),
  })
  .map((one): OutagePage => (one.state === 'sent' ? { ...one, sent: one.due + 1 } : one))
/** What hosts may know of the same outage while it lasts. */
const outage: fc.Arbitrary<Outage> = fc.record({
  alert: fc.constant(7),
  since: fc.integer({ min: 0, max: 5 }),
  began: fc.integer({ min: 0, max: 5 }),
  ended: fc.constant(null),
  step: fc.integer({ min: 0, max: 2 }),
  next: fc.option(fc.integer({ min: 0, max: 3 })),
  secret: fc.constant(''),
  occurrence: fc.integer({ min: 1, max: 2 }),
  answers: fc.uniqueArray(
    fc.record({
      page: fc.constantFrom('a', 'b', 'c'),
      person: fc.constant('Ada'),
      time: fc.integer({ min: 0, max: 3 }),
      until: fc.constant(9),
    }),
    { selector: (one) => one.page },
  ),
  pages: fc.uniqueArray(page, { selector: ({ id }) => id }),
})

test('it makes no difference in which order hosts hear of each other, and how often', () => {
  fc.assert(
    fc.property(outage, outage, outage, (one, two, three) => {
      const both = mergeOutages(one, two)
      expect(mergeOutages(two, one)).toEqual(both)
      expect(mergeOutages(both, two)).toEqual(both)
      expect(mergeOutages(both, three)).toEqual(mergeOutages(one, mergeOutages(two, three)))
      const sent = (known: Outage | null) =>
        known?.pages.filter(({ state }) => state === 'sent').map(({ id }) => id) ?? []
      expect(new Set(sent(both))).toEqual(new Set([...sent(one), ...sent(two)]))
    }),
  )
})

const hosts: RosterHost[] = ['one', 'two', 'three'].map((id) => ({ id, url: null }))

test('the first host sends; another one when those before it were silent for a minute', () => {
  const silence = (ms: number) => ({ heard: 0, now: ms })
  expect(maySend(hosts, 'one', silence(0))).toBe(true)
  expect(maySend([], 'one', silence(0))).toBe(true)
  for (const id of ['two', 'three', 'unknown']) {
    expect(maySend(hosts, id, silence(takeOverMs - 1))).toBe(false)
    expect(maySend(hosts, id, silence(takeOverMs))).toBe(true)
  }
  expect(comesBefore(hosts, 'three', 'two')).toBe(false)
  expect(comesBefore(hosts, 'unknown', 'two')).toBe(false)
})

let now = 0
/** `id` of the message, by the channel of Ada that accepted it */
let received: string[] = []
let channel: Server
const folders: string[] = []
const open: { stop(): void }[] = []
beforeAll(async () => {
  channel = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    received.push((JSON.parse(body) as { id: string }).id)
    response.end()
  })
  await new Promise<void>((resolve) => channel.listen(0, '127.0.0.1', resolve))
})
beforeEach(() => {
  ;[now, received] = [Date.now(), []]
})
afterAll(() => {
  channel.close()
  for (const one of open) one.stop()
  for (const folder of folders) rmSync(folder, { recursive: true })
})

interface TestPager {
  id: string
  url: URL
  pager: Pager
  isConnected: boolean
  stop(): void
}

/** A host that other hosts can ask. */
async function startPager(id: string): Promise<TestPager> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-agreement-'))
  folders.push(folder)
  let pager: Pager | null = null
  const served = await serveAnswers({
    follow: (...call) => pager!.follow(...call),
    hear: (question) => pager!.hear(question),
  })
  open.push(served)
  const url = new URL(`http://127.0.0.1:${served.port}`)
  const one: TestPager = {
    ...{ id, url, isConnected: true, stop: served.stop },
    pager: new Pager({
      ...{ id, folder, hostName: id, url, now: () => now, log: () => undefined },
      ...{ countReleases: () => 0, isConnected: async () => one.isConnected },
    }),
  }
  pager = one.pager
  pager.read()
  return one
}

const rosterOf = (...pagers: TestPager[]): HostRoster => ({
  ...{ alert: 7, recorded: null, after: 180_000, servers: [], privateHosts: null },
  ...{ allowAddresses: '', publicUrl: 'http://fairlead.test', mail: null, commands: null },
  hosts: pagers.map(({ id, url }) => ({ id, url: url.origin })),
  secret: 'of the hosts',
  channels: {
    ada: {
      kind: 'cloudevents',
      settings: { url: `http://127.0.0.1:${(channel.address() as AddressInfo).port}` },
    },
  },
  plans: [
    [0, 1].map((step) => ({
      recipients: [{ channel: 'ada', person: 'Ada', reason: 'they are on call', others: [] }],
      pause: step === 0 ? 300 : null,
    })),
  ],
  shifts: [{ until: now + 9e9, plan: 0 }],
})

/** Lets time pass for hosts that look one after the other, the last one first. */
async function pass(seconds: number, ...pagers: TestPager[]): Promise<void> {
  const step = seconds > 600 ? 24_000 : 6000
  for (const end = now + seconds * 1000; now < end; now += step)
    for (const { pager } of pagers.toReversed()) await pager.tick()
}

async function two(): Promise<[TestPager, TestPager]> {
  const both = [await startPager('one'), await startPager('two')] as const
  const roster = rosterOf(...both)
  for (const { pager } of both) pager.set(roster)
  return [...both]
}
const first = 'outage-7-0-ada'
const second = 'outage-7-1-ada'

test('one of two hosts sends, and the other one goes on when it is gone', async () => {
  const [one, other] = await two()
  await pass(260, one, other)
  expect(received).toEqual([first])
  one.stop()
  await pass(600, other)
  // The second host did not repeat the first message.
  expect(received).toEqual([first, second])
  expect(other.pager.set({ ...rosterOf(one, other), alert: 8 }).outage?.pages).toMatchObject([
    { id: first, state: 'sent' },
    { id: second, state: 'sent' },
  ])
})

test('a host that the first one never answered sends after a minute', async () => {
  const [one, other] = await two()
  one.stop()
  await pass(180 + 54, other)
  expect(received).toEqual([])
  await pass(12, other)
  expect(received).toEqual([first])
})

test('nobody is notified while a server calls one of the hosts', async () => {
  const [one, other] = await two()
  for (let i = 0; i < 10; i += 1) {
    other.pager.set(rosterOf(one, other))
    await pass(60, one, other)
  }
  expect(received).toEqual([])
})

test('another host sends what the first one cannot', async () => {
  const [one, other] = await two()
  one.isConnected = false
  const roster = rosterOf(one, other)
  const ada = { kind: 'cloudevents', settings: { url: 'http://127.0.0.1:1/' } }
  one.pager.set({ ...roster, channels: { ada } })
  await pass(180 + 48, one, other)
  expect(received).toEqual([])
  await pass(30, one, other)
  expect(received).toEqual([first])
  // The first one knows it, and does not repeat it when it reaches the channel again.
  one.isConnected = true
  await pass(60, one, other)
  expect(one.pager.set({ ...roster, alert: 8 }).outage?.pages).toMatchObject([
    { id: first, state: 'sent' },
  ])
})

test('an acknowledgement on one host holds on the others', async () => {
  const [one, other] = await two()
  await pass(200, one, other)
  const key = linkKey(
    { secret: 'of the hosts' } as Outage,
    { id: first, person: 'Ada' } as OutagePage,
  )!
  expect(other.pager.follow(key, 'acknowledge')).toMatchObject({ status: 200 })
  await pass(600, one, other)
  expect(received).toEqual([first])
  expect(one.pager.follow(key, null).sentence).toBe('This link was already used.')
  await pass(3600, one, other)
  expect(received).toEqual([first, 'outage-7.2-0-ada', 'outage-7.2-1-ada'])
})

test('a host answers only who knows the secret', async () => {
  const [one] = await two()
  const ask = (headers: Record<string, string>) =>
    fetch(`${one.url.origin}/outage`, { method: 'POST', body: '{}', headers })
  for (const headers of [{}, { 'fairlead-signature': 'x' }])
    expect((await ask(headers as Record<string, string>)).status).toBe(403)
  const answer = await fetch(`${one.url.origin}/outage`)
  expect(answer.status).toBe(404)
})
