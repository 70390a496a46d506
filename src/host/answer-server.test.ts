import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exchange, startHost, type TestHost, waitUntil } from '../../test/support/host.ts'

/** The messages that the channel of Ada got. */
const received: string[] = []
let channel: Server
let host: TestHost
beforeAll(async () => {
  channel = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    received.push(body)
    response.end('{}')
  })
  await new Promise<void>((resolve) => channel.listen(0, '127.0.0.1', resolve))
  host = await startHost({ FAIRLEAD_HOST_URL: 'http://host.example.com' })
})
afterAll(async () => {
  await host.close()
  channel.close()
})

test('a message is acknowledged on the host, also when it was killed since', async () => {
  const url = `http://127.0.0.1:${(channel.address() as AddressInfo).port}`
  const recipient = { channel: 'ada', person: 'Ada', reason: 'they are on call', others: [] }
  await host.client.setRoster({
    ...{ alert: 7, recorded: null, after: 100, servers: [], privateHosts: null },
    ...{ allowAddresses: '', publicUrl: 'http://fairlead.test', mail: null, commands: null },
    ...{ hosts: [], secret: 'of the hosts' },
    channels: { ada: { kind: 'ntfy', settings: { server: url, topic: 'ada' } } },
    plans: [[{ recipients: [recipient], pause: null }]],
    shifts: [{ until: Date.now() + 1e7, plan: 0 }],
  })
  await waitUntil('Ada has the message', () => received.length > 0)
  const [link = ''] = /http:..host\.example\.com.answer.key=[\w-]+/.exec(received[0]!) ?? []
  const ask = (method: string, body?: string) =>
    exchange(host, link.replace(/^http:..[^/]+/, ''), {
      ...{ method, headers: { host: 'host.example.com' } },
      ...(body === undefined ? {} : { body }),
    })
  // A preview fetches the link, and changes nothing.
  for (const method of ['HEAD', 'GET']) expect(await ask(method)).toMatchObject({ status: 200 })
  expect((await ask('GET')).text).toContain('Ada, no server answers. Take it on for an hour?')
  expect((await ask('POST', 'x'.repeat(20_000))).status).toBe(413)
  expect((await ask('POST')).text).toContain('Take it on')
  expect(await ask('POST', 'action=acknowledge')).toMatchObject({
    ...{ status: 200, text: expect.stringContaining('You have it.') },
  })
  await host.kill()
  await host.ensure()
  await waitUntil('the next host knows it', async () => (await ask('GET')).status === 200)
  expect((await ask('GET')).text).toContain('This link was already used.')
  expect((await ask('POST', 'Digits=1')).text).toContain('<Say>This link was already used.</Say>')
  expect(received).toHaveLength(1)
})
