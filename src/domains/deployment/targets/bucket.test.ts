import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '#platform/clock.ts'
import { createLogger } from '#platform/log.ts'
import { createHostClient } from '#platform/process/host-client.ts'
import { packSite, siteRelease } from '../../../../test/support/site.ts'
import { startStore, type TestStore } from '../../../../test/support/bucket.ts'
import type { OpenBucket } from '../open-bucket.ts'
import type { ReleaseSpec, Target, TargetIo } from '../target.ts'
import bucketTarget from './bucket.ts'
import { noRemote } from '../../../../test/support/host.ts'

const root = mkdtempSync(join(tmpdir(), 'fairlead-bucket-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const layout = join(root, 'artifacts')
let store: TestStore
let opened: OpenBucket
let io: TargetIo
beforeEach(async () => {
  store = await startStore()
  opened = store.open('site')
  io = {
    artifacts: layout,
    host: createHostClient(join(root, 'no-host.sock')),
    remote: noRemote,
    ...{ edgePort: 0, machine: {}, keepFree: 0, publishFolders: [] },
    ...{ remoteFolders: [], ssh: { config: null, env: {} }, failures: new Map() },
    buckets: new Map([['site', opened]]),
    fetch,
    clock: systemClock,
    log: createLogger(() => undefined),
  }
})
afterEach(() => store.close())

const open = (prefix = 'shop/'): Target => bucketTarget.open({ bucket: 'site', prefix }, io)
const shop = { app: 'shop', environment: 'production' }

type Files = Record<string, string>
const artifactOf = (files: Files): Promise<string> => packSite(layout, files)
const release = siteRelease

/** A site whose page names its assets, like the output of a bundler. */
const site = (version: string, more: Files = {}): Files => ({
  'index.html': `<script src="/assets/app-${version}.js">`,
  [`assets/app-${version}.js`]: version,
  'assets/logo.svg': '<svg/>',
  ...more,
})

async function deploy(number: number, files: Files, epoch = 1): Promise<ReleaseSpec> {
  const spec = release(number, await artifactOf(files), epoch)
  await open().start(spec)
  await open().route(spec, spec.fence)
  return spec
}

async function deployFails(number: number, files: Files): Promise<string> {
  const spec = release(number, await artifactOf(files))
  await open().start(spec)
  return reasonOf(spec)
}

/** What visitors get, without what Fairlead keeps. */
const visible = (): Files =>
  Object.fromEntries(
    [...store.objects]
      .filter(([key]) => key.startsWith('shop/') && !key.includes('.fairlead/'))
      .map(([key, { bytes }]): [string, string] => [key.slice('shop/'.length), bytes.toString()])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )

const reasonOf = async (spec: ReleaseSpec, target = open()): Promise<string> => {
  const { state, reason } = await target.report(spec, 0)
  expect(state).toBe('failed')
  return reason ?? ''
}

test('a site is published with types, and not before it gets the traffic', async () => {
  const spec = release(1, await artifactOf(site('1', { 'a b/ü.txt': 'x', '.env': 'secret' })))
  await open().start(spec)
  expect(visible()).toEqual({})
  await open().route(spec, spec.fence)
  expect(visible()).toEqual(site('1', { 'a b/ü.txt': 'x' }))
  expect(store.objects.get('shop/index.html')?.headers).toEqual({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
  })
  expect(readdirSync(join(root, 'drafts'))).toEqual([])
})

test('_headers are kept with the objects; what a bucket cannot do is a reason', async () => {
  const own = '/assets/*\n  Cache-Control: max-age=60\n/\n  Cache-Control: max-age=5'
  await deploy(1, site('1', { _headers: own }))
  const age = (path: string) => store.objects.get(`shop/${path}`)?.headers['cache-control']
  expect([age('assets/logo.svg'), age('index.html')]).toEqual(['max-age=60', 'max-age=5'])
  expect(Object.keys(visible())).not.toContain('_headers')
  const frame = await deployFails(2, site('2', { _headers: '/\n  X-Frame-Options: DENY' }))
  expect(frame).toBe('a bucket cannot send the header `x-frame-options` of _headers')
  expect(await deployFails(3, site('3', { _redirects: '/a /b' }))).toContain('`_redirects`')
  expect(visible()['index.html']).toContain('app-1')
})

test('assets come before pages, and deletions last; unchanged files are not written', async () => {
  await deploy(1, site('1', { 'old.html': 'x' }))
  store.changes.length = 0
  await deploy(2, site('2'))
  const changes = store.changes.filter((one) => !one.includes('.fairlead/'))
  expect(changes).toEqual([
    'PUT shop/assets/app-2.js',
    'PUT shop/index.html',
    'DELETE shop/old.html',
  ])
  // A browser that shows the page of release 1 still finds its script.
  expect(visible()).toEqual({ ...site('2'), 'assets/app-1.js': '1' })
})

test('the assets of a release go with the deployment after its removal', async () => {
  const one = await deploy(1, site('1'))
  await deploy(2, site('2'))
  await open().remove(one, { deployment: 2, epoch: 1 })
  expect([...store.objects.keys()].filter((key) => key.includes('releases/1/'))).toEqual([])
  await deploy(3, site('3'))
  expect(Object.keys(visible())).not.toContain('assets/app-1.js')
  expect(Object.keys(visible())).toContain('assets/app-2.js')
})

test('a rollback needs no artifact and no upload', async () => {
  const one = await deploy(1, site('1'))
  await deploy(2, site('2'))
  await open().stop(one, { deployment: 2, epoch: 1 })
  const back = { ...one, artifact: `sha256:${'0'.repeat(64)}`, fence: { deployment: 3, epoch: 1 } }
  await open().start(back)
  await open().route(back, back.fence)
  expect(visible()).toMatchObject(site('1'))
  expect((await open().report(back, 0)).routed).toBe(true)
})

test('a server that dies at any request leaves a site that works, and is repeated', async () => {
  await deploy(1, site('1', { 'old.html': 'x', 'assets/same.js': 'one' }))
  const spec = release(2, await artifactOf(site('2', { 'assets/same.js': 'two', 'new.html': 'y' })))
  const fence = (attempt: number) => ({ deployment: 2, epoch: attempt })
  let deaths = 0
  for (let attempt = 1; ; attempt++) {
    let left = attempt
    store.refuse = (method) => (method !== 'GET' && left-- <= 0 ? 403 : null)
    const run = { ...spec, fence: fence(attempt) }
    try {
      await open().start(run)
      if ((await open().report(run, 1)).state === 'ready') {
        await open().route(run, run.fence)
        break
      }
      deaths++
    } catch {
      deaths++
    }
    const [, script = ''] = /src="\/([^"]+)"/.exec(visible()['index.html'] ?? '') ?? []
    expect(visible()[script], `after ${attempt} changes`).toBeDefined()
  }
  expect(deaths).toBeGreaterThan(8)
  expect(visible()).toEqual({
    ...site('2', { 'assets/same.js': 'two', 'new.html': 'y' }),
    'assets/app-1.js': '1',
  })
})

