import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { request } from 'node:https'
import { Agent } from 'node:https'
import {
  connect as connectPlain,
  createServer as createNetServer,
  type AddressInfo,
} from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { edgeCertificates } from '../../../test/support/certificate.ts'
import { createEdge, type Edge, type EdgeRoute } from './edge.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const shop = 'shop.example.com'
const names = [shop, 'api.example.com', '*.shops.example.com']
const domain = (name: string, more: object = {}) => ({
  ...{ name, http: 'redirect' as const, ...more },
})
const route = (port: number, more: Partial<EdgeRoute> = {}): EdgeRoute => ({
  ...{ app: 'shop', environment: 'production', host: 'shop.production.localhost', port: null },
  ...{
    release: 1,
    services: [{ name: 'web', ports: [port] }],
    domains: names.map((one) => domain(one)),
  },
  ...more,
})

async function service(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

interface Tried {
  edge: Edge
  secure: number
  plain: number
}

async function startEdge(
  isThorough: boolean,
  more: Partial<Parameters<typeof createEdge>[0]> = {},
): Promise<Tried> {
  const edge = createEdge({
    ...{ address: '127.0.0.1', log: () => undefined, random: Math.random, isThorough },
    https: { port: 0, certificates: edgeCertificates(names) },
    ...more,
  })
  await edge.listen(0, new Map())
  closers.push(() => edge.close(0))
  const portOf = (name: string) =>
    (edge.sockets().get(name)?.address() as AddressInfo | undefined)?.port ?? 0
  return { edge, secure: portOf('https'), plain: portOf('edge') }
}

interface Asked {
  port: number
  host?: string
  method?: string
  headers?: Record<string, string>
  body?: Buffer
  agent?: Agent
}

function ask({ port, host = shop, method = 'GET', headers = {}, body, agent }: Asked) {
  const place = { host: '127.0.0.1', port, servername: host, rejectUnauthorized: false }
  return new Promise<{ answer: IncomingMessage; text: string }>((resolve, reject) => {
    const sent = request(
      { ...place, method, path: '/a?b=1', headers: { host, ...headers }, agent: agent ?? false },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => resolve({ answer, text: Buffer.concat(chunks).toString() }))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Sends bytes without TLS and returns all that comes. */
function speak(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connectPlain({ host: '127.0.0.1', port }, () => socket.write(bytes))
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

/** The protocol of a handshake, or the code of its failure. */
function shake(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect(
      { host: '127.0.0.1', port, rejectUnauthorized: false, ...options },
      () => {
        resolve(socket.getProtocol() ?? '')
        socket.destroy()
      },
    )
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

describe.each([
  ['quick', false],
  ['thorough', true],
] as const)('the %s path with TLS', (_name, isThorough) => {
  test('serves domains, and tells services and browsers so', async () => {
    const { edge, secure } = await startEdge(isThorough)
    const web = await service((asked, response) =>
      response.end(['proto', 'for'].map((one) => asked.headers[`x-forwarded-${one}`]).join(' ')),
    )
    edge.set(route(web, { domains: [domain(shop, { hsts: 86_400 })] }))
    const { answer, text } = await ask({ port: secure, headers: { 'x-forwarded-proto': 'http' } })
    expect(text).toBe('https 127.0.0.1')
    expect(answer.headers['strict-transport-security']).toBe('max-age=86400')
    expect((await ask({ port: secure, host: 'api.example.com' })).answer.statusCode).toBe(404)
  })

  test('keeps connections, and passes large bodies in both directions', async () => {
    const { edge, secure } = await startEdge(isThorough)
    edge.set(route(await service((asked, response) => asked.pipe(response))))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const body = Buffer.alloc(3_000_000, 'b')
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }, {}]) {
      const { text } = await ask({ port: secure, method: 'POST', body, agent, headers })
      expect(text.length).toBe(body.length)
    }
    agent.destroy()
    expect(edge.counts()[0]).toMatchObject({ requests: 3, errors: 0 })
  })

  test('tunnels WebSockets', async () => {
    const { edge, secure } = await startEdge(isThorough)
    const server = createServer()
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket) =>
      socket.on('message', (data) => socket.send(`${String(data as Buffer)}!`)),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => server.close())
    edge.set(route((server.address() as AddressInfo).port))
    const options = { headers: { host: shop }, servername: shop, rejectUnauthorized: false }
    const client = new WebSocket(`wss://127.0.0.1:${secure}/live`, options)
    await new Promise((resolve) => client.once('open', resolve))
    const answer = new Promise((resolve) =>
      client.once('message', (data) => resolve(String(data as Buffer))),
    )
    client.send('hello')
    expect(await answer).toBe('hello!')
    client.terminate()
  })

  test('resets a response that breaks off, so that no client takes it as complete', async () => {
    const { edge, secure } = await startEdge(isThorough)
    const server = createNetServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\nhalf')
        setTimeout(() => socket.resetAndDestroy(), 50)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => server.close())
    edge.set(route((server.address() as AddressInfo).port))
    await expect(ask({ port: secure })).rejects.toThrow(/ECONNRESET|aborted/)
  })

  test('sends clients without TLS to HTTPS once there is a certificate', async () => {
    const { edge, plain } = await startEdge(isThorough)
    const domains = [
      domain(shop),
      domain('new.example.com'),
      domain('api.example.com', { http: 'serve' }),
      domain('www.example.com', { redirect: shop }),
      domain('old.example.com', { redirect: 'elsewhere.example' }),
    ]
    edge.set(route(await service((_, response) => response.end('served')), { domains }))
    const post = (host: string, more = '') =>
      speak(plain, `POST /a?b=1 HTTP/1.1\r\nhost: ${host}:80\r\ncontent-length: 2\r\n${more}\r\nhi`)
    const answer = await post(shop, 'connection: close\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 308 Permanent Redirect\r\n/)
    expect(answer).toContain(`location: https://${shop}:0/a?b=1\r\n`)
    const close = 'connection: close\r\n'
    const location = `location: https://${shop}:0/a?b=1\r\n`
    expect(await post('www.example.com', close)).toContain(location)
    const other = 'location: http://elsewhere.example/a?b=1\r\n'
    expect(await post('old.example.com', close)).toContain(other)
    expect(await post('new.example.com', close)).toContain('served')
    expect(await post('api.example.com', close)).toContain('served')
    expect(await post('shop.production.localhost', close)).toContain('served')
    expect(await post(shop, `x-forwarded-proto: https\r\n${close}`)).toContain('served')
    expect(edge.counts()[0]).toMatchObject({ requests: 4 })
  })
})

test('domains lead to their services, and one for many names to any one label', async () => {
  const { edge, secure } = await startEdge(false)
  const api = await service((_, response) => response.end('api'))
  const web = await service((_, response) => response.end('web'))
  const domains = [
    domain(shop),
    domain('api.example.com', { service: 'api' }),
    domain('*.shops.example.com'),
  ]
  const services = [
    { name: 'web', ports: [web] },
    { name: 'api', ports: [api] },
  ]
  edge.set(route(web, { domains, services }))
  const textAt = async (host: string) => (await ask({ port: secure, host })).text
  expect(await textAt('api.example.com')).toBe('api')
  expect(await textAt('ada.shops.example.com')).toBe('web')
  expect(edge.domains()).toEqual(domains.map(({ name }) => name))
})

test('of two releases with the same domain, the newer one gets it', async () => {
  const { edge, secure } = await startEdge(false)
  const [older, newer] = [
    await service((_, response) => response.end('older')),
    await service((_, response) => response.end('newer')),
  ]
  const staging = { environment: 'staging', host: 'shop.staging.localhost' }
  edge.set(route(newer, { ...staging, release: 8 }))
  edge.set(route(older, { release: 7 }))
  expect((await ask({ port: secure })).text).toBe('newer')
  edge.remove('shop', 'staging')
  expect((await ask({ port: secure })).text).toBe('older')
})

test('handshakes need a name with a certificate, and TLS 1.2 or 1.3', async () => {
  const { secure } = await startEdge(false)
  expect(await shake(secure, { servername: shop.toUpperCase() })).toBe('TLSv1.3')
  expect(await shake(secure, { servername: shop, maxVersion: 'TLSv1.2' })).toBe('TLSv1.2')
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  expect(await shake(secure, { servername: shop, ...old })).toMatch(/^ERR_SSL/)
  expect(await shake(secure, { servername: 'other.example' })).toMatch(/^ERR_SSL.*ALERT/)
  expect(await shake(secure, {})).toMatch(/^ERR_SSL.*ALERT/)
})

test('a client that does not finish its handshake is closed in time', async () => {
  const times = { request: 60_000, head: 100, body: 60_000, reading: 60_000, sweep: 20 }
  const { secure } = await startEdge(false, { times })
  expect(await speak(secure, '\x16\x03\x01')).toBe('')
})

test('what is not TLS ends the connection only', async () => {
  const { edge, secure } = await startEdge(false)
  edge.set(route(await service((_, response) => response.end('fine'))))
  await speak(secure, 'GET / HTTP/1.1\r\n\r\n').catch(() => '')
  expect((await ask({ port: secure })).text).toBe('fine')
})
