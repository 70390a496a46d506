import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorDetail } from '#contract/error/error.ts'
import { ask, endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { launchBrowser } from './support/browser.ts'
import { requires } from './support/programs.ts'
import { isLong } from './support/scale.ts'

const execute = promisify(execFile)

/** Throws at /throw, and shows at /dsn what an SDK reads from its environment. */
const server = `
function total(cart) {
  return cart.price.amount
}
require('node:http').createServer((request, response) => {
  const own = Object.entries(process.env).filter(([name]) => name.startsWith('SENTRY_'))
  if (request.url === '/dsn') return response.end(JSON.stringify(Object.fromEntries(own)))
  if (request.url === '/page')
    return response.writeHead(200, { 'content-type': 'text/html' }).end(
      '<script>dsn = "' + process.env.SENTRY_DSN + '"</script>' +
        '<script src="/assets/page.js"></script>')
  if (request.url === '/assets/page.js')
    return require('node:fs').createReadStream('assets/page.js').pipe(response)
  try { if (request.url === '/throw') total({}) } catch (error) { console.error(error) }
  response.end('ok')
}).listen(process.env.PORT, '127.0.0.1')
`
/** \`source.ts\` as a bundler makes it: one line, and a map from its column 20 to line 3. */
const built = 'function f(){throw 1}function g(){f()}g()\n'
const map = JSON.stringify({
  ...{ version: 3, file: 'app-4f3a2b1c.js', sources: ['../source.ts'], names: ['total'] },
  mappings: 'aAEAA',
})
/** The script of a page, which a bundler changes into one line. */
const page = `import * as Sentry from '@sentry/browser'
interface Cart { price?: { amount: number } }
Sentry.init({ dsn: (globalThis as unknown as { dsn: string }).dsn })
function total(cart: Cart): number {
  if (!cart.price) throw new RangeError('the cart has no price')
  return cart.price.amount
}
setTimeout(() => total({}), 0)
`
const source = '// one\nexport function total() {\n  throw new Error()\n}\n'

let installation: Installation
let repository: Repository
let variables: Record<string, string> = {}
let dsn: URL

beforeAll(async () => {
  installation = await startInstallation({ env: { FAIRLEAD_ERRORS_SECONDS: '0.3' } })
  repository = await makeRepository({
    'server.js': server,
    'assets/app-4f3a2b1c.js': built,
    'assets/app-4f3a2b1c.js.map': map,
    'source.ts': source,
    'fairlead.yaml': 'services: {web: {run: exec node server.js, health: /health}}\n',
  })
  await push(installation, 'shop', repository)
  await endedRun(installation, 1)
  const { text } = await ask(installation, 'shop', 'production', '/dsn')
  variables = JSON.parse(text) as Record<string, string>
  dsn = new URL(variables['SENTRY_DSN'] ?? '')
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

const send = (body: Buffer | string, headers: Record<string, string> = {}, key = dsn.username) =>
  fetch(`${installation.url}/api${dsn.pathname}/envelope/?sentry_key=${key}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain;charset=UTF-8', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  })
const eventOf = (type: string, more: object = {}): string => {
  const event = JSON.stringify({
    ...{ event_id: 'ab'.repeat(16), platform: 'node', release: variables['SENTRY_RELEASE'] },
    ...{ server_name: 'web', user: { id: 'ada' } },
    exception: { values: [{ type, value: 'x' }] },
    ...more,
  })
  return `{"event_id":"${'ab'.repeat(16)}"}\n{"type":"event"}\n${event}\n`
}
async function detailOf(text: string): Promise<ErrorDetail> {
  let found: ErrorDetail | null = null
  await waitFor(`the error ${text} is there`, async () => {
    const [error] = (await installation.client.listErrors({ query: { text } })).errors
    if (error) found = await installation.client.getError({ params: { error: error.id } })
    return found !== null
  })
  return found!
}

test('an exception in the output of a service is found, with its line', async () => {
  await ask(installation, 'shop', 'production', '/throw')
  const detail = await detailOf('total in server.js')
  expect(detail).toMatchObject({ type: 'TypeError', count: 1, newIn: ['production'] })
  expect(detail.frames[0]).toMatchObject({ function: 'total', path: 'server.js', line: 3 })
  expect(detail.frames[0]?.source?.lines).toContain('  return cart.price.amount')
  expect(detail.releases[0]?.sha).toBe((await repository.git('rev-parse', 'HEAD')).trim())
  const { stdout } = await installation.cli('errors', 'show', String(detail.id))
  expect(stdout).toMatch(/→ total server\.js:3/)
  expect((await installation.cli('errors', 'shop', '--fresh')).stdout).toMatch(/new +1×/)
})

test('services get their address, their exact release and their name', () => {
  expect(dsn.href).toMatch(/^http:\/\/[0-9a-f]{32}@localhost:\d+\/\d+$/)
  expect(variables).toMatchObject({ SENTRY_ENVIRONMENT: 'production', SENTRY_NAME: 'web' })
  expect(variables['SENTRY_RELEASE']).toMatch(/^shop@\d+\+[0-9a-f]{12}$/)
})

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
] as const)(
  'an envelope may be compressed by %s; the release is exact',
  async (encoding, compress) => {
    const type = `Sent${encoding}Error`
    const sent = await send(compress(Buffer.from(eventOf(type))), { 'content-encoding': encoding })
    expect([sent.status, await sent.json()]).toEqual([200, { id: 'ab'.repeat(16) }])
    const { releases, people, event } = await detailOf(type)
    const release = Number(/@(\d+)/.exec(variables['SENTRY_RELEASE'] ?? '')?.[1])
    expect(releases).toMatchObject([{ environment: 'production', release }])
    expect([people, event?.service, event?.source]).toEqual([1, 'web', 'sdk'])
  },
)

test('pages of any site may send; a wrong key, no envelope, and too much are refused', async () => {
  const origin = { origin: 'https://shop.example', 'sec-fetch-site': 'cross-site' }
  const sent = await send(eventOf('PageError', { release: undefined }), origin)
  expect(sent.headers.get('access-control-allow-origin')).toBe('*')
  expect(await detailOf('PageError')).toMatchObject({ environments: ['production'] })
  expect((await send(eventOf('X'), {}, 'f'.repeat(32))).status).toBe(401)
  expect((await send('no envelope')).status).toBe(400)
  expect((await send('x'.repeat(2_000_000))).status).toBe(413)
  const bomb = gzipSync(Buffer.alloc(20_000_000))
  expect((await send(bomb, { 'content-encoding': 'gzip' })).status).toBe(413)
  const { dropped } = await installation.client.listErrors({ query: {} })
  expect(dropped).toContainEqual({ app: 'shop', reason: 'size', count: 1 })
  const url = `${installation.url}/api${dsn.pathname}/envelope/`
  expect((await fetch(url, { method: 'OPTIONS', headers: origin })).status).toBe(204)
})

test('the older endpoint is accepted, and frames are mapped to their sources', async () => {
  const frame = { filename: 'https://shop.example/assets/app-4f3a2b1c.js', lineno: 1, colno: 14 }
  const exception = { values: [{ type: 'BuiltError', stacktrace: { frames: [frame] } }] }
  const sent = await fetch(`${installation.url}/api${dsn.pathname}/store/`, {
    method: 'POST',
    headers: { 'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${dsn.username}` },
    body: JSON.stringify({ platform: 'javascript', exception }),
  })
  expect(sent.status).toBe(200)
  const { frames } = await detailOf('BuiltError')
  expect(frames[0]).toMatchObject({ path: 'source.ts', line: 3, isOwn: true })
})

