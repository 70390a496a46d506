import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { HostExclusive, HostService } from '#contract/host/service.ts'
import {
  isAlive,
  releaseOf,
  server,
  settle,
  startHost,
  type TestHost,
  waitUntil,
  webService,
} from '../../test/support/host.ts'
import { freePorts } from '../../test/support/ports.ts'
import { fingerprintOf, transition } from './exclusive.ts'

let host: TestHost
let artifact: string
const at = ['shop', 'production'] as const
const fence = { deployment: 1, epoch: 1 }

/** Appends its start and its end to a file; fails when another one has not ended. */
const store = `
const { appendFileSync, existsSync, rmSync, writeFileSync } = require('node:fs')
const data = process.env.FAIRLEAD_DATA_DIR
const busy = data + '/busy'
const note = (text) => appendFileSync(data + '/notes', text + '\\n')
if (existsSync(busy)) note('TWICE')
writeFileSync(busy, '')
note('start ' + (process.env.LEVEL ?? 'plain'))
process.on('SIGHUP', () => note('reload'))
process.on('SIGTERM', () => setTimeout(() => { note('end'); rmSync(busy); process.exit(0) }, 100))
require('node:http').createServer((_, response) => response.end('ok')).listen(process.env.PORT)
if (process.env.LEVEL === 'broken') { note('end'); rmSync(busy); process.exit(7) }
`

beforeAll(async () => {
  host = await startHost()
  artifact = await host.artifact({ 'server.js': server('good'), 'store.cjs': store })
})
afterAll(() => host.close())
beforeEach(() => host.client.removeEnvironment(...at))

const storeService = (
  change: Partial<HostService> = {},
  exclusive: Partial<HostExclusive> = {},
): HostService => ({
  ...webService({ name: 'store', run: 'exec node store.cjs' }),
  exclusive: { keeps: true, uses: ['store.cjs'], ...exclusive },
  ...change,
})

const notes = (): string[] =>
  readFileSync(join(host.home.host, 'data/shop/production/store/notes'), 'utf8').trim().split('\n')

const release = (number: number, service: HostService) =>
  releaseOf(host, number, artifact, [webService(), service])

const pidOf = (status: Awaited<ReturnType<typeof settle>>): number =>
  status.instances.find(({ service }) => service === 'store')?.pid ?? 0

test('runs on when a release does not change it, and restarts when one does', async () => {
  const first = await settle(host, release(1, storeService()))
  expect(first).toMatchObject({ state: 'ready', exclusive: [{ did: 'started' }] })
  await host.client.route(...at, { release: 1, fence })
  const second = await settle(host, release(2, storeService()))
  expect(second.exclusive).toEqual([{ service: 'store', did: 'nothing', pauseMs: 0 }])
  expect(pidOf(second)).toBe(pidOf(first))
  await host.client.route(...at, { release: 2, fence })
  await host.client.remove(...at, 1, fence)
  expect(isAlive(pidOf(first))).toBe(true)
  const third = await settle(host, release(3, storeService({ env: { LEVEL: 'debug' } })))
  expect(third).toMatchObject({ state: 'ready', exclusive: [{ did: 'restarted' }] })
  expect(third.exclusive?.[0]?.pauseMs).toBeGreaterThan(90)
  expect(isAlive(pidOf(first))).toBe(false)
  expect(notes()).toEqual(['start plain', 'end', 'start debug'])
})

test('returns to the release with the traffic when a new one fails', async () => {
  await settle(host, release(1, storeService()))
  await host.client.route(...at, { release: 1, fence })
  const health = { path: '/', timeout: 1000, interval: 100 }
  const bad = await settle(host, release(2, storeService({ env: { LEVEL: 'broken' }, health })))
  expect(bad.state).toBe('failed')
  await host.client.remove(...at, 2, fence)
  await waitUntil('it runs again', async () => {
    const status = await host.client.release(...at, 1, 0)
    return status?.instances.find(({ service }) => service === 'store')?.state === 'healthy'
  })
  expect(notes().at(-1)).toBe('start plain')
  expect(notes()).not.toContain('TWICE')
})