test('a server that dies at any request does not spoil a rollback', async () => {
  let deaths = -1
  const [first, second] = [
    site('1', { 'old.html': 'x', 'assets/same.js': 'one' }),
    site('2', { 'assets/same.js': 'two' }),
  ]
  for (let attempt = 0, hasDied = true; hasDied; attempt += 1) {
    const one = await deploy(1, first)
    const two = release(2, await artifactOf(second))
    await open().start(two)
    let left = attempt
    deaths += 1
    store.refuse = (method) => (method !== 'GET' && left-- <= 0 ? 403 : null)
    hasDied = await open()
      .route(two, two.fence)
      .then(
        () => false,
        () => true,
      )
    store.refuse = () => null
    await open().route(one, { deployment: 3, epoch: 1 })
    const { 'assets/app-2.js': _kept, ...rest } = visible()
    expect(rest, `after ${attempt} changes`).toEqual(first)
    await open().removeEnvironment(shop)
  }
  expect(deaths).toBeGreaterThan(6)
})

test('a server that was replaced cannot publish', async () => {
  await deploy(1, site('1'))
  const two = release(2, await artifactOf(site('2')), 1)
  await open().start(two)
  const newer = { ...two, fence: { deployment: 2, epoch: 2 } }
  await open().start(newer)
  await expect(open().route(two, two.fence)).rejects.toMatchObject({ code: 'overtaken' })
  expect(visible()).toEqual(site('1'))
  await open().route(newer, newer.fence)
  expect(visible()['index.html']).toContain('app-2')
})

test('two servers change the state at once, and no change is lost', async () => {
  const specs = await Promise.all(
    [1, 2, 3, 4].map(async (number) => release(number, await artifactOf(site(String(number))))),
  )
  await Promise.all(specs.map((spec) => open().start(spec)))
  for (const spec of specs) expect((await open().report(spec, 1)).state).toBe('ready')
})

test('a prefix belongs to one environment, with all that is below it', async () => {
  const one = await deploy(1, site('1'))
  const other = { ...release(2, one.artifact), app: 'books' }
  for (const prefix of ['shop/', 'shop/deep/er/']) {
    await open(prefix).start(other)
    expect(await reasonOf(other, open(prefix))).toMatch(/belongs to|is inside/)
    await open(prefix).removeEnvironment(other)
    await expect(open(prefix).route(other, other.fence)).rejects.toThrow()
  }
  expect(visible()).toEqual(site('1'))
})

test('a bucket that is unknown, closed to the app or refuses the keys is a reason', async () => {
  const spec = release(1, await artifactOf(site('1')))
  io.buckets.clear()
  await open().start(spec)
  expect(await reasonOf(spec)).toContain('FAIRLEAD_BUCKETS')
  io.buckets.set('site', { ...opened, apps: ['books'] })
  await open().start(spec)
  expect(await reasonOf(spec)).toContain('`apps`')
  io.buckets.set('site', opened)
  store.refuse = () => 403
  await open().start(spec)
  expect(await reasonOf(spec)).toBe('The bucket site refused a request: 403 AccessDenied.')
  store.refuse = () => null
  await open().start(spec)
  expect((await open().report(spec, 0)).state).toBe('ready')
})

test('a store that is overloaded for a moment is tried again, else it is unavailable', async () => {
  const spec = release(1, await artifactOf(site('1')))
  let count = 0
  store.refuse = () => (count++ % 2 === 0 ? 503 : null)
  await open().start(spec)
  expect((await open().report(spec, 1)).state).toBe('ready')
  store.refuse = () => 503
  await expect(open().report(spec, 1)).rejects.toMatchObject({ code: 'unavailable' })
})

test('an environment is removed with its files, and nothing else', async () => {
  await deploy(1, site('1'))
  store.objects.set('other.html', { bytes: Buffer.from('x'), headers: {} })
  await open().removeEnvironment(shop)
  expect([...store.objects.keys()]).toEqual(['other.html'])
})
