import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StatusPages } from '#contract/status-page/pages.ts'
import { exchange, startHost, type TestHost, waitUntil } from '../../../test/support/host.ts'
import { freePorts } from '../../../test/support/ports.ts'
import { createEdge } from '../edge/edge.ts'
import type { EdgeRoute } from '../edge/route.ts'
import { createStatusPage } from './server.ts'

const page: StatusPages = {
  ...{ title: '', others: [] },
  components: [
    {
      ...{ app: 'shop', environment: 'production', component: '', group: '' },
      ...{ name: 'The shop', state: 'operational' },
      ...{ since: '2026-11-29T14:02:00.000Z', detail: '', uptime: 1, days: [] },
    },
  ],
  ...{ changes: [], incidents: [], maintenances: [], subscribe: true, subscribeUrl: true },
}

let folder: string
const stops: (() => void)[] = []
const logged: string[] = []
let [now, steady] = [Date.parse('2026-11-29T14:05:00Z'), 0]
const open = async (path: string, isLocal = false, url: string | null = null) => {
  const server = createStatusPage({
    ...{ folder: path, url, now: () => now, steady: () => steady },
    log: (message) => logged.push(message),
  })
  const { port, stop, memory } = await server.start({ isLocal })
  stops.push(stop)
  const get = (file: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${port}${file}`, { headers: { connection: 'close', ...headers } })
  return { server, get, port, memory, text: async (file = '/') => (await get(file)).text() }
}
/** The summary as a reader gets it who asks for this host. */
async function exchangeAt(port: string, host: string): Promise<string> {
  const path = '/api/v2/summary.json'
  const asked = request({ host: '127.0.0.1', port, path, headers: { host }, agent: false }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return text(response)
}
let host: TestHost
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-status-'))
  host = await startHost()
})
afterAll(async () => {
  for (const stop of stops) stop()
  rmSync(folder, { recursive: true })
  await host.close()
})

test('a page says unknown 60 seconds after its last confirmation, until the next one', async () => {
  const { server, text } = await open(join(folder, 'a'))
  expect(await text()).toContain('The state is unknown')
  server.set(page)
  steady += 60_000
  expect(await text()).toContain('Everything is operational')
  steady += 1
  expect(await text()).toContain('The state is unknown')
  expect(await text('/badge/shop-production.svg')).toContain('The shop: unknown')
  expect(await text('/api/v2/status.json')).toContain('"indicator":"unknown"')
  server.set(page)
  expect(await text()).toContain('Everything is operational')
})

test('the next process has the page with the age of its confirmation', async () => {
  const path = join(folder, 'b')
  ;(await open(path)).server.set(page)
  now += 30_000
  const second = await open(path)
  expect(await second.text()).toContain('Everything is operational')
  expect(await second.text()).toContain('14:05:00 UTC')
  now += 31_000
  expect(await (await open(path)).text()).toContain('The state is unknown')
  // A clock that was set back proves nothing.
  now -= 3_600_000
  expect(await (await open(path)).text()).toContain('The state is unknown')
  writeFileSync(join(path, 'page.json'), '{"page":')
  expect(await (await open(path)).text()).toContain('No state has been confirmed yet')
})

test('a page that cannot be saved is served from memory', async () => {
  writeFileSync(join(folder, 'file'), '')
  const { server, text } = await open(join(folder, 'file'))
  server.set(page)
  server.set(page)
  expect(await text()).toContain('Everything is operational')
  expect(logged).toEqual(['the status page cannot be saved'])
})

test('files have types, tags and a strict policy; other paths are refused', async () => {
  const { server, get, text } = await open(join(folder, 'c'))
  server.set(page)
  const first = await get('/')
  expect(first.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; style-src 'sha256-/,
  )
  const etag = first.headers.get('etag') ?? ''
  expect((await get('/', { 'if-none-match': etag })).status).toBe(304)
  expect((await get('/api/v2/summary.json')).headers.get('access-control-allow-origin')).toBe('*')
  expect((await get('/../page.json')).status).toBe(404)
  expect((await get('/badge/other-production.svg')).status).toBe(404)
  expect(await text('/history.atom?x=1')).toContain('<feed')
})

test('a theme has its logo as a file, and a policy that permits it', async () => {
  const { server, get, text } = await open(join(folder, 'theme'))
  const logo = Buffer.from('a PNG').toString('base64')
  server.set({ ...page, theme: { logo, colors: { light: '#0b57d0', dark: '#8ab4f8' } } })
  for (const path of ['/', `/confirm/${'a'.repeat(43)}`]) {
    const answer = await get(path)
    const html = await answer.text()
    expect(html).toContain('<img class="logo" src="/logo.png" alt="">')
    const style = /<style>([^<]*)<\/style>/.exec(html)?.[1] ?? ''
    expect(style).toContain('a{color:var(--own)}')
    const hash = createHash('sha256').update(style).digest('base64')
    const policy = answer.headers.get('content-security-policy')
    expect(policy).toContain(`style-src 'sha256-${hash}'; img-src 'self'`)
  }
  expect((await get('/logo.png')).headers.get('content-type')).toBe('image/png')
  expect(await text('/logo.png')).toBe('a PNG')
})

test('the edge answers from memory what the server answers', async () => {
  const { server, port, memory } = await open(join(folder, 'h'))
  const edge = createEdge({ address: '127.0.0.1', log: () => undefined, random: Math.random })
  stops.push(() => void edge.close(0))
  const edgePort = await freePorts()
  const set = (of: EdgeRoute['memory']) =>
    edge.set({
      ...{ app: 'fairlead', environment: 'status', host: '127.0.0.1', port: null, release: 0 },
      ...{ services: [{ name: 'status', ports: [port] }], memory: of },
    })
  await edge.listen(edgePort, new Map())
  server.set(page)
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`http://127.0.0.1:${edgePort}${path}`, init)
    const headers = Object.fromEntries(answer.headers)
    const isServer = answer.headers.has('date')
    for (const name of ['date', 'connection', 'keep-alive']) delete headers[name]
    return { status: answer.status, headers, body: await answer.text(), isServer }
  }
  for (const path of ['/', '/index.html?x=1', '/api/v2/summary.json', '/badge.svg']) {
    set(undefined)
    const served = await ask(path)
    const tag = { headers: { 'if-none-match': served.headers['etag'] ?? '' } }
    const unchanged = await ask(path, tag)
    expect([served.status, served.isServer, unchanged.status]).toEqual([200, true, 304])
    set(memory)
    expect(await ask(path)).toEqual({ ...served, isServer: false })
    expect(await ask(path, tag)).toEqual({ ...unchanged, isServer: false })
  }
  // What is not in memory, and what is no simple request, comes from the server.
  expect((await ask('/none')).isServer).toBe(true)
  expect(await ask('/', { method: 'HEAD' })).toMatchObject({ isServer: true, body: '' })
  expect((await ask('/subscribe', { method: 'POST', body: 'email=x' })).status).toBe(400)
  steady += 60_001
  expect((await ask('/')).body).toContain('The state is unknown')
})

