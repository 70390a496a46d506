import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { HostRelease } from '#contract/host/release.ts'
import type { HostService } from '#contract/host/service.ts'
import { pack } from '#platform/oci/oci.ts'
import { createLimits } from '#platform/process/memory-limit.ts'
import { waitUntil, webService } from '../../test/support/host.ts'
import { Containers } from './docker/containers.ts'
import { createEngine } from './docker/engine.ts'
import { Ports } from './port.ts'
import { Release } from './release.ts'
import type { ReleaseContext } from './release-context.ts'
import { RemovedOutput } from './removed-output.ts'
import { openUnpacked } from './unpacked.ts'

let root: string
let digest: string
const started: Release[] = []

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'fairlead-release-'))
  const folder = join(root, 'app')
  mkdirSync(folder)
  writeFileSync(join(folder, 'schema.sql'), 'create table price ()')
  const packed = await pack({
    ...{ layout: join(root, 'layout'), folder, include: ['**'], exclude: [], annotations: {} },
  })
  digest = packed.digest
})
afterEach(async () => {
  for (const release of started.splice(0)) {
    release.desired = 'stopped'
    await release.stop()
  }
  rmSync(root, { recursive: true, force: true })
})

/** A release whose services write into files of `root`. */
function start(before: string, services: HostService[]): Release {
  const spec: HostRelease = {
    ...{ app: 'shop', environment: 'production', release: 7 },
    ...{ artifact: digest, layout: join(root, 'layout'), services, env: {} },
    fence: { deployment: 1, epoch: 1 },
    route: { port: null, host: 'shop.production.localhost' },
    before: { run: before, service: 'web', timeout: 60_000 },
  }
  const context: ReleaseContext = {
    machine: {
      ...{ id: 'test', ports: new Ports(Math.random), limits: createLimits('test') },
      ...{ path: '/usr/bin:/bin', keepFree: 0, random: Math.random },
      isolation: { kind: 'none', problem: 'a test' },
      containers: new Containers({
        ...{ engine: createEngine(join(root, 'none')), id: 'test', keepFree: 0 },
        ...{ usedFile: join(root, 'containers'), log: () => undefined },
      }),
    },
    artifacts: openUnpacked({
      ...{ folder: join(root, 'artifacts'), isShared: false, boot: null, keepFree: 0 },
      isUsed: () => true,
    }),
    ...{ folder: root, outputFolder: join(root, 'output') },
    removedOutput: new RemovedOutput(join(root, 'removed-output')),
    ...{ isRouted: () => false, isInUse: () => false, owns: () => true, claim: () => null },
    ...{ changed: () => undefined, drain: async () => undefined },
    instancesOf: ({ instances }) => instances,
    drainInstance: async () => undefined,
  }
  const release = new Release(context, { spec, desired: 'running' }, undefined)
  started.push(release)
  release.start()
  return release
}

const note = (): string =>
  existsSync(join(root, 'notes')) ? readFileSync(join(root, 'notes'), 'utf8') : ''

const worker = (name: string): HostService =>
  webService({
    ...{ name, port: false, run: `echo ${name} >>${root}/notes; exec sleep 60` },
    stop: { signal: 'SIGKILL', grace: 100 },
  })

test('the command runs after a service that keeps data, and before the others', async () => {
  const store = { ...worker('store'), exclusive: { keeps: true, uses: [] } }
  const release = start(`cat schema.sql >/dev/null && echo before >>${root}/notes`, [
    ...[worker('web'), store],
  ])
  await waitUntil('it is ready', () => release.state === 'ready' && note().endsWith('web\n'))
  expect(note()).toBe('store\nbefore\nweb\n')
  expect(release.status()).toMatchObject({
    before: { state: 'succeeded', code: 0 },
    exclusive: [{ service: 'store', did: 'started' }],
  })
})

test('a command that fails fails the release, and its services do not start', async () => {
  const release = start('echo no such table >&2; exit 3', [worker('web')])
  await waitUntil('it has failed', () => release.state === 'failed')
  expect(release.failure).toBe(
    'the command before the start failed with exit code 3; its output ends with: no such table',
  )
  expect(note()).toBe('')
  expect(release.log(undefined, 10)).toEqual([
    { service: 'before', index: 0, text: 'no such table' },
  ])
})

test('a release that is stopped meanwhile stops its command', async () => {
  const release = start(`echo before >>${root}/notes; exec sleep 60`, [worker('web')])
  await waitUntil('it runs', () => note() !== '')
  release.desired = 'stopped'
  await release.stop()
  expect(release.status().before).toMatchObject({ state: 'failed' })
  expect(note()).toBe('before\n')
})
