import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { ask, endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { processes, processOf } from './support/processes.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'

const server = `
let page = 'Pay now'
require('node:http').createServer((request, response) => {
  if (request.url === '/break') page = 'Nothing here'
  if (request.url === '/mend') page = 'Pay now'
  response.end(page)
}).listen(process.env.PORT, '127.0.0.1')
`
const file = `
services: {web: {run: exec node server.js}}
environments: {production: {watch: 0s}}
monitors: {checkout: {http: {url: /checkout, contains: Pay now}, every: 1s}}
`

/** What the channel and the subscriber accepted, in words. */
const received: string[] = []
/** What is received next with these words kills the database before it is accepted. */
let deadly: string | null = null
let kills = 0
const receiver = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const { data, text } = JSON.parse(body) as { data?: { title: string }; text?: string }
  const words = data?.title ?? text ?? ''
  if (deadly !== null && words.includes(deadly)) {
    deadly = null
    kills += 1
    await killDatabase()
  }
  received.push(words)
  response.end()
})

/** With its backends, which would answer for some milliseconds more. */
async function killDatabase(): Promise<void> {
  const database = await processOf(installation, 'database')
  const backends = (await processes()).filter(({ parent }) => parent === database)
  for (const pid of [database, ...backends.map((one) => one.pid)]) process.kill(pid, 'SIGKILL')
}

let installation: Installation
let repository: Repository
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  installation = await startInstallation({ database: 'embedded' })
  repository = await makeRepository({ 'server.js': server, 'fairlead.yaml': file })
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
  receiver.close()
})

/** Waits until the server answers again after the database was killed so many times. */
const back = (count: number) =>
  waitFor(`the database is back after kill ${count}`, async () => {
    if (kills < count) return false
    return installation.client.listAlerts().then(
      () => true,
      () => false,
    )
  })
const countOf = (words: string): number => received.filter((one) => one.includes(words)).length
/** Fails while the database is away. */
const settled = async (what: string, work: () => Promise<boolean>) =>
  waitFor(what, () => work().catch(() => false), 90)

test('a database that is killed during an incident loses and repeats nothing', async () => {
  const { client } = installation
  await push(installation, 'shop', repository)
  await endedRun(installation, 1)
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  await client.putChannel({
    params: { channel: 'chat' },
    body: { kind: 'cloudevents', settings: { url } },
  })
  await client.putStatusSubscription({
    params: { subscription: 'readers' },
    body: { kind: 'slack', settings: { url } },
  })
  const component = async () => (await client.listStatusComponents()).components[0]?.state
  await settled('the page can be paid', async () => (await component()) === 'operational')

  deadly = 'checkout'
  await ask(installation, 'shop', 'production', '/break')
  await back(1)
  const incidents = async () => (await client.listIncidents()).incidents
  await settled('the incident is open', async () => (await incidents()).length > 0)
  const { id } = (await incidents())[0]!
  const params = { incident: id }
  await client.takeIncident({ params, body: { role: 'commander' } })
  await client.noteIncident({ params, body: { text: 'The button is gone' } })

  deadly = 'Identified'
  const told = { title: 'Cards fail', text: 'We look for the button.' }
  await client.postStatusUpdate({ params, body: { ...told, phase: 'identified' } })
  await back(2)

  deadly = 'Resolved: '
  await ask(installation, 'shop', 'production', '/mend')
  await back(3)
  await settled('the harm is over', async () => (await incidents())[0]?.state === 'over')
  await settled('the page is right', async () => (await component()) === 'operational')
  await client.postStatusUpdate({ params, body: { phase: 'resolved', text: 'It is back.' } })
  await settled('the readers know it', async () => countOf('It is back.') > 0)

  // What is recorded as sent is not sent again.
  const db = await openDatabase({ connection: installation.connection, size: 1 })
  await settled('every message is recorded', async () => {
    const [open] = await db.query<{ count: number }>(sql`select
      (select count(*) from notification where state <> 'sent')
      + (select count(*) from status_delivery where sent is null) as count`)
    return open?.count === 0
  })
  await db.close()
  const [alert, ...otherAlerts] = (await client.listAlerts()).alerts
  expect(otherAlerts).toEqual([])
  expect(alert).toMatchObject({ state: 'resolved' })
  expect(await incidents()).toMatchObject([{ id, commander: expect.any(String), occurrence: 1 }])
  expect(
    [alert!.title, `Resolved: ${alert!.title}`].map((title) =>
      received.filter((one) => one === title),
    ),
  ).toEqual([[alert!.title], [`Resolved: ${alert!.title}`]])
  expect([countOf('We look for the button.'), countOf('It is back.')]).toEqual([1, 1])

  const { timeline } = await client.getIncident({ params })
  const lines = (words: RegExp) => timeline.filter(({ text }) => words.test(text)).length
  expect([
    lines(/^An incident began: /),
    lines(/^The button is gone$/),
    timeline.filter(({ kind }) => kind === 'message').length,
  ]).toEqual([1, 1, 2])
  const [shown] = (await client.listStatusUpdates()).incidents
  const words = shown!.updates.map(({ text }) => text)
  expect(words.filter((text) => text === told.text)).toHaveLength(1)
  expect(words.filter((text) => text === 'It is back.')).toHaveLength(1)
}, 300_000)
