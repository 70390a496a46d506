import { createServer, type RequestListener } from 'node:http'
import {
  type ClientHttp2Session,
  connect,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { type AddressInfo, createServer as createNetServer, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { edgeCertificates } from '../../../test/support/certificate.ts'
import { waitFor } from '../../../test/support/wait.ts'
import { createEdge, type Edge, type EdgeOptions, type EdgeRoute } from './edge.ts'
import { countedStatus } from './grpc.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const shop = 'shop.example.com'
const route = (ports: number[], more: Partial<EdgeRoute> = {}): EdgeRoute => ({
  ...{ app: 'shop', environment: 'production', host: 'shop.production.localhost', port: null },
  ...{ release: 1, services: [{ name: 'web', ports }] },
  domains: [{ name: shop, http: 'redirect' }],
  ...more,
})

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

const service = async (listener: RequestListener): Promise<number> => {
  const server = createServer(listener)
  closers.push(() => server.closeAllConnections())
  return listen(server)
}

async function start(options: Partial<EdgeOptions> = {}) {
  const edge: Edge = createEdge({
    ...{ address: '127.0.0.1', log: () => undefined, random: Math.random },
    https: { port: 0, certificates: edgeCertificates([shop]) },
    ...options,
  })
  await edge.listen(0, new Map())
  closers.push(() => edge.close(0))
  const { port = 0 } = (edge.sockets().get('https')?.address() as AddressInfo | undefined) ?? {}
  const client = connect(`https://127.0.0.1:${port}`, {
    maxSessionMemory: 200,
    servername: shop,
    rejectUnauthorized: false,
  })
  client.on('error', () => undefined)
  closers.push(() => client.destroy())
  return { edge, client }
}

interface Answer {
  headers: IncomingHttpHeaders & IncomingHttpStatusHeader
  text: string
  trailers: IncomingHttpHeaders
}

/** Sends a request and returns its answer; fails when the stream breaks off. */
function ask(
  client: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  body?: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { ':authority': shop, ':path': '/', ...headers }
    const stream = client.request(all, { endStream: body === undefined })
    const answer: Answer = { headers: {}, text: '', trailers: {} }
    stream.on('response', (got) => (answer.headers = got))
    stream.on('trailers', (got) => (answer.trailers = got))
    stream.on('data', (data: Buffer) => (answer.text += data.toString('latin1')))
    stream.on('end', () => stream.rstCode === 0 && resolve(answer))
    stream.on('error', reject)
    if (body) stream.end(body)
  })
}

