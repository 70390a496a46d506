import { createHash, randomBytes } from 'node:crypto'
import {
  createServer,
  Agent,
  request,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import {
  connect,
  createServer as createNetServer,
  type AddressInfo,
  type Server as NetServer,
  type Socket,
} from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { Batch } from '#contract/verdict/verdict.ts'
import { Count } from './count.ts'
import { waitFor } from '../../../test/support/wait.ts'
import { createEdge, type Edge } from './edge.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function listen(server: Server | NetServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  closers.push(() => {
    for (const socket of open) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

const service = (listener: RequestListener): Promise<number> => listen(createServer(listener))
const rawService = (speak: (socket: Socket) => void): Promise<number> =>
  listen(
    createNetServer((socket) => {
      socket.on('error', () => undefined)
      speak(socket)
    }),
  )

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createNetServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const host = 'shop.production.localhost'
const route = (ports: number[], release: number | null = 1) => ({
  app: 'shop',
  environment: 'production',
  host,
  port: null,
  release,
  services: [{ name: 'web', ports }],
})

interface Tried {
  edge: Edge
  port: number
}

const portOf = (edge: Edge): number =>
  (edge.sockets().get('edge')?.address() as AddressInfo | undefined)?.port ?? 0

async function startEdge(
  isThorough: boolean,
  more: Partial<Parameters<typeof createEdge>[0]> = {},
): Promise<Tried> {
  const edge = createEdge({
    address: '127.0.0.1',
    log: () => undefined,
    random: Math.random,
    isThorough,
    ...more,
  })
  await edge.listen(0, new Map())
  closers.push(() => edge.close(0))
  return { edge, port: portOf(edge) }
}

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

function ask(
  port: number,
  options: {
    method?: string
    path?: string
    headers?: Record<string, string | string[]>
    body?: Buffer
    agent?: Agent
  } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        agent: options.agent ?? false,
        method: options.method ?? 'GET',
        path: options.path ?? '/',
        headers: { host, ...options.headers },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(options.body)
  })
}

/** Sends bytes as they are and answers all that comes until the end, or until it says enough. */
function speak(
  port: number,
  bytes: string,
  isEnough: (text: string) => boolean = () => false,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(bytes, 'latin1'))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (isEnough(text)) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

const until = async (isTrue: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 1000 && !isTrue(); tries += 1) await pause(5)
  expect(isTrue()).toBe(true)
}