test('an app that sends too much is answered as Sentry does', async () => {
  const { dsn: address } = await installation.client.getErrorKey({ params: { app: 'shop' } })
  const limited: Response[] = []
  // However many requests a slow machine needs to be faster than what the limit allows per second.
  while (limited.length === 0) {
    const sent = await Promise.all(Array.from({ length: 200 }, () => send('{}\n')))
    limited.push(...sent.filter(({ status }) => status === 429))
  }
  expect(address).toBe(variables['SENTRY_DSN'])
  expect(limited[0]?.headers.get('x-sentry-rate-limits')).toMatch(/^\d+:error:key$/)
  expect(Number(limited[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
  await waitFor('it is reported', async () => {
    await send('{}\n')
    const { dropped } = await installation.client.listErrors({ query: {} })
    return dropped.some(({ reason }) => reason === 'rate')
  })
})

/** They are fetched, which `npm test` does not do. */
const describeLong = isLong ? describe : () => undefined

describeLong('the official SDKs', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-sdk-'))
    // The limit of the test before is over.
    await waitFor('events may come again', async () => (await send('{}\n')).status === 200)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const env = () => ({ PATH: process.env['PATH'], HOME: folder, ...variables })

  test('of Node and for browsers need nothing but the environment', async () => {
    await writeFile(join(folder, 'package.json'), '{"type": "module"}')
    await execute(
      'npm',
      [
        'install',
        '--no-audit',
        '--ignore-scripts',
        '@sentry/node@11.12.0',
        '@sentry/browser@11.12.0',
      ],
      { cwd: folder },
    )
    await writeFile(
      join(folder, 'node.js'),
      `import * as Sentry from '@sentry/node'
Sentry.init()
Sentry.setUser({ id: '7', email: 'ada@example.com' })
Sentry.addBreadcrumb({ category: 'cart', message: 'added tea' })
class NodeSdkError extends Error { name = 'NodeSdkError' }
Sentry.captureException(new NodeSdkError('from Node'))
await Sentry.flush(5000)`,
    )
    await execute('node', ['node.js'], { cwd: folder, env: env() })
    const node = await detailOf('NodeSdkError')
    expect(node).toMatchObject({ message: 'from Node', people: 1, environments: ['production'] })
    expect(node.event?.details.breadcrumbs).toMatchObject([{ message: 'added tea' }])
    await writeFile(
      join(folder, 'browser.js'),
      `import * as Sentry from '@sentry/browser'
Sentry.init({ dsn: process.env.SENTRY_DSN })
class BrowserSdkError extends Error { name = 'BrowserSdkError' }
Sentry.captureException(new BrowserSdkError('from a page'))
await Sentry.flush(5000)`,
    )
    await execute('node', ['browser.js'], { cwd: folder, env: env() })
    expect(await detailOf('BrowserSdkError')).toMatchObject({ environments: ['production'] })
  })

  test(
    'for browsers reports from a page of Chromium, with the line of the source',
    requires('chromium'),
    async () => {
      await mkdir(join(folder, 'src'))
      await writeFile(join(folder, 'src/page.ts'), page)
      await build({
        ...{ root: folder, configFile: false, logLevel: 'silent' },
        build: {
          ...{ outDir: 'assets', sourcemap: true },
          rollupOptions: {
            input: join(folder, 'src/page.ts'),
            output: { entryFileNames: 'page.js', format: 'iife' },
          },
        },
      })
      const read = (path: string) => readFile(join(folder, path), 'utf8')
      await repository.commit({
        'src/page.ts': page,
        'assets/page.js': await read('assets/page.js'),
        'assets/page.js.map': await read('assets/page.js.map'),
      })
      await push(installation, 'shop', repository)
      await endedRun(installation, 2)
      const browser = await launchBrowser()
      try {
        const tab = await browser.newPage()
        await tab.goto(`http://shop.production.localhost:${installation.edgePort}/page`)
        const detail = await detailOf('the cart has no price')
        expect(detail.frames[0]).toMatchObject({ path: 'src/page.ts', line: 5, isOwn: true })
        expect(detail.frames[0]?.source?.lines).toContain(
          "  if (!cart.price) throw new RangeError('the cart has no price')",
        )
        expect(detail.event?.details.request).toContain('/page')
        expect(detail.releases[0]?.sha).toBe((await repository.git('rev-parse', 'HEAD')).trim())
      } finally {
        await browser.close()
      }
    },
  )

  test('of Python needs nothing but the environment', async () => {
    const packages = join(folder, 'packages')
    await execute('pip', ['install', '--quiet', '--target', packages, 'sentry-sdk==2.75.0'])
    await writeFile(
      join(folder, 'app.py'),
      `import sentry_sdk
sentry_sdk.init()
def total():
    raise KeyError("tea")
try:
    total()
except KeyError:
    sentry_sdk.capture_exception()
sentry_sdk.flush()`,
    )
    await execute('python3', ['app.py'], { cwd: folder, env: { ...env(), PYTHONPATH: packages } })
    const detail = await detailOf('KeyError')
    expect(detail).toMatchObject({ language: 'python', place: 'total in app.py' })
    expect(detail.releases).toMatchObject([{ environment: 'production' }])
  })
})
