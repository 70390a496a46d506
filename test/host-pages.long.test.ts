import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isAlive } from './support/host.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { processOf } from './support/processes.ts'
import { waitFor } from './support/wait.ts'

const received: { id: string; title: string; lines: string[]; url: string }[] = []
const channel = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const { id, data } = JSON.parse(body) as { id: string; data: (typeof received)[number] }
  received.push({ ...data, id })
  response.end()
})
let installation: Installation
beforeAll(async () => {
  await new Promise<void>((resolve) => channel.listen(0, '127.0.0.1', resolve))
  installation = await startInstallation({
    database: 'embedded',
    env: { FAIRLEAD_HOST_PAGES_SECONDS: '2' },
  })
})
afterAll(async () => {
  await installation.stop()
  channel.close()
})

test('a host notifies people when server and database are killed', async () => {
  const { client } = installation
  const url = `http://127.0.0.1:${(channel.address() as AddressInfo).port}/`
  await client.putChannel({
    params: { channel: 'chat' },
    body: { kind: 'cloudevents', settings: { url } },
  })
  const rosterFile = `${installation.home}/host/roster.json`
  await waitFor('the roster names the channel', async () =>
    (await readFile(rosterFile, 'utf8').catch(() => '')).includes(url),
  )
  expect(received).toEqual([])
  const database = await processOf(installation, 'database')
  await installation.killServer()
  process.kill(database, 'SIGKILL')
  await waitFor('the database is gone', async () => !isAlive(database))
  await waitFor('the message of the host', async () => received.length > 0)
  expect(received[0]).toMatchObject({ title: 'Fairlead does not answer' })
  expect(received[0]?.lines[1]).toMatch(/^The host \S+ sends this itself; 0 releases run on it\.$/)

  await installation.start()
  await waitFor('the end', async () => received.some(({ title }) => title.startsWith('Resolved')))
  const alerts = (await installation.client.listAlerts({ query: {} })).alerts
  const one = alerts.find(({ title }) => title === 'Fairlead did not answer')!
  expect(received.map(({ title }) => title)).toEqual([
    'Fairlead does not answer',
    'Resolved: Fairlead did not answer',
  ])
  expect(received[0]?.url.endsWith(`/alerts/${one.id}`)).toBe(true)
  const { entries } = await installation.client.getAlert({ params: { alert: one.id } })
  // The message about the end is noted after the channel has accepted it.
  expect(entries.slice(0, 3).map(({ kind }) => kind)).toEqual(['opened', 'notified', 'resolved'])
  const { stdout } = await installation.cli('alerts', 'show', String(one.id))
  expect(stdout).toContain('chat: opened by the host, because it is')
})