describe.each([
  ['quick', false],
  ['thorough', true],
] as const)('the %s path', (_name, isThorough) => {
  test('routes by host name and service, and names no host for an unknown one', async () => {
    const { edge, port } = await startEdge(isThorough)
    const web = await service((_request, response) => response.end('web'))
    const admin = await service((_request, response) => response.end('admin'))
    edge.set({
      ...route([web]),
      services: [
        { name: 'web', ports: [web] },
        { name: 'admin', ports: [admin] },
      ],
    })
    expect((await ask(port, { headers: { host: `${host}:4480` } })).body.toString()).toBe('web')
    expect((await ask(port, { headers: { host: host.toUpperCase() } })).body.toString()).toBe('web')
    expect((await ask(port, { headers: { host: `admin.${host}` } })).body.toString()).toBe('admin')
    expect((await ask(port, { headers: { host: `nothing.${host}` } })).status).toBe(404)
    const unknown = await ask(port, { headers: { host: 'elsewhere.localhost' } })
    expect(unknown).toMatchObject({ status: 404, headers: { 'x-fairlead': 'edge' } })
    expect(unknown.body.toString()).not.toContain(host)
    const [counts] = edge.counts()
    expect(counts).toMatchObject({ requests: 3, errors: 0, unavailable: 0 })
  })

  test('answers every request with the maintenance page until its end', async () => {
    const { edge, port } = await startEdge(isThorough)
    const [app, other] = [
      await service((_request, response) => response.end('app')),
      await service((_request, response) => response.end('other')),
    ]
    edge.set(route([app]))
    edge.set({ ...route([other]), environment: 'staging', host: 'shop.staging.localhost' })
    const until = Date.now() + 90_000
    edge.setMaintenance(new Map([['shop/production', until]]))
    const answer = await ask(port, { method: 'POST', body: Buffer.from('x') })
    expect(answer).toMatchObject({ status: 503, headers: { 'x-fairlead': 'edge' } })
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    const seconds = Number(answer.headers['retry-after'])
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(90)
    expect(answer.body.toString()).toContain('<h1>Maintenance</h1>')
    expect(answer.body.toString()).not.toContain('shop')
    expect((await ask(port, { method: 'HEAD' })).body).toHaveLength(0)
    const client = new WebSocket(`ws://127.0.0.1:${port}/live`, { headers: { host } })
    const refusal = await new Promise<Error>((resolve) => client.once('error', resolve))
    expect(refusal.message).toContain('503')
    const staging = await ask(port, { headers: { host: 'shop.staging.localhost' } })
    expect(staging.body.toString()).toBe('other')
    expect(edge.counts()[0]).toMatchObject({ requests: 0, errors: 0, unavailable: 0 })
    expect(edge.counts()[0]).toMatchObject({ maintenance: 3, traffic: [] })
    edge.setMaintenance(new Map([['shop/production', Date.now() - 1]]))
    expect((await ask(port)).body.toString()).toBe('app')
    edge.setMaintenance(new Map([['shop/production', null]]))
    expect((await ask(port)).headers['retry-after']).toBe('120')
    edge.setMaintenance(new Map())
    expect((await ask(port)).body.toString()).toBe('app')
  })

  test('answers 503 without a release, and 502 without an instance', async () => {
    const { edge, port } = await startEdge(isThorough)
    edge.set({ ...route([], null), services: [] })
    expect((await ask(port)).status).toBe(503)
    edge.set(route([await closedPort()]))
    const answer = await ask(port, { method: 'POST', body: Buffer.from('x') })
    expect(answer).toMatchObject({ status: 502, headers: { 'x-fairlead': 'edge' } })
    expect(answer.body.toString()).toContain('No instance of shop answers in production')
    expect(edge.counts()[0]).toMatchObject({ requests: 2, errors: 0, unavailable: 2 })
  })

  test('retries a refused connection at another instance, also with a body', async () => {
    const { edge, port } = await startEdge(isThorough)
    const ports = [
      await closedPort(),
      await service((request, response) => request.pipe(response)),
      await closedPort(),
    ]
    edge.set(route(ports))
    const body = randomBytes(300_000)
    for (let i = 0; i < 6; i += 1) {
      const answer = await ask(port, { method: 'POST', body })
      expect(answer.status).toBe(200)
      expect(answer.body.equals(body)).toBe(true)
    }
    expect(edge.counts()[0]).toMatchObject({ requests: 6, errors: 0, unavailable: 0 })
  })

  test('drops hop-by-hop headers and adds forwarded headers', async () => {
    const { edge, port } = await startEdge(isThorough)
    edge.set(
      route([
        await service((request, response) => {
          response.setHeader('set-cookie', ['a=1', 'b=2'])
          response.setHeader('keep-alive', 'timeout=1')
          response.end(JSON.stringify(request.headers))
        }),
      ]),
    )
    const answer = await ask(port, {
      headers: {
        'x-forwarded-for': '9.9.9.9',
        'x-forwarded-host': 'pay.example',
        'x-forwarded-proto': 'https',
        'keep-alive': 'x',
        'x-odd': 'Grüße',
      },
    })
    const seen = JSON.parse(answer.body.toString()) as Record<string, string>
    expect(seen).toMatchObject({
      host,
      'x-forwarded-for': '9.9.9.9, 127.0.0.1',
      'x-forwarded-host': 'pay.example',
      'x-forwarded-proto': 'https',
      'x-odd': 'Grüße',
    })
    expect(seen['keep-alive']).toBeUndefined()
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    const plain = JSON.parse((await ask(port)).body.toString()) as Record<string, string>
    expect(plain).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': host,
      'x-forwarded-proto': 'http',
    })
  })

  test('believes the proxies that are named, and nobody else', async () => {
    for (const isProxy of [true, false]) {
      const { edge, port } = await startEdge(isThorough, { proxies: () => isProxy })
      edge.set(
        route([
          await service((request, response) => response.end(JSON.stringify(request.headers))),
        ]),
      )
      const claims = { 'x-forwarded-for': '9.9.9.9', 'x-forwarded-proto': 'https' }
      const answer = await ask(port, { headers: claims })
      expect(JSON.parse(answer.body.toString())).toMatchObject({
        'x-forwarded-for': isProxy ? '9.9.9.9, 127.0.0.1' : '127.0.0.1',
        'x-forwarded-proto': isProxy ? 'https' : 'http',
      })
    }
  })

  test('keeps the cookies of the console from services', async () => {
    const { edge, port } = await startEdge(isThorough)
    const seen: string[][] = []
    edge.set(
      route([
        await service((request, response) => {
          seen.push(request.rawHeaders.filter((_, i, all) => /^cookie$/i.test(all[i - 1] ?? '')))
          response.end()
        }),
      ]),
    )
    for (const cookie of [
      'a=1; b=2',
      'a=1; fairlead_session=secret; b=2',
      'fairlead_session=secret; fairlead_sign_in=secret;fairlead-session=kept',
      'fairlead_sign_in=secret',
      ['x=1', 'fairlead_session=secret', 'y=2;  fairlead_session =secret'],
    ])
      await ask(port, { headers: { cookie } })
    expect(seen.map((headers) => headers.join('; '))).toEqual([
      'a=1; b=2',
      'a=1; b=2',
      'fairlead-session=kept',
      '',
      'x=1; y=2',
    ])
  })

  test('uploads and downloads 50 MB unchanged, with and without a length', async () => {
    const { edge, port } = await startEdge(isThorough)
    edge.set(
      route([
        await service((request, response) => {
          const hash = createHash('sha256')
          request.on('data', (chunk: Buffer) => hash.update(chunk))
          request.on('end', () => response.end(hash.digest('hex')))
        }),
      ]),
    )
    const body = randomBytes(50 * 1024 * 1024)
    const sum = createHash('sha256').update(body).digest('hex')
    for (const headers of [
      { 'content-length': String(body.length) },
      { 'transfer-encoding': 'chunked' },
    ])
      expect((await ask(port, { method: 'PUT', body, headers })).body.toString()).toBe(sum)
    for (const headers of [
      { 'content-length': String(body.length) },
      { 'transfer-encoding': 'chunked' },
    ]) {
      edge.set(
        route(
          [await service((_request, response) => response.writeHead(200, headers).end(body))],
          2,
        ),
      )
      expect((await ask(port)).body.equals(body)).toBe(true)
    }
  })

  test('streams in both directions at the same time', async () => {
    const { edge, port } = await startEdge(isThorough)
    edge.set(
      route([
        await service((request, response) => {
          response.flushHeaders()
          request.on('data', (chunk: Buffer) => response.write(chunk))
          request.on('end', () => response.end())
        }),
      ]),
    )
    const heard: string[] = []
    const sent = request({
      host: '127.0.0.1',
      port,
      agent: false,
      method: 'POST',
      headers: { host, 'transfer-encoding': 'chunked' },
    })
    const ended = new Promise<void>((resolve) =>
      sent.on('response', (response) => {
        response.on('data', (chunk: Buffer) => heard.push(chunk.toString()))
        response.on('end', resolve)
      }),
    )
    sent.flushHeaders()
    for (const word of ['one', 'two', 'three']) {
      sent.write(word)
      await until(() => heard.join('').endsWith(word))
    }
    sent.end()
    await ended
    expect(heard.join('')).toBe('onetwothree')
  })

  test('applies backpressure of a slow client to the service', async () => {
    const { edge, port } = await startEdge(isThorough)
    let given = 0
    edge.set(
      route([
        await service((_request, response) => {
          const piece = Buffer.alloc(65_536)
          const write = (): void => {
            while (given < 1000 * piece.length) {
              given += piece.length
              if (!response.write(piece)) return void response.once('drain', write)
            }
            response.end()
          }
          write()
        }),
      ]),
    )
    const socket = connect({ host: '127.0.0.1', port }, () =>
      socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`),
    )
    socket.pause()
    await until(() => given > 0)
    let before = -1
    while (given !== before) {
      before = given
      await pause(200)
    }
    expect(given).toBeLessThan(500 * 65_536)
    let received = 0
    socket.on('data', (chunk) => (received += chunk.length))
    socket.resume()
    await until(() => received > 1000 * 65_536)
    socket.destroy()
  })

  test('keeps the connection alive, also for pipelined requests', async () => {
    const { edge, port } = await startEdge(isThorough)
    const heads: number[] = []
    edge.set(
      route([
        await service((request, response) => {
          heads.push(request.socket.remotePort ?? 0)
          response.end(request.url)
        }),
      ]),
    )
    const one = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`
    const text = await speak(
      port,
      one('/a') +
        one('/b') +
        `POST /c HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 3\r\n\r\nxyz` +
        one('/d'),
      (all) => all.endsWith('/d'),
    )
    expect([...text.matchAll(/\/[abcd](?=HTTP|$)/g)].map((match) => match[0])).toEqual([
      '/a',
      '/b',
      '/c',
      '/d',
    ])
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    closers.push(() => agent.destroy())
    heads.length = 0
    for (let i = 0; i < 5; i += 1) await ask(port, { agent })
    expect(new Set(heads).size).toBe(1)
  })

  test.each([
    ['OPTIONS *', `OPTIONS * HTTP/1.1\r\nhost: ${host}\r\n\r\n`],
    ['two hosts', `GET / HTTP/1.1\r\nhost: ${host}\r\nhost: other\r\n\r\n`],
    ['a host with a space', `GET / HTTP/1.1\r\nhost: ${host} x\r\n\r\n`],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a length after NBSP', `POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-length: \xa03\r\n\r\nabc`],
    ['a long head', `GET / HTTP/1.1\r\nhost: ${host}\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('refuses %s itself and does not count it', async (_name, bytes) => {
    const { edge, port } = await startEdge(isThorough)
    let asked = 0
    edge.set(
      route([
        await service((_request, response) => {
          asked += 1
          response.end()
        }),
      ]),
    )
    const isAnswered = (text: string): boolean => text.includes('\r\n\r\n')
    expect(await speak(port, bytes, isAnswered)).toMatch(/^HTTP\/1\.1 4(00|31) /)
    expect(edge.counts()[0]).toMatchObject({ requests: 0, errors: 0, unavailable: 0 })
    expect(asked).toBe(0)
  })

  test('counts outcomes, bytes and unfinished requests by release and service', async () => {
    const { edge, port } = await startEdge(isThorough)
    const waiting: ServerResponse[] = []
    const web = await service((request, response) => {
      if (request.url === '/wait') return void waiting.push(response)
      if (request.url === '/break') return void request.socket.destroy()
      response.writeHead(Number(request.url?.slice(1))).end()
    })
    const services = [
      { name: 'web', ports: [web] },
      { name: 'admin', ports: [await closedPort()] },
    ]
    edge.set({ ...route([], 1), services })
    for (const path of ['/200', '/204', '/404', '/404', '/503', '/break'])
      await ask(port, { path, method: 'PUT' })
    await ask(port, { headers: { host: `admin.${host}` } })
    edge.set({ ...route([web], 2) })
    const last = ask(port, { path: '/wait' })
    await until(() => waiting.length === 1)
    const [old, admin, now] = [
      edge.counts()[0]?.traffic.find((one) => one.release === 1 && one.service === 'web'),
      edge.counts()[0]?.traffic.find(({ service: name }) => name === 'admin'),
      edge.counts()[0]?.traffic.find((one) => one.release === 2),
    ]
    const outcomes = { '2xx': 2, '4xx': 2, '5xx': 1, broken: 1 }
    expect(old).toMatchObject({ outcomes, open: 0, hanging: 0 })
    expect(old?.bytes).toBeGreaterThan(100)
    expect(admin).toMatchObject({ release: 1, outcomes: { refused: 1 }, bytes: 0 })
    expect(now).toMatchObject({ outcomes: {}, open: 1, hanging: 0 })
    waiting[0]?.end()
    await last
  })

  test('counts the sizes of bodies and the instances of a canary', async () => {
    const { edge, port } = await startEdge(isThorough)
    const web = await service((request, response) => {
      if (request.url === '/chunks')
        return void response.write('x'.repeat(99), () => response.end())
      response.writeHead(200, { early: 'x' }).flushHeaders()
      response.end(request.url === '/text' ? 'text' : '')
    })
    const services = [{ name: 'web', ports: [web] }]
    const batches: Batch[] = []
    const count = new Count((batch) => batches.push(batch) > 0)
    count.rule = { share: 1, isFresh: false, routes: {} }
    edge.set({ ...route([]), services, canary: { release: 2, services, count } })
    for (const path of ['/', '/text', '/chunks', '/']) await ask(port, { path })
    expect(count.settle(Infinity)).toBe(true)
    const counts = batches.map(({ canary }) => canary)
    const sizes = counts.flatMap((one) => one.sizes ?? [])
    const empty = sizes.filter(([bucket]) => bucket === 0).reduce((sum, [, n]) => sum + n, 0)
    expect(empty).toBe(2)
    expect(sizes.reduce((sum, [, n]) => sum + n, 0)).toBe(4)
    expect(new Set(counts.flatMap((one) => Object.keys(one.instances ?? {})))).toEqual(
      new Set([`web:${web}`]),
    )
  })

  test('counts frequent tenants of a canary by the header that names them', async () => {
    const { edge, port } = await startEdge(isThorough)
    const web = await service((request, response) => {
      response.statusCode = request.headers['x-tenant'] === 'acme' ? 500 : 200
      response.end()
    })
    const services = [{ name: 'web', ports: [web] }]
    const batches: Batch[] = []
    const count = new Count((batch) => batches.push(batch) > 0)
    count.rule = { share: 1, isFresh: false, routes: {}, batchMs: 60_000 }
    const canary = { release: 2, services, count, tenant: 'X-Tenant' }
    edge.set({ ...route([]), services, canary })
    for (let i = 0; i < 22; i += 1)
      await Promise.all(
        ['acme', 'globex', 'Bearer secret'].map((tenant) =>
          ask(port, { headers: { 'x-tenant': tenant } }),
        ),
      )
    expect(count.settle(Infinity)).toBe(true)
    expect(batches.map((batch) => batch.canary.tenants)).toEqual([{ acme: [2, 2], globex: [2, 0] }])
  })

  test('counts the requests of an environment by route and tenant', async () => {
    const { edge, port } = await startEdge(isThorough)
    const web = await service((request, response) => {
      response.statusCode = request.headers.cookie?.includes('acme') ? 500 : 200
      response.end()
    })
    edge.set({ ...route([web]), tenant: { cookie: 'account' } })
    for (const account of ['acme', 'globex', 'acme', 'a stranger'])
      await ask(port, { path: '/orders/17?x=1', headers: { cookie: `a=b; account=${account}` } })
    expect(edge.takeSecond()).toMatchObject([
      { routes: { '/orders': [4, 2] }, tenants: { acme: [2, 2], globex: [1, 0] } },
    ])
  })

  test('counts nothing for a canary that strangers send and no service receives', async () => {
    const { edge, port } = await startEdge(isThorough)
    const web = [{ name: 'web', ports: [await service((_request, response) => response.end())] }]
    const batches: Batch[] = []
    const count = new Count((batch) => batches.push(batch) > 0)
    count.rule = { share: 0.5, isFresh: false, routes: {} }
    const own = [...web, { name: 'new', ports: web[0]?.ports ?? [] }]
    edge.set({ ...route([]), services: web, canary: { release: 2, services: own, count } })
    const one = (line: string, name: string, more = ''): string =>
      `${line} HTTP/1.1\r\nhost: ${name}\r\nconnection: close\r\n${more}\r\n`
    await Promise.all(
      Array.from({ length: 5 }, () => [
        speak(port, one('OPTIONS *', host)),
        speak(port, one('GET /', `${host}\r\nhost: ${host}`)),
        speak(port, one('GET /', `nothing.${host}`)),
        // The release with the traffic has no such service, so there is nothing to compare.
        speak(port, one('GET /', `new.${host}`)),
        speak(port, one('POST /', host, 'content-length: \xa03\r\n')),
        speak(port, one('PUT /', host, 'expect: all\r\ncontent-length: 3\r\n')),
        speak(port, one('GET /', host, 'upgrade: websocket\r\n').replace('GET /', 'GET *')),
      ]).flat(),
    )
    expect(edge.counts()[0]).toMatchObject({ requests: 0, errors: 0, unavailable: 0 })
    await ask(port)
    expect(count.settle(Infinity)).toBe(true)
    expect(batches.map(({ canary, baseline }) => canary.requests + baseline.requests)).toEqual([1])
    expect(batches.map(({ canary, baseline }) => canary.errors + baseline.errors)).toEqual([0])
  })

  test.each(['content-length: 100', 'transfer-encoding: chunked'])(
    'does not count a client that leaves its upload as an error: %s',
    async (framing) => {
      const { edge, port } = await startEdge(isThorough)
      let asked = 0
      edge.set(
        route([
          await service((request) => {
            asked += 1
            request.on('error', () => undefined)
          }),
        ]),
      )
      const socket = connect({ host: '127.0.0.1', port }, () =>
        socket.write(`POST / HTTP/1.1\r\nhost: ${host}\r\n${framing}\r\n\r\n5\r\nhello\r\n`),
      )
      await until(() => asked === 1)
      socket.resetAndDestroy()
      await until(() => edge.counts()[0]?.requests === 1)
      expect(edge.counts()[0]).toMatchObject({ requests: 1, errors: 0 })
    },
  )

  test.each([
    'HTTP/1.1 200 OK\ncontent-length: 2\n\nok',
    'HTTP/1.1 200 OK\r\ndate: x\r\ncontent-type: text/html\n\nok',
  ])('answers 502 with the reason at once: %j', async (bytes) => {
    const { edge, port } = await startEdge(isThorough)
    edge.set(route([await rawService((socket) => socket.once('data', () => socket.write(bytes)))]))
    const answer = await ask(port)
    expect(answer.status).toBe(502)
    expect(answer.body.toString()).toContain('line feed alone')
    expect(edge.counts()[0]).toMatchObject({ requests: 1, errors: 1 })
  })

  test('sends no body for HEAD, 204 and 304, and keeps later responses in step', async () => {
    const { edge, port } = await startEdge(isThorough)
    edge.set(
      route([
        await service((request, response) => {
          const status = Number(request.url?.slice(1))
          if (status === 200) response.setHeader('content-length', '5')
          response.writeHead(status)
          response.end(request.method === 'HEAD' || status !== 200 ? undefined : 'hello')
        }),
      ]),
    )
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    closers.push(() => agent.destroy())
    for (const [method, path] of [
      ['HEAD', '/200'],
      ['GET', '/204'],
      ['GET', '/304'],
      ['GET', '/200'],
    ] as const) {
      const answer = await ask(port, { method, path, agent })
      expect(answer.status).toBe(Number(path.slice(1)))
      expect(answer.body.toString()).toBe(method === 'GET' && path === '/200' ? 'hello' : '')
    }
  })

  test('leaves Expect: 100-continue to the service', async () => {
    const { edge, port } = await startEdge(isThorough)
    const server = createServer()
    server.on('checkContinue', (request, response) => {
      if (request.url === '/large') return response.writeHead(413, { 'content-length': 0 }).end()
      response.writeContinue()
      request.pipe(response)
    })
    edge.set(route([await listen(server)]))
    const put = (path: string): string =>
      `PUT ${path} HTTP/1.1\r\nhost: ${host}\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n`
    const socket = connect({ host: '127.0.0.1', port })
    closers.push(() => socket.destroy())
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    for (const body of ['one.', 'two.']) {
      socket.write(put('/'))
      await until(() => text.endsWith('HTTP/1.1 100 Continue\r\n\r\n'))
      socket.write(body)
      await until(() => text.includes(body))
      text = ''
    }
    socket.write(put('/large'))
    await until(() => text.includes('\r\n\r\n'))
    expect(text).toMatch(/^HTTP\/1\.1 413 [^]*connection: close\r\n/)
    // HTTP/1.0 has no interim responses: the service does not learn of the expectation.
    const old = `${put('/').replace('1.1', '1.0')}body`
    server.on('request', (request, response) => response.end(String(request.headers.expect)))
    expect(await speak(port, old)).toMatch(/^HTTP\/1\.[01] 200 [^]*\r\n\r\nundefined$/)
  })

  test('passes interim responses on to clients that speak HTTP/1.1', async () => {
    const { edge, port } = await startEdge(isThorough)
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n'
    const last = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
    let before = `${hints}connection: x\r\n\r\n`
    edge.set(
      route([
        await rawService((socket) => socket.on('data', () => socket.write(`${before}${last}`))),
      ]),
    )
    const get = (version: string): Promise<string> =>
      speak(port, `GET / HTTP/${version}\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
    const final = last.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')
    expect(await get('1.1')).toBe(`${hints}\r\n${final}`)
    expect(await get('1.0')).toBe(final)
    before = 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(3000)
    expect(await get('1.1')).toMatch(/HTTP\/1\.1 502 Bad Gateway/)
  })

  test('turns an absolute target into a path, and its host into the Host header', async () => {
    const { edge, port } = await startEdge(isThorough)
    const echo: RequestListener = ({ url, headers }, response) =>
      response.end([url, headers.host, headers['x-forwarded-host']].join(' '))
    edge.set(route([await service(echo)]))
    const send = (line: string, of = 'other.example'): Promise<string> =>
      speak(port, `${line} HTTP/1.1\r\nhost: ${of}\r\nconnection: close\r\n\r\n`)
    const body = async (line: string): Promise<string | undefined> =>
      (await send(line)).split('\r\n\r\n')[1]
    expect(await body(`GET http://${host}/a?b=c`)).toContain(`/a?b=c ${host} ${host}`)
    expect(await body(`GET HTTP://${host}:80`)).toContain(`/ ${host}:80 ${host}:80`)
    expect(await body(`GET http://${host}?q`)).toContain(`/?q ${host} ${host}`)
    expect(await send('GET http://other.example/', host)).toMatch(/^HTTP\/1\.1 404 /)
    for (const line of [`OPTIONS http://${host}`, `GET http://me@${host}/`, `GET ftp://${host}/`])
      expect([line, await send(line)]).toEqual([line, expect.stringMatching(/^HTTP\/1\.1 400 /)])
  })

  test('repeats no request that an instance may have acted on', async () => {
    const { edge, port } = await startEdge(isThorough)
    const seen: string[] = []
    const dying = (): Promise<number> =>
      service((request) => {
        seen.push(request.method ?? '')
        request.socket.destroy()
      })
    edge.set(route([await dying(), await dying()]))
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'GET'])
      expect((await ask(port, { method })).status).toBe(502)
    expect(seen).toEqual(['POST', 'PUT', 'DELETE', 'PATCH', 'GET', 'GET'])
  })

  test('passes a disconnect on, from client to service and back', async () => {
    const { edge, port } = await startEdge(isThorough)
    let isAway = false
    edge.set(
      route([
        await service((request, response) => {
          if (request.url === '/slow') {
            response.write('begin')
            request.socket.on('close', () => (isAway = true))
          } else if (request.url === '/cut') {
            response.writeHead(200, { 'content-length': '100' }).write('half')
            setTimeout(() => response.destroy(), 20)
          } else request.socket.destroy()
        }),
      ]),
    )
    await speak(port, `GET /slow HTTP/1.1\r\nhost: ${host}\r\n\r\n`, (text) =>
      text.includes('begin'),
    )
    await until(() => isAway)
    await expect(ask(port, { path: '/cut' })).rejects.toThrow()
    const answer = await ask(port, { path: '/die', method: 'POST', body: Buffer.from('x') })
    expect(answer).toMatchObject({ status: 502, headers: { 'x-fairlead': 'edge' } })
    expect((await ask(port, { path: '/die' })).status).toBe(502)
    expect(edge.counts()[0]).toMatchObject({ requests: 4, errors: 3, unavailable: 0 })
  })

  test('resets the connection when a response without a length breaks off', async () => {
    const { edge, port } = await startEdge(isThorough)
    edge.set(
      route([
        await rawService((socket) =>
          socket.once('data', () => {
            socket.write('HTTP/1.1 200 OK\r\n\r\nhalf')
            setTimeout(() => socket.resetAndDestroy(), 20)
          }),
        ),
      ]),
    )
    await expect(ask(port)).rejects.toThrow(/ECONNRESET|aborted/)
  })

  test('passes a head on before the data of a chunk, and ends after a malformed one', async () => {
    const { edge, port } = await startEdge(isThorough)
    let service: Socket | null = null
    const speaks = (socket: Socket): void => {
      service = socket
      // A part of the size line follows the head.
      socket.once('data', () =>
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1'),
      )
    }
    edge.set(route([await rawService(speaks)]))
    const seen = await speak(port, `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`, () => {
      service?.end('\nabc')
      service = null
      return false
    })
    expect(seen).toMatch(/^HTTP\/1\.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1?$/)
    expect(edge.counts()[0]).toMatchObject({ requests: 1, errors: 1 })
  })

  test('runs pipelined requests one after the other, and none behind an early end', async () => {
    const { edge, port } = await startEdge(isThorough)
    const seen: string[] = []
    edge.set(
      route([
        await service((request, response) => {
          seen.push(`begin ${request.url}`)
          setTimeout(() => {
            seen.push(`end ${request.url}`)
            response.end()
          }, 10)
        }),
      ]),
    )
    const one = (path: string, more = ''): string =>
      `PUT ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 0\r\n${more}\r\n`
    const last = one('/c', 'connection: close\r\n')
    await speak(port, one('/a') + one('/b') + last + one('/d'))
    expect(seen).toEqual(['/a', '/b', '/c'].flatMap((path) => [`begin ${path}`, `end ${path}`]))
  })

  test('sends no pipelined request on behind a response that breaks off', async () => {
    const { edge, port } = await startEdge(isThorough)
    const seen: string[] = []
    const wrong = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcx\r\n'
    const right = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'
    const answer = (socket: Socket) => (bytes: Buffer) => {
      const path = bytes.toString().split(' ')[1] ?? ''
      seen.push(path)
      socket.end(path === '/a' ? wrong : right)
    }
    edge.set(route([await rawService((socket) => socket.on('data', answer(socket)))]))
    const post = (path: string): string => `POST ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`
    await speak(port, post('/a') + post('/b'))
    expect((await ask(port, { path: '/c' })).status).toBe(200)
    expect([seen, edge.counts()[0]?.requests]).toEqual([['/a', '/c'], 2])
  })

  test('answers a WebSocket handshake that has a body as a plain request', async () => {
    const { edge, port } = await startEdge(isThorough)
    edge.set(route([await service((request, response) => request.pipe(response))]))
    const text = await speak(
      port,
      `GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
        'content-length: 4\r\n\r\nbody',
      (all) => all.includes('body'),
    )
    expect(text).toMatch(/^HTTP\/1\.1 200 OK/)
  })

  test.each(['GET / HTTP/1.1\nhost: x\n\n', 'hello', '\x16\x03\x01\x02\x00\x01'])(
    'refuses %j at once, although its head is not complete',
    async (bytes) => {
      const { port } = await startEdge(isThorough)
      expect(await speak(port, bytes)).toMatch(/^HTTP\/1\.1 400 /)
    },
  )

  describe('slow clients', () => {
    const times = { request: 60_000, head: 60_000, body: 60_000, reading: 60_000, sweep: 20 }
    const open = (port: number, bytes: string): Promise<Socket> =>
      new Promise((resolve) => {
        const socket = connect({ host: '127.0.0.1', port }, () => {
          socket.write(bytes)
          resolve(socket)
        })
        socket.on('error', () => undefined)
      })
    const closed = (socket: Socket): Promise<unknown> =>
      new Promise((resolve) => socket.resume().once('close', resolve))

    test('are disconnected in the middle of a head, however often they send a byte', async () => {
      const { port } = await startEdge(isThorough, { times: { ...times, head: 100 } })
      const socket = await open(port, `GET / HTTP/1.1\r\nhost: ${host}\r\n`)
      const trickle = setInterval(() => socket.write('x'), 10)
      await closed(socket)
      clearInterval(trickle)
    })

    test('are disconnected in the middle of a body, and the release is not to blame', async () => {
      const { edge, port } = await startEdge(isThorough, { times: { ...times, body: 100 } })
      edge.set(route([await service(() => undefined)]))
      for (const framing of ['content-length: 9', 'transfer-encoding: chunked'])
        await closed(
          await open(port, `PUT / HTTP/1.1\r\nhost: ${host}\r\n${framing}\r\n\r\n2\r\nab`),
        )
      await until(() => edge.counts()[0]?.requests === 2)
      expect(edge.counts()[0]).toMatchObject({ errors: 0, unavailable: 0 })
    })

    test('are disconnected when they do not take the response', async () => {
      const { edge, port } = await startEdge(isThorough, { times: { ...times, reading: 100 } })
      const much = Buffer.alloc(30_000_000)
      edge.set(route([await service((_request, response) => response.end(much))]))
      const socket = await open(port, `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
      await until(() => edge.counts()[0]?.requests === 1)
      socket.destroy()
      expect(edge.counts()[0]).toMatchObject({ errors: 0, unavailable: 0 })
    })

    test('are not disconnected while a service is slow', async () => {
      const short = { request: 100, head: 100, body: 100, reading: 100, sweep: 20 }
      const { edge, port } = await startEdge(isThorough, { times: short })
      edge.set(
        route([
          await service((request, response) =>
            request.resume().on('end', () => setTimeout(() => response.end('late'), 400)),
          ),
        ]),
      )
      const answers = await Promise.all([
        ask(port),
        ask(port, { method: 'PUT', body: Buffer.from('body') }),
      ])
      expect(answers.map(({ body }) => body.toString())).toEqual(['late', 'late'])
    })

    test('give their places to others, the oldest idle one first', async () => {
      const limits = { total: 3, perAddress: 3 }
      const { edge, port } = await startEdge(isThorough, { limits, times })
      const waiting: ServerResponse[] = []
      edge.set(route([await service((_request, response) => waiting.push(response))]))
      const first = await open(port, '')
      const second = await open(port, `GET / HTTP/1.1\r\nhost: ${host}\r\n`)
      const busy = ask(port)
      await until(() => waiting.length === 1)
      const more = [ask(port), ask(port)]
      await Promise.all([closed(first), closed(second)])
      await until(() => waiting.length === 3)
      expect(await speak(port, '')).toMatch(/^HTTP\/1\.1 503 [^]*too many connections/)
      for (const response of waiting) response.end('served')
      for (const answer of await Promise.all([busy, ...more]))
        expect(answer.body.toString()).toBe('served')
      expect(edge.counts()[0]).toMatchObject({ requests: 3, errors: 0, unavailable: 0 })
    })
  })

  test('loses no request when a service closes idle connections', async () => {
    const { edge, port } = await startEdge(isThorough)
    const server = createServer({ keepAliveTimeout: 3 }, (_request, response) => response.end('ok'))
    edge.set(route([await listen(server)]))
    const agent = new Agent({ keepAlive: true, maxSockets: 4 })
    closers.push(() => agent.destroy())
    const statuses = new Set<number>()
    for (let i = 0; i < 150; i += 1) {
      statuses.add((await ask(port, { agent, method: i % 2 ? 'GET' : 'DELETE' })).status)
      await pause(i % 7)
    }
    expect([...statuses]).toEqual([200])
  })

  test('keeps a WebSocket on its release, and closes it when the release is drained', async () => {
    const { edge, port } = await startEdge(isThorough)
    const server = createServer((_request, response) => response.writeHead(426).end('upgrade'))
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`)),
    )
    edge.set(route([await listen(server)], 1))
    const client = new WebSocket(`ws://127.0.0.1:${port}/live`, { headers: { host } })
    await new Promise((resolve) => client.once('open', resolve))
    const say = (word: string): Promise<string> =>
      new Promise((resolve) => {
        client.once('message', (data: Buffer) => resolve(data.toString()))
        client.send(word)
      })
    expect(await say('before')).toBe('echo before')
    edge.set(route([await service((_request, response) => response.end('two'))], 2))
    expect((await ask(port)).body.toString()).toBe('two')
    expect(await say('after')).toBe('echo after')
    const closed = new Promise((resolve) => client.once('close', resolve))
    await edge.drain('shop', 'production', 1, 50)
    await closed
    expect((await ask(port)).body.toString()).toBe('two')
  })

  test('answers an upgrade that the service refuses, and h2c', async () => {
    const { edge, port } = await startEdge(isThorough)
    edge.set(route([await service((_request, response) => response.writeHead(403).end('no'))]))
    const upgrade = (to: string): string =>
      `GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: ${to}\r\n\r\n`
    expect(await speak(port, upgrade('websocket'))).toMatch(/^HTTP\/1\.1 403 [^]*no$/)
    expect(await speak(port, upgrade('h2c'), (text) => text.includes('no'))).toMatch(
      /^HTTP\/1\.1 403 [^]*no/,
    )
  })

  test('drains requests in progress, but no longer than the grace period', async () => {
    const { edge, port } = await startEdge(isThorough)
    const waiting: ServerResponse[] = []
    const old = await service((_request, response) => waiting.push(response))
    edge.set(route([old], 1))
    const answers = [ask(port), ask(port)]
    await until(() => waiting.length === 2)
    edge.set(route([await service((_request, response) => response.end('new'))], 2))
    let isDrained = false
    const drained = edge.drain('shop', 'production', 1, 60_000).then(() => (isDrained = true))
    expect((await ask(port)).body.toString()).toBe('new')
    waiting[0]?.end('old')
    expect((await Promise.race(answers)).body.toString()).toBe('old')
    await pause(50)
    expect(isDrained).toBe(false)
    const cut = Promise.allSettled(answers)
    await edge.drain('shop', 'production', 1, 0)
    await drained
    expect((await cut).map((one) => one.status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  test('balances requests, with fewer for a busy instance', async () => {
    const { edge, port } = await startEdge(isThorough)
    const counts = [0, 0]
    const release: (() => void)[] = []
    const slow = await service((_request, response) => {
      counts[0]! += 1
      release.push(() => response.end())
    })
    const quick = await service((_request, response) => {
      counts[1]! += 1
      response.end()
    })
    edge.set(route([slow, quick]))
    const waiting = ask(port)
    await until(() => counts[0] === 1 || counts[1] === 1)
    const more = counts[0] === 1 ? [] : [ask(port)]
    await until(() => counts[0] === 1)
    for (let i = 0; i < 10; i += 1) await ask(port)
    expect(counts[0]).toBe(1)
    for (const end of release) end()
    await Promise.all([waiting, ...more])
  })

  test('completes requests when closing, and announces the end of the connection', async () => {
    const { edge, port } = await startEdge(isThorough)
    let finish = (): void => undefined
    let asked = false
    edge.set(
      route([
        await service((_request, response) => {
          asked = true
          finish = () => response.end('whole')
        }),
      ]),
    )
    const agent = new Agent({ keepAlive: true })
    closers.push(() => agent.destroy())
    const answer = ask(port, { agent })
    await until(() => asked)
    const closed = edge.close(10_000)
    finish()
    expect(await answer).toMatchObject({ status: 200, headers: { connection: 'close' } })
    await closed
    await expect(ask(port)).rejects.toThrow()
  })
})

describe('invalid and unusual responses', () => {
  const answers: [string, string, RegExp][] = [
    ['a response that is not HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 502 /],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      /^HTTP\/1\.1 502 /,
    ],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 502 /,
    ],
    [
      'a line feed in a header',
      'HTTP/1.1 200 OK\r\nx: a\nset-cookie: b\r\n\r\n',
      /^HTTP\/1\.1 502 /,
    ],
    [
      'an upgrade without a request for it',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n',
      /^HTTP\/1\.1 502 /,
    ],
    [
      'HTTP/1.0 that ends with the connection',
      'HTTP/1.0 200 OK\r\nx: y\r\n\r\nall of it',
      /^HTTP\/1\.1 200 OK\r\nx: y\r\nconnection: close\r\n\r\nall of it$/,
    ],
    [
      'an interim response first',
      'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
      /^HTTP\/1\.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*ok$/,
    ],
    [
      'a chunk longer than its size',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n',
      /^HTTP\/1\.1 200 OK/,
    ],
  ]
  test.each(answers)('%s', async (_name, bytes, expected) => {
    const { edge, port } = await startEdge(false)
    edge.set(
      route([await rawService((socket) => socket.once('data', () => socket.end(bytes, 'latin1')))]),
    )
    expect(
      await speak(port, `GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`),
    ).toMatch(expected)
  })

  test('discards unsolicited bytes of an instance before the next request', async () => {
    const { edge, port } = await startEdge(false)
    const reply = (word: string): string =>
      `HTTP/1.1 200 OK\r\ncontent-length: ${word.length}\r\n\r\n${word}`
    let asked = 0
    edge.set(
      route([
        await rawService((socket) =>
          socket.on('data', () => {
            asked += 1
            socket.write(reply(`right${asked}`) + (asked === 1 ? reply('wrong') : ''))
          }),
        ),
      ]),
    )
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    closers.push(() => agent.destroy())
    expect((await ask(port, { agent })).body.toString()).toBe('right1')
    expect((await ask(port, { agent })).body.toString()).toBe('right2')
  })
})

test('survives arbitrary bytes', async () => {
  const { edge, port } = await startEdge(false)
  edge.set(route([await service((_request, response) => response.end('fine'))]))
  const pieces = [
    'GET / HTTP/1.1\r\n',
    `host: ${host}\r\n`,
    '\r\n',
    'content-length: 3\r\n',
    'transfer-encoding: chunked\r\n',
    'upgrade: websocket\r\nconnection: upgrade\r\n',
    '\0',
    '\n',
    ' ',
    'x: y',
    '5\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'host: other\r\n',
    '\xff'.repeat(100),
  ]
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), async (parts) => {
      await new Promise<void>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port }, () =>
          socket.write(parts.join(''), 'latin1'),
        )
        socket.on('error', () => undefined)
        socket.on('close', () => resolve())
        socket.resume()
        setTimeout(() => (parts.length % 2 ? socket.resetAndDestroy() : socket.destroy()), 5)
      })
    }),
    { numRuns: 150 },
  )
  expect((await ask(port)).body.toString()).toBe('fine')
  await until(() => edge.counts()[0]?.requests !== undefined)
  expect(edge.counts()[0]).toMatchObject({ unavailable: 0 })
})