test('until an address is chosen, only this machine reads the page', async () => {
  const { server, get, memory } = await open(join(folder, 'd'), true)
  expect(memory).toBeUndefined()
  server.set(page)
  const from = async (chain: string) => (await get('/', { 'x-forwarded-for': chain })).status
  expect(await from('127.0.0.1')).toBe(200)
  expect(await from('::1, ::ffff:127.0.0.1')).toBe(200)
  expect(await from('192.0.2.7, 127.0.0.1')).toBe(404)
  expect(await from('127.0.0.1, 192.0.2.7')).toBe(404)
})

test('readers subscribe by a form, also while no server answers', async () => {
  const path = join(folder, 'e')
  const { server, get, text } = await open(path)
  const port = new URL((await get('/')).url).port
  const post = (file: string, body: string, from = '192.0.2.7') =>
    fetch(`http://127.0.0.1:${port}${file}`, {
      ...{ method: 'POST', body },
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': from },
    })
  const ada = 'email=Ada%40Example.com&app=shop'
  expect((await post('/subscribe', ada)).status).toBe(405)
  const [shop] = page.components
  server.set({ ...page, components: [shop!, { ...shop!, app: 'bank', component: 'cards' }] })
  expect(await text()).toContain('href="/subscribe"')
  expect(await text('/subscribe')).toContain('name="email"')
  expect((await post('/subscribe', ada)).status).toBe(202)
  const hook = 'channel=slack&url=https%3A%2F%2Fhooks.example.com%2Fx'
  expect((await post('/subscribe', `${hook}&component=bank%2Fcards`)).status).toBe(202)
  const all = `${hook}2&component=bank%2Fcards&app=shop`
  expect((await post('/subscribe', all)).status).toBe(202)
  for (const wrong of [
    'email=ada',
    'channel=command&url=https://x',
    hook.replace('%3A', ''),
    `${ada}&x=${'x'.repeat(9000)}`,
  ])
    expect((await post('/subscribe', wrong)).status).toBe(400)
  const token = 'a'.repeat(43)
  // A program that checks links changes nothing.
  expect(await text(`/confirm/${token}`)).toContain('<button>Confirm</button>')
  expect((await post(`/confirm/${token}`, '')).status).toBe(202)
  expect((await post(`/unsubscribe/${token}`, 'List-Unsubscribe=One-Click')).status).toBe(202)
  expect((await post('/unsubscribe/x', '')).status).toBe(405)
  // The next process has what no server has taken.
  const next = (await open(path)).server
  const waiting = next.take([])
  expect(waiting).toMatchObject([
    { kind: 'subscribe', email: 'ada@example.com', apps: ['shop'] },
    { kind: 'subscribe-url', channel: 'slack', apps: null, components: ['bank/cards'] },
    { url: 'https://hooks.example.com/x2', apps: null, components: null },
    { kind: 'confirm', token },
    { kind: 'unsubscribe', token },
  ])
  expect(next.take([waiting[0]!.id])).toHaveLength(4)
  const answers = []
  for (let i = 0; i < 62; i += 1) answers.push((await post('/subscribe', ada, '192.0.2.8')).status)
  expect(answers.slice(60)).toEqual([429, 429])
  expect((await post('/subscribe', ada)).status).toBe(202)
  // The links in e-mails have limits of their own, and a request that cannot be kept is refused.
  expect((await post(`/unsubscribe/${token}`, '', '192.0.2.8')).status).toBe(202)
  rmSync(path, { recursive: true })
  writeFileSync(path, '')
  expect((await post(`/unsubscribe/${token}`, '')).status).toBe(503)
})

