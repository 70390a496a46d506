import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomBytes } from 'node:crypto'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { longTest } from '../../../test/support/scale.ts'
import { codingFor, compression } from './compress.ts'
import { createEdge } from './edge.ts'
import { edgeRulesOf } from './rules.ts'

test.each([
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip', 'gzip'],
  ['br;q=0.5, gzip;q=0.8', 'gzip'],
  ['br;q=0, gzip;q=0', null],
  ['*', 'br'],
  ['*;q=0, gzip', 'gzip'],
  ['identity', null],
  ['', null],
  ['br;q=x', null],
])('a client that accepts %j gets %j', (accepted, coding) =>
  expect(codingFor(accepted)).toBe(coding),
)

describe('an answer', () => {
  const head = (lines: string[], body: number | 'chunked' | 'close' = 5000, status = 200) => ({
    ...{ status, keepAlive: true, body },
    kept: ['HTTP/1.1 200 OK', ...lines].map((line) => `${line}\r\n`).join(''),
  })
  const html = 'content-type: text/html; charset=utf-8'

  test('with text is compressed, and says so', () => {
    const found = compression(head([html, 'content-length: 5000', 'ETag: "a"']), 'gzip')
    expect(found?.answer).toMatchObject({ body: 'chunked', keepAlive: true })
    expect(found?.answer.kept).toBe(
      `HTTP/1.1 200 OK\r\n${html}\r\nETag: W/"a"\r\nvary: accept-encoding\r\n` +
        'content-encoding: gzip\r\ntransfer-encoding: chunked\r\n',
    )
  })

  test('names what it depends on also for a client that accepts no coding', () => {
    const found = compression(head([html, 'Vary: Cookie', 'content-length: 5000']), '')
    expect(found?.coding).toBe(null)
    expect(found?.answer.body).toBe(5000)
    expect(found?.answer.kept).toContain(
      'content-length: 5000\r\nvary: Cookie, accept-encoding\r\n',
    )
  })

  test.each([
    ['image', head(['content-type: image/png'])],
    ['short', head([html], 100)],
    ['compressed', head([html, 'content-encoding: br'])],
    ['part', head([html], 5000, 206)],
    ['endless', head([html], 'close')],
    ['event stream', head(['content-type: text/event-stream'], 'chunked')],
    ['protected', head([html, 'cache-control: public, no-transform'])],
    ['unnamed', head([])],
  ])('that is %s stays as it is', (_name, given) => expect(compression(given, 'br')).toBe(null))

  test.each(['application/json', 'image/svg+xml', 'text/css', 'application/ld+json; charset=x'])(
    'with %s is text',
    (type) => expect(compression(head([`content-type: ${type}`]), 'br')?.coding).toBe('br'),
  )
})

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(isThorough: boolean, listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const edge = createEdge({
    ...{ address: '127.0.0.1', log: () => undefined, random: Math.random, isThorough },
  })
  await edge.listen(0, new Map())
  closers.push(() => edge.close(0))
  const rules = edgeRulesOf({ compress: true })
  edge.set({
    ...{ app: 'shop', environment: 'production', host: 'shop.localhost', port: null, release: 1 },
    services: [{ name: 'web', ports: [(server.address() as AddressInfo).port] }],
    rules,
  })
  const { port = 0 } = (edge.sockets().get('edge')?.address() as AddressInfo | undefined) ?? {}
  return { edge, port }
}

const ask = (port: number, path: string, accepted: string) =>
  new Promise<{ answer: IncomingMessage; body: Buffer }>((resolve, reject) => {
    const headers = { host: 'shop.localhost', 'accept-encoding': accepted }
    get({ host: '127.0.0.1', port, path, headers }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => resolve({ answer, body: Buffer.concat(chunks) }))
    }).on('error', reject)
  })

describe.each([
  ['quick', false],
  ['thorough', true],
] as const)('the %s path', (_name, isThorough) => {
  const text = randomBytes(600_000).toString('hex')

  test('compresses answers of known and of unknown length', async () => {
    const { edge, port } = await start(isThorough, (asked, response) => {
      response.setHeader('content-type', 'text/plain')
      if (asked.url === '/long') return response.setHeader('content-length', text.length).end(text)
      response.write(text.slice(0, 10))
      response.end(text.slice(10))
    })
    for (const path of ['/long', '/chunks', '/long']) {
      const br = await ask(port, path, 'br')
      expect(br.answer.headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' })
      expect(brotliDecompressSync(br.body).toString()).toBe(text)
      const gzip = await ask(port, path, 'gzip')
      expect(gunzipSync(gzip.body).toString()).toBe(text)
      expect(gzip.body.length).toBeLessThan(text.length * 0.7)
      expect((await ask(port, path, 'identity')).body.toString()).toBe(text)
    }
    expect(edge.counts()[0]).toMatchObject({ requests: 9, errors: 0 })
  })

  test('sends each part of an answer when its service does', async () => {
    let goOn = (): void => undefined
    const { port } = await start(isThorough, (_asked, response) => {
      response.setHeader('content-type', 'text/html')
      response.write('<p>first</p>')
      goOn = () => response.end('<p>last</p>')
    })
    const body = await new Promise<Buffer>((resolve, reject) => {
      const headers = { host: 'shop.localhost', 'accept-encoding': 'gzip' }
      get({ host: '127.0.0.1', port, headers }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => {
          if (chunks.push(chunk) === 1) goOn()
        })
        answer.on('end', () => resolve(Buffer.concat(chunks)))
      }).on('error', reject)
    })
    expect(gunzipSync(body).toString()).toBe('<p>first</p><p>last</p>')
  })

  test('breaks off with its service', async () => {
    const { port } = await start(isThorough, (_asked, response) => {
      response.setHeader('content-type', 'text/html')
      response.write('half')
      setTimeout(() => response.destroy(), 50)
    })
    await expect(ask(port, '/', 'gzip')).rejects.toThrow(/aborted|ECONNRESET|hang up/)
  })

  longTest(
    'waits for a client that does not read',
    async () => {
      let sent = 0
      const { port } = await start(isThorough, (_asked, response) => {
        response.setHeader('content-type', 'text/plain')
        const more = (): void => {
          for (;;) {
            sent += 1
            if (sent > 800) return void response.end()
            if (!response.write(randomBytes(20_000).toString('hex'))) break
          }
          response.once('drain', more)
        }
        more()
      })
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const headers = { host: 'shop.localhost', 'accept-encoding': 'br' }
        get({ host: '127.0.0.1', port, headers }, resolve).on('error', reject)
      })
      answer.pause()
      const settled = async (): Promise<number> => {
        const before = sent
        await new Promise((resolve) => setTimeout(resolve, 300))
        return sent === before ? sent : settled()
      }
      expect(await settled()).toBeLessThan(800)
      const chunks: Buffer[] = []
      for await (const chunk of answer) chunks.push(chunk as Buffer)
      expect(brotliDecompressSync(Buffer.concat(chunks)).length).toBe(800 * 40_000)
    },
    120_000,
  )
})
