import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '#platform/clock.ts'
import { createLogger } from '#platform/log.ts'
import { pack } from '#platform/oci/oci.ts'
import { createHostClient } from '#platform/process/host-client.ts'
import { ask, endedRun, push } from '../../../../test/support/app.ts'
import { siteRelease } from '../../../../test/support/site.ts'
import { startStore, type TestStore } from '../../../../test/support/bucket.ts'
import { type Installation, startInstallation } from '../../../../test/support/installation.ts'
import { makeRepository, type Repository } from '../../../../test/support/repository.ts'
import { waitFor } from '../../../../test/support/wait.ts'
import type { ReleaseSpec, Target, TargetIo } from '../target.ts'
import staticTarget from './static.ts'
import { longTest } from '../../../../test/support/scale.ts'
import { noRemote } from '../../../../test/support/host.ts'

const root = mkdtempSync(join(tmpdir(), 'fairlead-static-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const layout = join(root, 'artifacts')
let publish: string
let io: TargetIo
beforeEach(() => {
  publish = mkdtempSync(join(root, 'publish-'))
  io = {
    artifacts: layout,
    host: createHostClient(join(root, 'no-host.sock')),
    edgePort: 0,
    remote: noRemote,
    machine: {},
    keepFree: 0,
    publishFolders: [publish],
    ...{ remoteFolders: [], ssh: { config: null, env: {} }, failures: new Map() },
    buckets: new Map(),
    fetch,
    clock: systemClock,
    log: createLogger(() => undefined),
  }
})

const open = (directory = 'shop'): Target => staticTarget.open({ directory }, io)
const shop = { app: 'shop', environment: 'production' }
const inShop = (...names: string[]): string => join(publish, 'shop', ...names)

const release = siteRelease

async function artifactOf(make: (folder: string) => void): Promise<string> {
  const folder = mkdtempSync(join(root, 'files-'))
  make(folder)
  const { digest } = await pack({
    ...{ layout, folder, include: ['**'], exclude: [], annotations: {} },
  })
  return digest
}

function write(folder: string, name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}

const page = (text: string): Promise<string> =>
  artifactOf((folder) => write(folder, 'public/index.html', text))

async function deployed(number: number, text: string): Promise<ReleaseSpec> {
  const spec = release(number, await page(text))
  await open().start(spec)
  await open().route(spec, spec.fence)
  return spec
}

const published = (): string => readFileSync(inShop('current', 'index.html'), 'utf8')

test('the site is in the directory of the service', async () => {
  const spec = release(1, await artifactOf((to) => write(to, 'apps/web/public/index.html', 'one')))
  const services = spec.services.map((one) => ({ ...one, directory: 'apps/web' }))
  await open().start({ ...spec, services })
  await open().route(spec, spec.fence)
  expect(published()).toBe('one')
})

describe('the folder', () => {
  test('is inside a folder for publishing, not above, beside or through a link', async () => {
    const spec = release(1, await page('one'))
    symlinkSync(tmpdir(), join(publish, 'link'))
    for (const directory of ['.', '..', '../beside', '/etc', 'link/evil', 'a/../..']) {
      await open(directory).start(spec)
      const { state, reason } = await open(directory).report(spec, 0)
      expect([state, reason], directory).toEqual(['failed', expect.stringContaining(publish)])
    }
    expect(existsSync(join(dirname(publish), 'beside'))).toBe(false)
  })

  test('belongs to one environment, with all that is in it', async () => {
    const spec = await deployed(1, 'one')
    const other = { ...release(2, spec.artifact), app: 'books' }
    for (const directory of ['shop', 'shop/releases/1/deep']) {
      await open(directory).start(other)
      expect((await open(directory).report(other, 0)).state, directory).toBe('failed')
      await open(directory).removeEnvironment(other)
      await expect(open(directory).route(other, other.fence)).rejects.toThrow()
    }
    expect(published()).toBe('one')
    expect(await open().environments()).toEqual([shop])
  })
})

describe('a release', () => {
  test('fails when the disk has no space besides what has to stay free', async () => {
    const spec = release(1, await page('one'))
    const target = staticTarget.open({ directory: 'shop' }, { ...io, keepFree: 2 ** 60 })
    await target.start(spec)
    const { state, reason } = await target.report(spec, 0)
    expect([state, reason]).toEqual(['failed', expect.stringContaining('that Fairlead keeps free')])
  })

  test('is not served before it has the traffic, and is switched by one link', async () => {
    await deployed(1, 'one')
    const two = release(2, await page('two'))
    await open().start(two)
    expect(published()).toBe('one')
    await open().route(two, two.fence)
    expect(published()).toBe('two')
    expect(readlinkSync(inShop('current'))).toBe('releases/2')
    expect(readdirSync(inShop()).sort()).toEqual(['.fairlead.json', 'current', 'releases'])
  })

  test('fails when a link leads out of what is published', async () => {
    const outside = await artifactOf((folder) => {
      write(folder, 'public/index.html', 'x')
      write(folder, 'private/key', 'secret')
      symlinkSync('../private/key', join(folder, 'public', 'key'))
    })
    const through = await artifactOf((folder) => {
      write(folder, 'public/a/b/index.html', 'x')
      symlinkSync('../..', join(folder, 'public', 'a', 'b', 'top'))
      symlinkSync('top/../private/key', join(folder, 'public', 'a', 'b', 'key'))
      write(folder, 'private/key', 'secret')
    })
    for (const [number, artifact] of [outside, through].entries()) {
      const spec = release(number + 1, artifact)
      await open().start(spec)
      const { state, reason } = await open().report(spec, 0)
      expect([state, reason]).toEqual(['failed', expect.stringContaining('does not end inside')])
      expect(existsSync(inShop('releases', String(number + 1)))).toBe(false)
    }
  })

  test('fails when a link ends inside only because of the name of the folder', async () => {
    const names = ['public', '2', 'artifact', 'releases']
    for (const [index, name] of names.entries()) {
      const artifact = await artifactOf((folder) => {
        write(folder, `${name}/index.html`, 'x')
        symlinkSync(`../${name}/index.html`, join(folder, name, 'again.html'))
      })
      const spec = release(index + 1, artifact)
      const services = spec.services.map((service) => ({ ...service, static: name }))
      await open().start({ ...spec, services })
      const { state, reason } = await open().report(spec, 0)
      expect([name, state]).toEqual([name, 'failed'])
      expect(reason).toBe(`the link \`again.html\` does not end inside the folder \`${name}\``)
    }
    expect(readdirSync(inShop())).toEqual(['.fairlead.json'])
  })

  test('is published once when two servers start it, by the newer one', async () => {
    const artifact = await page('one')
    const starts = [1, 2].map((epoch) => open().start(release(1, artifact, epoch)))
    expect((await Promise.allSettled(starts)).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
    ])
    expect(readdirSync(inShop('releases'))).toEqual(['1'])
    expect(readdirSync(inShop()).toSorted()).toEqual(['.fairlead.json', 'releases'])
    await Promise.all([1, 2].map(() => open().start(release(2, artifact))))
    expect((await open().report(release(2, artifact), 0)).state).toBe('ready')
  })

  test('fails when its folder is missing or empty', async () => {
    const empty = await artifactOf((folder) => {
      mkdirSync(join(folder, 'public'))
      write(folder, 'other/file', 'x')
    })
    const none = await artifactOf((folder) => write(folder, 'other/file', 'x'))
    for (const [number, artifact] of [empty, none].entries()) {
      const spec = release(number + 1, artifact)
      await open().start(spec)
      expect((await open().report(spec, 0)).state).toBe('failed')
    }
  })

  test('keeps links inside of what is published', async () => {
    const artifact = await artifactOf((folder) => {
      write(folder, 'public/v2/index.html', 'new')
      symlinkSync('v2/index.html', join(folder, 'public', 'index.html'))
    })
    const spec = release(1, artifact)
    await open().start(spec)
    await open().route(spec, spec.fence)
    expect(published()).toBe('new')
  })
})

describe('a process that is killed between two steps', () => {
  test('while it unpacks: the start is repeated', async () => {
    const spec = release(1, await page('one'))
    write(inShop(), '.unpacked-1-1-1-abcdef/artifact/public/half.html', 'half')
    await open().start({ ...spec, fence: { deployment: 1, epoch: 2 } })
    await open().route(spec, { deployment: 1, epoch: 2 })
    expect(published()).toBe('one')
    expect(readdirSync(inShop('releases', '1'))).toEqual(['index.html'])
    expect(readdirSync(inShop()).toSorted()).toEqual(['.fairlead.json', 'current', 'releases'])
  })

  test('before the link is renamed: the switch is repeated', async () => {
    await deployed(1, 'one')
    const two = release(2, await page('two'))
    await open().start(two)
    symlinkSync('releases/2', inShop(`.current-${process.pid}`))
    expect(published()).toBe('one')
    await open().route(two, two.fence)
    expect(published()).toBe('two')
  })

  test('while it deletes: the release is gone, and can be started again', async () => {
    const one = await deployed(1, 'one')
    await deployed(2, 'two')
    write(inShop(), '.removed-1/rest.html', 'rest')
    await open().remove(one, { deployment: 2, epoch: 1 })
    expect((await open().report(one, 0)).state).toBe('missing')
    await open().start({ ...one, fence: { deployment: 3, epoch: 1 } })
    expect((await open().report(one, 0)).state).toBe('ready')
  })

  test('while it removes the environment: the rest goes with the repetition', async () => {
    await deployed(1, 'one')
    rmSync(inShop('current'))
    rmSync(inShop('releases'), { recursive: true })
    await open().removeEnvironment(shop)
    expect(readdirSync(inShop())).toEqual([])
  })
})

describe('an environment with the target static', () => {
  let installation: Installation
  let repository: Repository
  const folder = join(root, 'www')
  const site = (
    text: string,
    target = '{kind: static, directory: site, url: "https://site.example.com"}',
  ) => ({
    'public/index.html': text,
    'fairlead.yaml': `
services: {web: {static: public}}
artifact: [public]
environments: {production: {target: ${target}, watch: 0s}}
`,
  })
  const read = (): string => readFileSync(join(folder, 'site', 'current', 'index.html'), 'utf8')
  const production = () =>
    installation.client.getEnvironment({ params: { app: 'site', environment: 'production' } })
  const deliver = async (files: Record<string, string>): Promise<void> => {
    await repository.commit(files)
    await push(installation, 'site', repository)
    await lastRunEnds()
  }
  const lastRunEnds = async (): Promise<void> => {
    const { runs } = await installation.client.listRuns({ query: { app: 'site' } })
    expect(await endedRun(installation, runs[0]?.id ?? 0)).toMatchObject({ reason: null })
  }

  let store: TestStore
  beforeAll(async () => {
    store = await startStore()
    const buckets = join(root, 'buckets.yaml')
    const keys = 'bucket: site, accessKey: test-key, secretKey: test-secret'
    writeFileSync(buckets, `cdn: {endpoint: "${store.url}", ${keys}}`, { mode: 0o600 })
    installation = await startInstallation({
      env: { FAIRLEAD_PUBLISH_FOLDERS: folder, FAIRLEAD_BUCKETS: buckets },
    })
    repository = await makeRepository(site('one'))
  })
  afterAll(async () => {
    await installation.stop()
    await store.close()
    await repository.remove()
  })

  test('is published by a push', async () => {
    await deliver(site('one'))
    expect(read()).toBe('one')
    expect(await production()).toMatchObject({
      health: 'healthy',
      urls: ['https://site.example.com'],
      target: { kind: 'static', capabilities: [] },
      current: { url: 'https://site.example.com' },
    })
  })

  test('is replaced by the next push, while every reader finds a page', async () => {
    const seen = new Set<string>()
    const reader = setInterval(() => seen.add(read()), 1)
    await deliver(site('two'))
    clearInterval(reader)
    expect([...seen].filter((text) => !['one', 'two'].includes(text))).toEqual([])
    expect(read()).toBe('two')
  })

  test('returns to the release before by a rollback', async () => {
    expect((await installation.cli('rollback', 'site', 'production')).code).toBe(0)
    await waitFor('the first page is back', async () => read() === 'one')
    await waitFor('it is recorded', async () => (await production()).pending.length === 0)
  })

  longTest('is published after the server was killed on the way', async () => {
    await repository.commit(site('three'))
    await push(installation, 'site', repository)
    await installation.killServer()
    await installation.start()
    await lastRunEnds()
    expect(read()).toBe('three')
  })

  test('moves to another target and back, and leaves nothing on the former one', async () => {
    const before = read()
    await deliver(site('four', 'process'))
    expect(await ask(installation, 'site', 'production')).toEqual({ status: 200, text: 'four' })
    await waitFor('the folder is empty', async () => !existsSync(join(folder, 'site', 'current')))
    expect((await production()).target.kind).toBe('process')
    expect((await installation.cli('rollback', 'site', 'production')).code).toBe(0)
    await waitFor('the page before is back', async () => {
      return existsSync(join(folder, 'site', 'current')) && read() === before
    })
    await waitFor(
      'the process is gone',
      async () => (await ask(installation, 'site', 'production')).status >= 400,
    )
    expect((await production()).urls).toEqual(['https://site.example.com'])
  })

  test('moves to a bucket', async () => {
    await deliver(site('five', '{kind: bucket, bucket: cdn, prefix: site/}'))
    expect(store.objects.get('site/index.html')?.bytes.toString()).toBe('five')
    await waitFor('the folder is empty', async () => !existsSync(join(folder, 'site', 'current')))
    expect((await production()).health).toBe('healthy')
  })

  test('is removed with its app', async () => {
    await installation.client.deleteApp({ params: { app: 'site' } })
    expect(existsSync(join(folder, 'site', 'current'))).toBe(false)
    expect([...store.objects.keys()]).toEqual([])
  })
})