describe('a request of HTTP/2', () => {
  test('reaches its service in HTTP/1.1, and is counted once', async () => {
    const { edge, client } = await start()
    const port = await service((asked, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      const { host, cookie, 'x-forwarded-proto': proto, te } = asked.headers
      response.end([asked.method, asked.url, host, cookie, proto, te].join(' '))
    })
    edge.set(route([port]))
    const { headers, text } = await ask(client, {
      ...{ ':path': '/a?b=1', cookie: ['x=1', 'y=2'], te: 'trailers' },
      'x-forwarded-proto': 'http',
    })
    expect(text).toBe(`GET /a?b=1 ${shop} x=1; y=2 https `)
    expect(headers).toMatchObject({ ':status': 200, 'set-cookie': ['a=1', 'b=2'] })
    expect(headers.connection).toBe(undefined)
    expect(edge.counts()[0]).toMatchObject({ requests: 1, errors: 0 })
  })

  test('passes large bodies with and without a length, and many at once', async () => {
    const { edge, client } = await start()
    const echo: RequestListener = (asked, response) => void asked.pipe(response)
    edge.set(route([await service(echo), await service(echo)]))
    const body = Buffer.alloc(700_000, 'b')
    const post = { ':method': 'POST' }
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        ask(client, i % 2 ? post : { ...post, 'content-length': body.length }, body),
      ),
    )
    expect(answers.map(({ text }) => text.length)).toEqual(Array(40).fill(body.length))
    expect(edge.counts()[0]).toMatchObject({ requests: 40, errors: 0 })
  })

  test('gets trailers, an interim response, and no body for HEAD', async () => {
    const { edge, client } = await start()
    const port = await service((asked, response) => {
      if (asked.method === 'HEAD') return response.setHeader('content-length', 7).end()
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.writeHead(201, { trailer: 'x-sum' })
      response.write('part')
      response.addTrailers({ 'x-sum': '4' })
      response.end()
    })
    edge.set(route([port]))
    const hints: unknown[] = []
    client.on('stream', () => undefined)
    const stream = client.request({ ':authority': shop, ':path': '/' })
    stream.on('headers', (got) => hints.push(got[':status'], got.link))
    const end = new Promise((resolve) => stream.once('trailers', resolve))
    stream.resume()
    expect(await end).toMatchObject({ 'x-sum': '4' })
    expect(hints).toEqual([103, '</a.css>; rel=preload'])
    const head = await ask(client, { ':method': 'HEAD' })
    expect(head).toMatchObject({ headers: { ':status': 200, 'content-length': '7' }, text: '' })
  })

  test('is answered by the edge when no service can', async () => {
    const { edge, client } = await start()
    const unknown = await ask(client, { ':authority': 'other.example' })
    expect(unknown.headers).toMatchObject({ ':status': 404, 'x-fairlead': 'edge' })
    edge.set(route([1]))
    expect((await ask(client)).headers[':status']).toBe(502)
    expect((await ask(client, { ':method': 'HEAD' })).headers[':status']).toBe(502)
    expect((await ask(client, { ':method': 'OPTIONS', ':path': '*' })).headers[':status']).toBe(400)
    edge.setMaintenance(new Map([['shop/production', null]]))
    expect((await ask(client)).headers[':status']).toBe(503)
  })

  test('gets unusual answers, or a page for one that HTTP/2 does not allow', async () => {
    const { edge, client } = await start()
    const lines = ['te: gzip', 'http2-settings: x', 'content-type: a', 'content-type: b', 'X-A: é']
    const answer = (status: string) =>
      `HTTP/1.1 ${status} Odd\r\n${lines.join('\r\n')}\r\ncontent-length: 2\r\n\r\nhi`
    const server = createNetServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (data) => {
        const status = /^GET \/(\d+)/.exec(data.toString())?.[1] ?? ''
        socket.end(Buffer.from(answer(status), 'latin1'))
      })
    })
    const response = (head: string): string => `${head}keep-alive: x\r\n`
    const rules = {
      ...{ answer: () => null, request: null, response, body: Infinity, timeout: Infinity },
      ...{ log: false, trace: null },
    }
    edge.set(route([await listen(server)], { rules }))
    const { headers, text } = await ask(client, { ':path': '/599' })
    expect(text).toBe('hi')
    expect(headers).toMatchObject({ ':status': 599, 'x-a': 'é' })
    const odd = await ask(client, { ':path': '/999' })
    expect(odd).toMatchObject({ headers: { ':status': 502, 'x-fairlead': 'edge' } })
    expect(odd.text).toContain('cannot be sent with HTTP/2')
    expect(edge.counts()[0]).toMatchObject({ requests: 2, errors: 2 })
  })

  test('breaks off with its service, and others go on', async () => {
    const { edge, client } = await start()
    const server = createNetServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (data) => {
        if (data.toString().startsWith('GET /good'))
          return socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood')
        const length = data.toString().startsWith('GET /long') ? 'content-length: 9\r\n' : ''
        const coding = length || 'transfer-encoding: chunked\r\n'
        socket.write(`HTTP/1.1 200 OK\r\n${coding}\r\n${length ? '' : '4\r\n'}half\r\n`)
        setTimeout(() => socket.resetAndDestroy(), 50)
      })
    })
    edge.set(route([await listen(server)]))
    for (const path of ['/', '/long'])
      await expect(ask(client, { ':path': path })).rejects.toThrow(/NGHTTP2_INTERNAL_ERROR/)
    expect((await ask(client, { ':path': '/good' })).text).toBe('good')
    expect(edge.counts()[0]).toMatchObject({ requests: 3, errors: 2 })
  })

  test('may be refused for its body', async () => {
    const { edge, client } = await start()
    const rules = {
      ...{ answer: () => null, request: null, response: null, body: 10, timeout: Infinity },
      ...{ log: false, trace: null },
    }
    const port = await service((asked, response) => asked.on('end', () => response.end()).resume())
    edge.set(route([port], { rules }))
    const answer = await ask(client, { ':method': 'POST' }, Buffer.alloc(100))
    expect(answer.headers[':status']).toBe(413)
  })

  test('that the client cancels ends at its service too', async () => {
    const { edge, client } = await start()
    let left = 0
    edge.set(route([await service((_, response) => response.once('close', () => (left += 1)))]))
    const stream = client.request({ ':authority': shop, ':path': '/' })
    stream.on('error', () => undefined)
    await waitFor('the service has it', async () => edge.takeSecond().length >= 0)
    setTimeout(() => stream.close(8), 100)
    await waitFor('the service lost its client', async () => left === 1)
  })
})

test('a connection of HTTP/2 that is closed answers what it has first', async () => {
  const { edge, client } = await start()
  edge.set(route([await service((_, response) => setTimeout(() => response.end('late'), 200))]))
  const answer = ask(client)
  await waitFor('the request is under way', async () => client.state.nextStreamID !== 1)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const closed = edge.close(5000)
  expect((await answer).text).toBe('late')
  await closed
  await waitFor('the connection is closed', async () => client.closed)
})

