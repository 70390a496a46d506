import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TargetCapability } from '#contract/deployment/target.ts'
import { systemClock } from '#platform/clock.ts'
import { createLogger } from '#platform/log.ts'
import { pack } from '#platform/oci/oci.ts'
import { sshVariables } from '#platform/ssh/ssh.ts'
import { startStore, type TestStore } from '../../../test/support/bucket.ts'
import { noRemote, startHost, type TestHost } from '../../../test/support/host.ts'
import { isInstalled } from '../../../test/support/programs.ts'
import { isLong } from '../../../test/support/scale.ts'
import { type SshMachines, startSshMachines } from '../../../test/support/sshd.ts'
import { createTargets, type OpenTarget } from './open-targets.ts'
import type { Fence, ReleaseSpec, TargetDefinition, TargetIo } from './target.ts'
import { targets } from './targets.generated.ts'

let host: TestHost
let publish: string
let store: TestStore
let ssh: SshMachines | null = null
let io: TargetIo
let artifact: string

/** The target over SSH takes ten seconds, and is tested among the long tests. */
const canRsync = isLong && isInstalled('sshd') && isInstalled('rsync')
const isTested = ({ kind }: TargetDefinition): boolean => kind !== 'rsync' || canRsync

beforeAll(async () => {
  host = await startHost()
  store = await startStore()
  if (canRsync) ssh = await startSshMachines(['site-machine'])
  publish = mkdtempSync(join(tmpdir(), 'fairlead-publish-'))
  io = {
    artifacts: host.home.artifacts,
    host: host.client,
    edgePort: host.home.edgePort,
    remote: noRemote,
    machine: { PATH: process.env['PATH'] ?? '' },
    keepFree: 0,
    publishFolders: [publish],
    remoteFolders: [`site-machine:${publish}`],
    ssh: { config: ssh?.config ?? null, env: sshVariables(process.env) },
    failures: new Map(),
    buckets: new Map([['site', store.open('site')]]),
    fetch,
    clock: systemClock,
    log: createLogger(() => undefined),
  }
  artifact = await packSite('<h1>Shop</h1>')
})

afterAll(async () => {
  await host.close()
  await store.close()
  await ssh?.remove()
  rmSync(publish, { recursive: true, force: true })
})

async function packSite(text: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-site-'))
  mkdirSync(join(folder, 'public'))
  writeFileSync(join(folder, 'public', 'index.html'), text)
  const { digest } = await pack({
    ...{ layout: host.home.artifacts, folder, include: ['**'], exclude: [], annotations: {} },
  })
  rmSync(folder, { recursive: true })
  return digest
}

const app = 'shop'

function specOf(environment: string, release: number, fence: Fence): ReleaseSpec {
  return {
    ...{ app, environment, release, fence, artifact, env: {}, port: null },
    services: [
      {
        ...{ name: 'web', static: 'public', hasTraffic: true, instances: 1, directory: '.' },
        health: { path: '/', timeout: 20_000, interval: 100 },
        settle: { least: 0, most: 0 },
        ...{ env: {}, secrets: [], stop: { signal: 'SIGTERM', grace: 1000 } },
      },
    ],
  }
}

/** Starts a release, and returns the state in which the start ended. */
async function startRelease(target: OpenTarget, spec: ReleaseSpec): Promise<string> {
  await target.start(spec)
  for (;;) {
    const { state } = await target.report(spec, 5000)
    if (state !== 'starting') return state
  }
}

const overtaken = { code: 'overtaken' }

/** The example, at a place of this test. */
const settingsOf = ({ kind, example }: TargetDefinition): Record<string, unknown> =>
  kind === 'rsync' ? { folder: `site-machine:${publish}/remote` } : example

