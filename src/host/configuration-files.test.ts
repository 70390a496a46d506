import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HostFile } from '#contract/host/service.ts'
import {
  releaseOf,
  server,
  settle,
  startHost,
  type TestHost,
  webService,
} from '../../test/support/host.ts'
import { writeFiles } from './configuration-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-written-'))
let host: TestHost
let good: string

beforeAll(async () => {
  host = await startHost()
  good = await host.artifact({ 'server.js': server('good') })
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await host.close()
})

const file = (change: Partial<HostFile> = {}): HostFile => ({
  ...{ path: 'app.conf', text: 'level debug\n', mode: 0o640, checks: [] },
  ...change,
})

test('files get their content and mode, and what is not listed goes', async () => {
  const place = join(folder, 'config')
  await writeFiles(place, [file(), file({ path: 'conf.d/more.conf', mode: 0o600 })], null)
  writeFileSync(join(place, '.app.conf.0123.draft'), 'half')
  await writeFiles(place, [file({ text: 'level info\n' })], null)
  expect(readFileSync(join(place, 'app.conf'), 'utf8')).toBe('level info\n')
  expect(statSync(join(place, 'app.conf')).mode & 0o777).toBe(0o640)
  expect(readdirSync(join(place, 'conf.d'))).toEqual([])
  expect(readdirSync(place).toSorted()).toEqual(['app.conf', 'conf.d'])
})

test('a reader finds the former or the new content at any moment', async () => {
  const place = join(folder, 'read')
  const texts = ['a'.repeat(200_000), 'b'.repeat(100_000)]
  await writeFiles(place, [file({ text: texts[0] ?? '' })], null)
  let isDone = false
  const write = (async () => {
    for (let i = 0; i < 20; i += 1)
      await writeFiles(place, [file({ text: texts[i % 2] ?? '' })], null)
    isDone = true
  })()
  while (!isDone) {
    expect(texts).toContain(readFileSync(join(place, 'app.conf'), 'utf8'))
    await new Promise((next) => setImmediate(next))
  }
  await write
})

test('a release starts with its files, and reads only its own', async () => {
  const secret = file({ path: 'key.txt', text: 'k3y', mode: 0o600 })
  const check = 'test "$(cat "$FILE")" = "level debug" && test ! -w "$FILE.new"'
  const run = 'cp "$FAIRLEAD_CONFIG_DIR/key.txt" "$FAIRLEAD_DATA_DIR/seen"; exec node server.js'
  const service = webService({ run, files: [file({ checks: [check] }), secret] })
  expect(await settle(host, releaseOf(host, 1, good, [service]))).toMatchObject({
    state: 'ready',
    reason: null,
  })
  const place = join(host.home.host, 'files/shop/production/1/web')
  expect(statSync(join(place, 'key.txt')).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(host.home.host, 'data/shop/production/seen'), 'utf8')).toBe('k3y')
  await host.client.remove('shop', 'production', 1, { deployment: 1, epoch: 1 })
  expect(existsSync(place)).toBe(false)
})

test('a release whose file fails its check does not start, and says why', async () => {
  const env = { TOKEN: 'hidden-value' }
  const bad = file({ checks: ['echo "error: line 3 of $TOKEN" >&2; exit 3'] })
  const service = webService({ env, secrets: ['TOKEN'], files: [bad] })
  const status = await settle(host, releaseOf(host, 2, good, [service]))
  expect(status.state).toBe('failed')
  expect(status.reason).toMatch(/^the check of app\.conf failed with exit code 3; .*line 3/)
  expect(status.reason).not.toContain('hidden-value')
  expect(status.instances).toEqual([])
})