test('an idle connection of HTTP/2, and a client that does not read, are closed', async () => {
  const times = { request: 100, head: 100, body: 100, reading: 100, sweep: 20 }
  const { edge, client } = await start({ times })
  edge.set(route([await service((_, response) => response.end(Buffer.alloc(9_000_000)))]))
  const stream = client.request({ ':authority': shop, ':path': '/' })
  stream.on('error', () => undefined)
  await waitFor('the connection is closed', async () => client.destroyed)
  const { client: idle } = await start({ times })
  await waitFor('the idle connection is closed', async () => idle.closed || idle.destroyed)
})

describe('a call of gRPC', () => {
  type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void
  const grpcService = async (handler: Handler): Promise<number> => {
    const server = createHttp2Server()
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => undefined)
      handler(stream, headers)
    })
    return listen(server as unknown as Server)
  }
  const call = { ':method': 'POST', 'content-type': 'application/grpc+proto', te: 'trailers' }
  const reply = (stream: ServerHttp2Stream, code: string): void => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc' },
      { waitForTrailers: true },
    )
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': code }))
    stream.pipe(stream)
  }

  test('reaches its service in HTTP/2, with trailers in both cases', async () => {
    const { edge, client } = await start()
    const seen: IncomingHttpHeaders[] = []
    const port = await grpcService((stream, headers) => {
      seen.push(headers)
      if (headers[':path' as keyof IncomingHttpHeaders] !== '/only') return reply(stream, '0')
      stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true })
    })
    edge.set(route([port]))
    const body = Buffer.alloc(300_000, 'g')
    const answer = await ask(client, { ...call, ':path': '/shop.Shop/Buy' }, body)
    expect(answer.text.length).toBe(body.length)
    expect(answer.trailers['grpc-status']).toBe('0')
    expect(seen[0]).toMatchObject({
      ...{ ':authority': shop, ':path': '/shop.Shop/Buy', te: 'trailers' },
      'x-forwarded-proto': 'https',
    })
    const only = await ask(client, { ...call, ':path': '/only' }, Buffer.alloc(5))
    expect(only.headers['grpc-status']).toBe('5')
    expect(edge.counts()[0]).toMatchObject({ requests: 2, errors: 0 })
  })

  test('counts as an error by its code, and when it breaks off', async () => {
    const { edge, client } = await start()
    const port = await grpcService((stream, headers) =>
      headers[':path' as keyof IncomingHttpHeaders] === '/cut'
        ? stream.close(2)
        : reply(stream, '13'),
    )
    edge.set(route([port]))
    expect((await ask(client, call, Buffer.alloc(5))).trailers['grpc-status']).toBe('13')
    const cut = await ask(client, { ...call, ':path': '/cut' }, Buffer.alloc(5))
    expect(cut.headers[':status']).toBe(502)
    expect(edge.counts()[0]).toMatchObject({ requests: 2, errors: 2 })
  })

  test('goes to another instance when one refuses the connection', async () => {
    const { edge, client } = await start()
    edge.set(route([1, await grpcService((stream) => reply(stream, '0'))]))
    const codes = []
    for (let i = 0; i < 4; i += 1)
      codes.push((await ask(client, call, Buffer.alloc(5))).trailers['grpc-status'])
    expect(codes).toEqual(['0', '0', '0', '0'])
    edge.set(route([1]))
    expect((await ask(client, call, Buffer.alloc(5))).headers[':status']).toBe(502)
  })

  test('is refused for its size, as every request', async () => {
    const { edge, client } = await start()
    const rules = {
      ...{ answer: () => null, request: null, response: null, body: 10, timeout: Infinity },
      ...{ log: false, trace: null },
    }
    edge.set(route([await grpcService(() => undefined)], { rules }))
    const stream = client.request({ ':authority': shop, ':path': '/', ...call })
    stream.on('error', () => undefined)
    const answered = new Promise<IncomingHttpStatusHeader>((resolve) =>
      stream.once('response', resolve),
    )
    for (let i = 0; i < 3; i += 1) stream.write(Buffer.alloc(100))
    expect((await answered)[':status']).toBe(413)
    stream.close()
    expect(edge.counts()[0]).toMatchObject({ requests: 1, errors: 0 })
  })

  test.each([
    ['0', 200],
    ['5', 200],
    ['14', 500],
    [undefined, 200],
  ])('with the code %s counts with status %i', (code, status) =>
    expect(countedStatus(200, code)).toBe(status),
  )
})
