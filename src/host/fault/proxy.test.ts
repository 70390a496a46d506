import { once } from 'node:events'
import { createServer as createHttp, get } from 'node:http'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { proxyConnection } from './proxy.ts'
import { proxyAddress, proxyOrder } from './proxy-parameters.ts'

const body = 'fine '.repeat(2000)
const dependency = createHttp((_request, response) => response.end(body))
const open: Server[] = [dependency]

const listening = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

let port: number
beforeAll(async () => {
  port = await listening(dependency)
})
afterAll(() => open.forEach((server) => server.close()))

/** Starts a proxy in front of the dependency; returns its port. */
function through(does: string, more: object = {}, to = port): Promise<number> {
  const order = { does, address: '127.0.0.1', port: 1, to: { host: '127.0.0.1', port: to } }
  const server = createServer(proxyConnection(proxyOrder.parse({ ...order, ...more }), () => 0.5))
  open.push(server)
  return listening(server)
}

/** What a client of HTTP gets: status and text, or the code of the error. */
const fetched = (at: number): Promise<string> =>
  new Promise((resolve) => {
    const request = get({ port: at, host: '127.0.0.1', agent: false, timeout: 300 }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += part.toString('latin1')))
      response.on('error', () => resolve(`cut after ${text.length}`))
      response.on('end', () => resolve(`${response.statusCode} ${text}`))
    })
    request.on('timeout', () => request.destroy(new Error('no answer')))
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })

test.each([
  ['reset', {}, 'ECONNRESET'],
  ['hang', {}, 'no answer'],
  ['status', { status: 502 }, '502 '],
  ['truncate', { bytes: 0 }, 'ECONNRESET'],
  ['truncate', { bytes: 500 }, expect.stringMatching(/^cut after \d{2,3}$/)],
  ['garbage', {}, expect.stringMatching(/^HPE_/)],
  ['latency', { milliseconds: 30 }, `200 ${body}`],
  ['bandwidth', { kilobytes: 1000 }, `200 ${body}`],
  // Half of the connections, of which this is not one.
  ['reset', { share: 0.5 }, `200 ${body}`],
])('%s %j', async (does, more, expected) => {
  expect(await fetched(await through(does, more))).toEqual(expected)
})

test('latency and bandwidth take their time', async () => {
  for (const [does, more, least] of [
    ['latency', { milliseconds: 120 }, 119],
    ['bandwidth', { kilobytes: 100 }, 95],
  ] as const) {
    const at = await through(does, more)
    const began = performance.now()
    await fetched(at)
    expect(performance.now() - began).toBeGreaterThan(least)
  }
})

test('the certificate has expired', async () => {
  const at = await through('certificate', { to: { host: 'tax.example', port } })
  const ca = await new Promise<string>((resolve) => {
    const secure = connectTls({ port: at, rejectUnauthorized: false }, () => {
      resolve(secure.getPeerX509Certificate()?.toString() ?? '')
      secure.destroy()
    })
  })
  const secure = connectTls({ port: at, ca, servername: 'tax.example' })
  const [error] = (await once(secure, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('CERT_HAS_EXPIRED')
})

test('refuses when the dependency refuses', async () => {
  const closed = createServer()
  const free = await listening(closed)
  await new Promise((done) => closed.close(done))
  const socket = connect({ host: '127.0.0.1', port: await through('latency', {}, free) })
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNRESET')
})

test('each fault has an address of its own', () => {
  const found = ['a', 'b', 'c'].map(proxyAddress)
  expect(new Set(found.map(({ address }) => address)).size).toBe(3)
  for (const { address, port: at } of found) {
    expect(address).toMatch(/^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.\d+$/)
    expect([at >= 20_000, at < 31_000]).toEqual([true, true])
  }
})
