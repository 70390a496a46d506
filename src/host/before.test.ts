import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HostBefore } from '#contract/host/before.ts'
import type { HostRelease } from '#contract/host/release.ts'
import { waitUntil, webService } from '../../test/support/host.ts'
import { Before, judgeBefore } from './before.ts'
import { logOf } from './release-output.ts'
import { ReleaseFolders } from './release-folders.ts'

let root: string
let files: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fairlead-before-'))
  files = join(root, 'artifact')
  mkdirSync(files)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** A memory limit without a kernel: whatever joins the group is in its file. */
const limits = {
  bound: () => ({ folder: root }),
  release: () => undefined,
  isExceeded: () => existsSync(join(root, 'exceeded')),
}

const machine = {
  id: 'test',
  path: '/usr/bin:/bin',
  isolation: { kind: 'none' as const, problem: 'a test' },
  keepFree: 0,
  random: () => 0,
  limits,
}

function commandOf(run: string, change: Partial<HostBefore> = {}, release = 7, memory?: number) {
  const spec: HostRelease = {
    ...{ app: 'shop', environment: 'production', release, artifact: 'sha256:a', layout: root },
    fence: { deployment: 1, epoch: 1 },
    services: [webService({ env: { LEVEL: 'debug', KEY: 'hunter2' }, secrets: ['KEY'], memory })],
    env: { FAIRLEAD_RUN: '3' },
    route: { port: null, host: 'shop.production.localhost' },
    before: { run, service: 'web', timeout: 60_000, ...change },
  }
  const folders = new ReleaseFolders(root, spec)
  for (const folder of [folders.path('log'), folders.data]) mkdirSync(folder, { recursive: true })
  const context = { machine: machine as never, folder: root, changed: () => undefined }
  return {
    before: new Before(context, spec, folders),
    /** as the next host sees it */
    again: () => new Before(context, spec, folders),
    log: () => logOf(spec, folders, 'before', 10).map(({ text }) => text),
    file: (name: string) => join(folders.path('before'), name),
  }
}

const note = (file: string): string =>
  existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : ''

test('has the variables of the service, and keeps its output with masked secrets', async () => {
  const { before, log } = commandOf('echo "$LEVEL $KEY $FAIRLEAD_RUN $FAIRLEAD_SERVICE"; pwd')
  expect(await before.run(files)).toBeNull()
  expect(before.status).toMatchObject({ state: 'succeeded', code: 0, reason: null })
  expect(log()[0]).toMatch(/^debug \S+ 3 web$/)
  expect(log().join()).not.toContain('hunter2')
  expect(log()[1]).toBe(files)
})

test('does not run again after it has ended, also for the next host', async () => {
  const good = commandOf(`echo one >>${root}/notes`)
  expect(await good.before.run(files)).toBeNull()
  expect(await good.before.run(files)).toBeNull()
  expect(await good.again().run(files)).toBeNull()
  const bad = commandOf(`echo two >>${root}/notes; echo no table >&2; exit 3`, {}, 8)
  const reason = 'the command before the start failed with exit code 3; its output ends with: no'
  expect(await bad.before.run(files)).toContain(reason)
  expect(await bad.again().run(files)).toContain(reason)
  expect(note('notes')).toBe('one\ntwo\n')
})

test('outlives the host; the next one waits for its end', async () => {
  const { before, again } = commandOf(
    `echo run >>${root}/notes; while [ ! -e ${root}/go ]; do sleep 0.01; done; exit 4`,
  )
  const first = before.run(files)
  await waitUntil('it runs', () => note('notes') === 'run\n')
  before.leave()
  expect(await first).toBeNull()
  const next = again()
  const ended = next.run(files)
  expect(next.status?.state).toBe('running')
  writeFileSync(join(root, 'go'), '')
  expect(await ended).toContain('failed with exit code 4')
  expect(note('notes')).toBe('run\n')
})

test('of a previous host is stopped when the deployment has ended', async () => {
  const { before, again } = commandOf(`echo run >>${root}/notes; exec sleep 60`)
  const first = before.run(files)
  await waitUntil('it runs', () => note('notes') === 'run\n')
  before.leave()
  expect(await first).toBeNull()
  const next = again()
  expect(next.marker).toBe(before.marker)
  await next.stop()
  expect(next.status).toMatchObject({ state: 'failed' })
  expect(next.marker).toBeNull()
})

test('is unknown, and does not run again, when its process left no exit code', async () => {
  const { before, again, file } = commandOf(`echo run >>${root}/notes`)
  expect(await before.run(files)).toBeNull()
  // The state on disk after a power cut in the middle.
  const journal = JSON.parse(readFileSync(file('journal.json'), 'utf8'))
  writeFileSync(
    file('journal.json'),
    JSON.stringify({ ...journal, status: { ...journal.status, state: 'running', ended: null } }),
  )
  rmSync(file('code'))
  const next = again()
  expect(await next.run(files)).toContain('it may have run in part')
  expect(next.status?.state).toBe('unknown')
  writeFileSync(file('journal.json'), '{')
  expect(await again().run(files)).toContain('cannot be read')
  expect(note('notes')).toBe('run\n')
})

test('does not start while the command of another release runs', async () => {
  const first = commandOf(`echo run >>${root}/notes; exec sleep 60`)
  const running = first.before.run(files)
  await waitUntil('it runs', () => note('notes') === 'run\n')
  const second = commandOf(`echo second >>${root}/notes`, {}, 8)
  expect(await second.before.run(files)).toContain('one of another release still runs')
  await first.before.stop()
  expect(await running).toContain('was stopped, because the deployment ended')
  expect(note('notes')).toBe('run\n')
  const third = commandOf(`echo third >>${root}/notes`, {}, 9)
  expect(await third.before.run(files)).toBeNull()
})

test('is stopped after its time, with everything that it started', async () => {
  const { before } = commandOf('sleep 60 & sleep 60', { timeout: 50 })
  expect(await before.run(files)).toContain('did not end within 0.05 s and was stopped')
  expect(before.status).toMatchObject({ state: 'failed', code: null })
})

test('has the memory limit of its service', async () => {
  const { before } = commandOf(`touch ${root}/exceeded; kill -9 $$`, {}, 7, 1e6)
  expect(await before.run(files)).toContain(
    'was killed by signal 9 because it needed more than the memory limit of the service',
  )
  expect(note('cgroup.procs')).toMatch(/^\d+$/m)
})

describe('judgeBefore', () => {
  const seen = { isAlive: false, code: 0, stopped: null }
  test.each([
    ['still runs', { ...seen, isAlive: true, code: null }, null],
    ['has ended well', seen, 'succeeded'],
    ['has failed', { ...seen, code: 1 }, 'failed'],
    ['was killed', { ...seen, code: 137 }, 'failed'],
    ['was stopped, and ended well after that', { ...seen, stopped: 'was stopped' }, 'failed'],
    ['is gone', { ...seen, code: null }, 'unknown'],
  ])('a command that %s', (_what, one, state) => {
    expect(judgeBefore(one)?.state ?? null).toBe(state)
  })
})