test('reads changed files again without a restart where it has a signal for that', async () => {
  const file = (text: string) => [{ path: 'store.conf', text, mode: 0o644, checks: [] }]
  const first = await settle(
    host,
    release(1, storeService({ files: file('a') }, { reload: 'SIGHUP' })),
  )
  await host.client.route(...at, { release: 1, fence })
  const second = await settle(
    host,
    release(2, storeService({ files: file('b') }, { reload: 'SIGHUP' })),
  )
  expect(second.exclusive).toEqual([{ service: 'store', did: 'reloaded', pauseMs: 0 }])
  expect(pidOf(second)).toBe(pidOf(first))
  await waitUntil('it was asked', () => notes().includes('reload'))
  const place = join(host.home.host, 'files/shop/production/exclusive/store/store.conf')
  expect(readFileSync(place, 'utf8')).toBe('b')
})

test('runs on when the next release would listen on a port that is in use', async () => {
  const [own, other] = [await freePorts(), await freePorts()]
  const first = await settle(host, release(1, storeService({}, { listens: own })))
  expect(first.state).toBe('ready')
  await host.client.route(...at, { release: 1, fence })
  const busy = createServer().listen(other, '127.0.0.1')
  await once(busy, 'listening')
  const second = await settle(host, release(2, storeService({}, { listens: other })))
  busy.close()
  expect(second).toMatchObject({
    state: 'failed',
    reason: `store cannot listen on port ${other}: something else on this machine listens there`,
  })
  expect(isAlive(pidOf(first))).toBe(true)
  expect(notes()).toEqual(['start plain'])
})

test('stays dead while another host may run it, until its release starts', async () => {
  const spec = release(1, storeService())
  const first = await settle(host, spec)
  await host.client.route(...at, { release: 1, fence })
  const moved = { deployment: 2, epoch: 1 }
  await host.client.stopServices(...at, ['store', 'unknown'], moved)
  expect(isAlive(pidOf(first))).toBe(false)
  await host.kill()
  await host.ensure()
  const others = async () => (await host.client.release(...at, 1, 0))?.instances ?? []
  await waitUntil('the other service is adopted', async () =>
    (await others()).some(({ service, state }) => service === 'web' && state === 'healthy'),
  )
  expect((await others()).map(({ service }) => service)).toEqual(['web'])
  await host.client.stopServices(...at, ['store'], moved)
  await host.client.start({ ...spec, fence: moved })
  await waitUntil('it runs again', async () =>
    (await others()).some(({ service, state }) => service === 'store' && state === 'healthy'),
  )
  expect(notes()).toEqual(['start plain', 'end', 'start plain'])
  await host.client.removeEnvironment(...at, moved)
  expect(notes().at(-1)).toBe('end')
})

test('is adopted by the next host, and belongs to the same release', async () => {
  await settle(host, release(1, storeService()))
  await host.client.route(...at, { release: 1, fence })
  const second = await settle(host, release(2, storeService({ env: { LEVEL: 'two' } })))
  await host.kill()
  await host.ensure()
  await waitUntil('both are adopted', async () => {
    const status = await host.client.release(...at, 2, 0)
    return status?.instances.every(({ state }) => state === 'healthy') ?? false
  })
  const adopted = await host.client.release(...at, 2, 0)
  expect(adopted && pidOf(adopted)).toBe(pidOf(second))
  expect(notes()).toEqual(['start plain', 'end', 'start two'])
})

test('a fingerprint covers what the service runs with', () => {
  const of = (service: HostService, digest = artifact) => fingerprintOf(service, digest, '/nowhere')
  const service = storeService()
  expect(transition(of(service), of(service, 'sha256:other'), false)).toBe('nothing')
  const whole = storeService({}, { uses: ['.'] })
  expect(transition(of(whole), of(whole, 'sha256:other'), false)).toBe('restart')
  expect(transition(of(service), of(storeService({ env: { A: '1' } })), true)).toBe('restart')
  const files = [{ path: 'a', text: 'b', mode: 0o644, checks: [] }]
  expect(transition(of(service), of(storeService({ files })), true)).toBe('reload')
  expect(transition(of(service), of(storeService({ files })), false)).toBe('restart')
  expect(transition(undefined, of(service), true)).toBe('restart')
})