test('names of hosts that readers make up are rendered a few times only', async () => {
  const { server, get } = await open(join(folder, 'f'))
  server.set(page)
  const urlAt = async (host: string) =>
    (await exchangeAt(new URL((await get('/')).url).port, host)).match(/"url":"([^"]*)"/)?.[1]
  for (let i = 0; i < 25; i += 1) await urlAt(`h${i}.test`)
  expect(await urlAt('h1.test')).toBe('http://h1.test')
  expect(await urlAt('h24.test')).toBe('')
  const fixed = await open(join(folder, 'g'), false, 'https://status.example.com')
  fixed.server.set(page)
  expect(await fixed.text('/api/v2/summary.json')).toContain('"url":"https://status.example.com"')
})

test('the edge serves the page, also after a kill of the host, and not as an app', async () => {
  const read = (file = '/') =>
    exchange(host, file, { headers: { host: `status.localhost:${host.home.edgePort}` } })
  await host.client.setStatusPages(page)
  expect((await read()).text).toContain('Everything is operational')
  await host.kill()
  await host.ensure()
  await waitUntil('it is served again', async () => (await read()).status === 200)
  expect((await read()).text).toContain('Everything is operational')
  expect((await read('/api/v2/summary.json')).text).toContain(
    `"url":"http://status.localhost:${host.home.edgePort}"`,
  )
  expect((await host.client.status()).routes).toEqual([])
  const { seconds } = await host.client.measurements(0)
  expect(seconds.flatMap(({ traffic }) => traffic)).toEqual([])
})

test('the edge serves each page under its own host name, until it is deleted', async () => {
  const read = (name: string, file = '/') => exchange(host, file, { headers: { host: name } })
  const internal = {
    ...{ ...page, title: 'Inside', name: 'internal', url: 'https://status.inside.test' },
    ...{
      isLocal: false,
      password: null as string | null,
      components: page.components.map((one) => ({ ...one, name: 'Vault' })),
    },
  }
  await host.client.setStatusPages({ ...page, others: [internal] })
  await waitUntil('it is served', async () => (await read('status.inside.test')).status === 200)
  expect((await read('status.inside.test')).text).toContain('Vault')
  expect((await read('status.inside.test')).text).toContain('<p class="name">Inside</p>')
  expect((await read('status.inside.test:81', '/history.atom')).text).toContain(
    '<link href="https://status.inside.test/"/>',
  )
  const main = `status.localhost:${host.home.edgePort}`
  expect((await read(main)).text).not.toContain('Vault')
  expect((await read('x.status.inside.test')).status).toBe(404)
  await host.kill()
  await host.ensure()
  await waitUntil('it is served', async () => (await read('status.inside.test')).status === 200)
  const form = { method: 'POST', body: 'email=ada%40example.com&page=default' }
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const headers = { ...type, host: 'status.inside.test' }
  expect((await exchange(host, '/subscribe', { ...form, headers })).status).toBe(202)
  expect(await host.client.takeStatusRequests([])).toMatchObject([{ page: 'internal' }])
  await host.client.setStatusPages(page)
  await waitUntil('it is gone', async () => (await read('status.inside.test')).status === 404)
})

