import { createServer, type Server } from 'node:http'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { HostRoster } from '#contract/host/roster.ts'
import { Pager } from './pager.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-pager-'))
let now = 0
let health: object | null = null
/** the ids of the messages that the channel accepted */
let received: string[] = []
/** called when a message arrives, before it is accepted */
let onMessage = (): void => undefined
let isRefusing = false
let server: Server
let url = ''
beforeAll(async () => {
  server = createServer(async (request, response) => {
    if (request.url === '/api/v1/health')
      return response.writeHead(health ? 200 : 503).end(JSON.stringify(health ?? {}))
    let body = ''
    for await (const chunk of request) body += String(chunk)
    onMessage()
    if (isRefusing) return response.writeHead(500).end()
    received.push((JSON.parse(body) as { id: string }).id)
    return response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  for (const file of ['roster.json', 'outage.json']) rmSync(join(folder, file), { force: true })
  ;[now, health, received, isRefusing] = [Date.now(), null, [], false]
  onMessage = () => undefined
})

const roster = (more: Partial<HostRoster> = {}): HostRoster => ({
  ...{ alert: 7, recorded: null, after: 180_000, servers: [url], privateHosts: null },
  ...{ allowAddresses: '', publicUrl: 'http://fairlead.test', mail: null, commands: null },
  ...{ hosts: [], secret: 'of the hosts' },
  channels: { ada: { kind: 'cloudevents', settings: { url } } },
  plans: [
    [0, 1].map((step) => ({
      recipients: [{ channel: 'ada', person: 'Ada', reason: 'they are on call', others: [] }],
      pause: step === 0 ? 300 : null,
    })),
  ],
  shifts: [{ until: now + 9e9, plan: 0 }],
  ...more,
})
const open = (isConnected = true) => {
  const pager = new Pager({
    ...{ id: 'one', folder, hostName: 'one', now: () => now, log: () => undefined },
    isConnected: async () => isConnected,
    url: null,
    countReleases: () => 2,
  })
  pager.read()
  return pager
}
/** Lets time pass in ticks that are close enough to be no sleep of the machine. */
async function pass(pager: Pager, seconds: number): Promise<void> {
  for (const end = now + seconds * 1000; now < end; now += 10_000) await pager.tick()
  await pager.tick()
}

test('people are notified when no server calls or answers, once a step', async () => {
  const pager = open()
  pager.set(roster())
  await pass(pager, 170)
  expect(received).toEqual([])
  await pass(pager, 100)
  expect(received).toEqual(['outage-7-0-ada'])
  await pass(pager, 600)
  expect(received).toEqual(['outage-7-0-ada', 'outage-7-1-ada'])
  expect(statSync(join(folder, 'roster.json')).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'outage.json')).mode & 0o777).toBe(0o600)
})

test('nobody is notified while a server answers that reaches its database', async () => {
  const pager = open()
  pager.set(roster())
  health = { database: 'ok' }
  await pass(pager, 900)
  expect(received).toEqual([])
  health = { database: 'unreachable' }
  await pass(pager, 400)
  expect(received).toEqual(['outage-7-0-ada'])
})

test('a server that calls ends it, and the host forgets it when it is recorded', async () => {
  const pager = open()
  pager.set(roster())
  await pass(pager, 200)
  const { outage } = pager.set(roster({ alert: 8 }))
  expect(outage).toMatchObject({ alert: 7, ended: now, pages: [{ state: 'sent' }] })
  await pass(pager, 100)
  expect(received).toHaveLength(1)
  expect(pager.set(roster({ alert: 8, recorded: 7 })).outage).toBeNull()
  await pass(pager, 200)
  expect(received).toEqual(['outage-7-0-ada', 'outage-8-0-ada'])
})

test('a host that is killed goes on where it ended', async () => {
  const first = open()
  first.set(roster())
  await pass(first, 200)
  const second = open()
  await pass(second, 60)
  expect(received).toHaveLength(1)
  await pass(second, 300)
  expect(received).toEqual(['outage-7-0-ada', 'outage-7-1-ada'])
})

test('a host that is killed before it recorded a message repeats it with the same id', async () => {
  const first = open()
  first.set(roster())
  let second: Pager | null = null
  // What is on disk now is what the next host finds.
  onMessage = () => void (second ??= open())
  await pass(first, 185)
  onMessage = () => undefined
  await second!.tick()
  expect(received).toEqual(['outage-7-0-ada', 'outage-7-0-ada'])
})

test('a host without a roster, without recipients or after a sleep does nothing', async () => {
  const pager = open()
  await pass(pager, 900)
  pager.set(roster({ alert: null }))
  await pass(pager, 900)
  pager.set(roster())
  now += 3_600_000
  await pass(pager, 100)
  expect(received).toEqual([])
})

test('a message is tried until the network is back', async () => {
  const pager = open(false)
  pager.set(roster())
  isRefusing = true
  await pass(pager, 180 + 250)
  isRefusing = false
  await pass(pager, 30)
  expect(received).toEqual(['outage-7-0-ada'])
})