test('routes a fixed port by environment, and opens it once it is free', async () => {
  const { edge } = await startEdge(false)
  const other = createNetServer()
  const fixed = await new Promise<number>((resolve) =>
    other.listen(0, '127.0.0.1', () => resolve((other.address() as AddressInfo).port)),
  )
  edge.set({ ...route([await service((_request, response) => response.end('mine'))]), port: fixed })
  await until(() => edge.counts()[0]?.problem !== null)
  expect(edge.counts()[0]?.problem).toContain(String(fixed))
  await new Promise((resolve) => other.close(resolve))
  await until(() => edge.counts()[0]?.problem === null)
  expect((await ask(fixed, { headers: { host: '127.0.0.1' } })).body.toString()).toBe('mine')
  edge.remove('shop', 'production')
  await expect(ask(fixed)).rejects.toThrow()
})

test.each([false, true])(
  'answers the clients of a port that leaves, and ends them (thorough: %s)',
  async (isThorough) => {
    const { edge } = await startEdge(isThorough)
    const fixed = await closedPort()
    edge.set({ ...route([await service((_request, response) => response.end('ok'))]), port: fixed })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    closers.push(() => agent.destroy())
    const answers = (options = {}) =>
      ask(fixed, options).then(
        () => true,
        () => false,
      )
    await waitFor('the port is open', () => answers({ agent }))
    const leaving = edge.leave('shop', 'production', 20_000)
    await expect(ask(fixed)).rejects.toThrow('ECONNREFUSED')
    const last = await ask(fixed, { agent })
    expect([last.body.toString(), last.headers.connection]).toEqual(['ok', 'close'])
    await leaving
    edge.stay('shop', 'production')
    await waitFor('it is open again', () => answers())
  },
)

test('serves connections that arrived before it took over the socket', async () => {
  const before = createNetServer()
  const early: Socket[] = []
  before.on('connection', (socket) => early.push(socket))
  const port = await new Promise<number>((resolve) =>
    before.listen(0, '127.0.0.1', () => resolve((before.address() as AddressInfo).port)),
  )
  const answer = ask(port)
  await until(() => early.length === 1)
  const edge = createEdge({ address: '127.0.0.1', log: () => undefined, random: Math.random })
  closers.push(() => edge.close(0))
  edge.set(route([await service((_request, response) => response.end('kept'))]))
  await edge.listen(port, new Map([['edge', { server: before, early }]]))
  expect((await answer).body.toString()).toBe('kept')
  expect((await ask(port)).body.toString()).toBe('kept')
})