test('a private page answers nothing without its password, under any name', async () => {
  const [password, at] = ['aaaaa-bbbbb-ccccc-ddddd', 'acme.test']
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')
  const vault = page.components.map((one) => ({ ...one, name: 'Vault' }))
  const logo = Buffer.from('a PNG').toString('base64')
  const acme = (password: string | null) => ({
    ...{ ...page, title: 'Acme', name: 'acme', url: `https://${at}`, theme: { logo } },
    ...{ isLocal: false, password, components: vault },
  })
  const set = (of: string | null) => host.client.setStatusPages({ ...page, others: [acme(of)] })
  const ask = (file: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    exchange(host, file, { ...(init as object), headers: { host: at, ...headers } })
  await set(hash(password))
  await waitUntil('it is served', async () => (await ask('/')).status === 403)
  const files = ['/', '/index.html', '/logo.png', '/subscribe', '/incidents/3', '/history.atom']
  files.push('/api/v2/summary.json', '/badge.svg', '/badge/shop-production.svg', '/none')
  const main = `status.localhost:${host.home.edgePort}`
  const forged = { 'x-forwarded-host': main, 'x-forwarded-for': '127.0.0.1' }
  for (const file of files)
    for (const more of [{}, forged, { host: `${at}:80` }, { cookie: 'fairlead_status=9e15.x' }]) {
      const answer = await ask(file, more)
      expect([401, 403]).toContain(answer.status)
      expect(answer.text).not.toMatch(/Vault|Acme|PNG/)
      expect(answer.headers['cache-control']).toBe('no-store')
    }
  for (const other of [main, `x.${at}`, `${at}.`, 'localhost'])
    expect((await ask('/api/v2/summary.json', { host: other })).text).not.toContain('Vault')
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const post = (file: string, body: string, headers: Record<string, string> = {}) =>
    ask(file, { ...type, ...headers }, { method: 'POST', body })
  expect((await post('/subscribe', 'email=eve%40example.com')).status).toBe(403)
  expect(await host.client.takeStatusRequests([])).not.toContainEqual(
    expect.objectContaining({ email: 'eve@example.com' }),
  )
  expect((await post('/sign-in', 'password=wrong')).text).toContain('The password is wrong.')
  const signedIn = await post('/sign-in', `password=${password}&to=//evil.test`)
  expect([signedIn.status, signedIn.headers['location']]).toEqual([303, '/'])
  const set0 = String(signedIn.headers['set-cookie'])
  expect(set0).toContain('HttpOnly; SameSite=Lax')
  const cookie = set0.split(';')[0] ?? ''
  const read = await ask('/api/v2/summary.json', { cookie })
  expect(read.text).toContain('Vault')
  expect(read.headers).toMatchObject({ 'cache-control': 'private, no-cache' })
  expect(read.headers['access-control-allow-origin']).toBeUndefined()
  const basic = (text: string) => `Basic ${Buffer.from(`x:${text}`).toString('base64')}`
  const atom = (text: string) => ask('/history.atom', { authorization: basic(text) })
  expect((await atom(password)).text).toContain('<feed')
  expect((await atom('wrong')).headers['www-authenticate']).toContain('Basic')
  // The next host process knows the session; another password ends it.
  await host.kill()
  await host.ensure()
  await waitUntil('it is served', async () => (await ask('/', { cookie })).status === 200)
  await set(hash('another'))
  expect((await ask('/', { cookie })).status).toBe(403)
  for (let i = 0; i < 60; i += 1) await post('/sign-in', 'password=wrong')
  expect((await post('/sign-in', 'password=another')).status).toBe(429)
  await set(null)
  expect((await ask('/')).text).toContain('Vault')
})

test('other sites may frame the embed, and nothing else', async () => {
  const { server, get, text } = await open(join(folder, 'embed'))
  server.set(page)
  const policyOf = async (path: string) =>
    (await get(path)).headers.get('content-security-policy') ?? ''
  expect(await policyOf('/embed')).toContain('frame-ancestors *')
  expect(await policyOf('/embed')).toContain("default-src 'none'")
  expect(await policyOf('/')).toContain("frame-ancestors 'none'")
  expect(await text('/embed')).toContain('Everything is operational')
  steady += 60_001
  expect(await text('/embed')).toContain('Unknown')
})