describe.each(targets.filter(isTested))('target $kind', (definition) => {
  const environment = `suite-${definition.kind}`
  const open = (): OpenTarget =>
    createTargets(targets, io).of({ kind: definition.kind, ...settingsOf(definition) })

  test('reads its example, and refuses a setting that it does not have', () => {
    expect(definition.config.safeParse(definition.example).success).toBe(true)
    expect(definition.config.safeParse({ ...definition.example, colour: 1 }).success).toBe(false)
  })

  test('describes every setting', () => {
    for (const setting of Object.values(definition.config.shape))
      expect(setting.description).toMatch(/\w+/)
  })

  test('has the same identity when opened again', () => {
    expect(open().id).toBe(open().id)
    expect(open().id.startsWith(definition.place ?? definition.kind)).toBe(true)
  })

  test('can do what its capabilities say, and nothing else', () => {
    const target = open()
    const has = (capability: TargetCapability): boolean => target.capabilities.includes(capability)
    expect(target.share !== undefined).toBe(has('share'))
    expect(target.metrics !== undefined).toBe(has('metrics'))
    expect(target.commands !== undefined).toBe(has('jobs'))
    expect(target.log !== undefined).toBe(has('log'))
  })

  test('reserves a port that no other environment has, when it listens on ports', () => {
    const request = { app, environment, wanted: undefined, current: null, taken: [] }
    const { port } = open().reserve(request)
    if (!definition.capabilities.includes('port')) return expect(port).toBeNull()
    expect(port).toBeGreaterThan(0)
    expect(open().reserve({ ...request, taken: [port ?? 0] }).port).not.toBe(port)
    expect(open().reserve({ ...request, current: 4999 }).port).toBe(4999)
    expect(open().reserve({ ...request, current: 4999, wanted: 5001 }).port).toBe(5001)
  })

  test('answers URLs, among them the main one', () => {
    const { port, url } = open().reserve({
      ...{ app, environment, wanted: undefined, current: null, taken: [] },
    })
    const urls = open().urls({ app, environment, port })
    for (const one of urls) expect(URL.canParse(one), one).toBe(true)
    if (url !== null) expect(urls).toContain(url)
  })

  test('gives two environments different URLs, when it can hold previews', () => {
    if (!definition.capabilities.includes('previews')) return
    const url = (name: string, port: number) => open().urls({ app, environment: name, port })
    expect(url('pr-1', 5001).filter((one) => url('pr-2', 5002).includes(one))).toEqual([])
  })

  test('reports a release that it does not have as missing', async () => {
    const report = await open().report({ app, environment, release: 404 }, 0)
    expect(report).toMatchObject({ state: 'missing', routed: false, instances: [] })
  })

  test('ignores stop and remove of a release that it does not have', async () => {
    const fence = { deployment: 404, epoch: 1 }
    await open().stop({ app, environment, release: 404 }, fence)
    await open().remove({ app, environment, release: 404 }, fence)
    await open().removeEnvironment({ app, environment: 'suite-none' })
    expect(await open().environments()).not.toContainEqual({ app, environment: 'suite-none' })
  })

  test('does not route traffic to a release that it does not have', async () => {
    const route = open().route({ app, environment, release: 404 }, { deployment: 404, epoch: 1 })
    await expect(route).rejects.toThrow()
  })

  test('starts a release without traffic, then routes; repeated calls change nothing', async () => {
    const target = open()
    const fence = { deployment: 1, epoch: 1 }
    const spec = specOf(environment, 1, fence)
    expect(await startRelease(target, spec)).toBe('ready')
    expect(await startRelease(target, spec)).toBe('ready')
    expect((await target.report(spec, 0)).routed).toBe(false)
    await target.route(spec, fence)
    await open().route(spec, fence)
    expect(await target.report(spec, 0)).toMatchObject({ state: 'ready', routed: true })
    expect(await target.environments()).toContainEqual({ app, environment })
  })

  test('a newer release takes the traffic, and the former one can take it back', async () => {
    const target = open()
    const [former, next] = [
      specOf(environment, 1, { deployment: 1, epoch: 1 }),
      specOf(environment, 2, { deployment: 2, epoch: 1 }),
    ]
    expect(await startRelease(target, next)).toBe('ready')
    await target.route(next, next.fence)
    expect((await target.report(former, 0)).routed).toBe(false)
    await target.stop(former, next.fence)
    await target.stop(former, next.fence)
    expect((await target.report(next, 0)).routed).toBe(true)
    const back = { ...former, fence: { deployment: 3, epoch: 1 } }
    expect(await startRelease(target, back)).toBe('ready')
    await target.route(back, back.fence)
    expect((await target.report(former, 0)).routed).toBe(true)
    await target.remove(next, back.fence)
    await target.remove(next, back.fence)
    expect((await target.report(next, 0)).state).toBe('missing')
  })

  test('keeps the release with the traffic', async () => {
    const target = open()
    const reference = { app, environment, release: 1 }
    const fence = { deployment: 3, epoch: 1 }
    await expect(target.stop(reference, fence)).rejects.toThrow()
    await expect(target.remove(reference, fence)).rejects.toThrow()
    expect(await target.report(reference, 0)).toMatchObject({ state: 'ready', routed: true })
  })

  test('refuses a lower epoch of the same deployment', async () => {
    const target = open()
    const newer = { deployment: 4, epoch: 7 }
    const older = { deployment: 4, epoch: 6 }
    const spec = specOf(environment, 4, newer)
    expect(await startRelease(target, spec)).toBe('ready')
    await expect(target.start({ ...spec, fence: older })).rejects.toMatchObject(overtaken)
    await expect(target.route(spec, older)).rejects.toMatchObject(overtaken)
    await expect(target.stop(spec, older)).rejects.toMatchObject(overtaken)
    await expect(target.remove(spec, older)).rejects.toMatchObject(overtaken)
    await expect(target.removeEnvironment(spec, older)).rejects.toMatchObject(overtaken)
    expect(await target.report(spec, 0)).toMatchObject({ state: 'ready', routed: false })
    await target.route(spec, newer)
  })

  test('fails a release whose artifact does not exist, with a reason', async () => {
    const target = open()
    const broken = specOf(environment, 5, { deployment: 5, epoch: 1 })
    broken.artifact = `sha256:${'0'.repeat(64)}`
    expect(await startRelease(target, broken)).toBe('failed')
    expect((await target.report(broken, 0)).reason).toMatch(/\w+/)
    await target.remove(broken, broken.fence)
    expect((await target.report(broken, 0)).state).toBe('missing')
  })

  test('splits the traffic and counts it, when it can', async () => {
    const target = open()
    if (!definition.capabilities.includes('share')) return expect(target.share).toBeUndefined()
    const canary = specOf(environment, 6, { deployment: 6, epoch: 1 })
    expect(await startRelease(target, canary)).toBe('ready')
    await target.share?.split(canary, 4, { release: 6, share: 0.5 }, canary.fence)
    expect(await target.share?.observations(canary, {}, 0)).toMatchObject({ next: { '': 0 } })
    const all = await target.share?.served(canary, null)
    expect(await target.share?.served(canary, { ...all!.position, run: 'another' })).toMatchObject({
      ...{ position: { run: all?.position.run }, seconds: all?.seconds },
    })
    await target.route({ ...canary, release: 4 }, canary.fence)
    await target.remove(canary, canary.fence)
  })

  test('reads the metrics of its instances, when it can', async () => {
    if (!definition.capabilities.includes('metrics')) return expect(open().metrics).toBeUndefined()
    const read = await open().metrics?.({ app, environment, release: 4 }, '/metrics', {
      names: ['jobs'],
    })
    expect(read).toHaveLength(1)
  })

  test('removes an environment with the release that has the traffic', async () => {
    const target = open()
    await target.removeEnvironment({ app, environment })
    await target.removeEnvironment({ app, environment })
    expect(await target.environments()).not.toContainEqual({ app, environment })
    expect((await target.report({ app, environment, release: 4 }, 0)).state).toBe('missing')
  })
})

test('an unknown kind of target is an error that names it', () => {
  expect(() => createTargets(targets, io).of({ kind: 'mainframe' })).toThrow('mainframe')
})
