import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunDetail } from '#contract/run/run.ts'
import { ask, endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { requiresIsolation } from './support/isolation.ts'
import { killAt, type Moment } from './support/kill-at.ts'
import { makeRepository, type Repository } from './support/repository.ts'

/** Kills the server and the host at each boundary of a delivery with a migration. */
let installation: Installation
let repository: Repository
let version = 1
const at = { app: 'migrated', environment: 'production' }

const files = {
  'server.js': `const schema = process.env.FAIRLEAD_DATA_DIR + '/schema'
require('node:http').createServer((q, r) => r.end(require('node:fs').readFileSync(schema)))
  .listen(process.env.PORT, '127.0.0.1')`,
  // Notes what it does; a second one at the same time finds the folder of the first.
  'migrate.cjs': `const fs = require('node:fs')
const [data, release] = [process.env.FAIRLEAD_DATA_DIR, process.env.FAIRLEAD_RELEASE]
const note = (what) => fs.appendFileSync(data + '/notes', what + ' ' + release + '\\n')
note('begin')
try { fs.mkdirSync(data + '/busy') } catch { note('twice') }
setTimeout(() => {
  fs.rmdirSync(data + '/busy')
  note('end')
  if (process.env.FAILS) process.exit(3)
  fs.writeFileSync(data + '/schema', process.env.VERSION)
}, 1000)`,
}
const fileOf = (env: Record<string, string>): string =>
  JSON.stringify({
    services: { web: { run: 'exec node server.js', health: '/' } },
    environments: { production: { env, before: 'node migrate.cjs' } },
  })

const path = (name: string): string =>
  join(installation.home, 'host/data', at.app, at.environment, name)
const notes = (): string[] => readFileSync(path('notes'), 'utf8').trim().split('\n')
const answer = async () => (await ask(installation, at.app, at.environment)).text

beforeAll(async () => {
  installation = await startInstallation()
  repository = await makeRepository({ ...files, 'fairlead.yaml': fileOf({ VERSION: '1' }) })
  await push(installation, at.app, repository)
  expect((await endedRun(installation, 1)).reason).toBeNull()
})
afterAll(async () => {
  await installation.stop()
  await repository.remove()
})

async function deliver(
  victim: 'server' | 'host',
  moment: Moment,
  env: Record<string, string> = {},
): Promise<RunDetail> {
  version += 1
  const delivery = {
    ...{ installation, app: at.app, repository, subject: `Say ${version}` },
    files: { 'fairlead.yaml': fileOf({ VERSION: String(version), ...env }) },
  }
  return killAt(delivery, victim, moment)
}

/** Each release has begun it at most once, and none while another one ran. */
function expectOnce(): void {
  const lines = notes()
  expect(new Set(lines).size).toBe(lines.length)
  expect(lines.filter((line) => line.startsWith('twice'))).toEqual([])
  expect(existsSync(path('busy'))).toBe(false)
}

const during = (): boolean => existsSync(path('busy'))
const begun = (): number => notes().filter((line) => line.startsWith('begin')).length
const moments: [string, Moment][] = [
  ['as the deployment begins', 'deployment.started'],
  ['while it runs', during],
  ['when it has ended', 'deployment.prepared'],
  ['as the release is healthy', 'deployment.healthy'],
  ['as the release gets the traffic', 'service.upgraded'],
]

describe.each(['server', 'host'] as const)('%s killed', requiresIsolation, (victim) => {
  test.each(moments)('%s: the migration runs once', async (_name, moment) => {
    const before = begun()
    const run = await deliver(victim, moment)
    expect(run.reason).toBeNull()
    expectOnce()
    expect(begun()).toBe(before + 1)
    expect(await answer()).toBe(String(version))
  })

  test('while it fails: the release before runs on', async () => {
    const [before, former] = [begun(), await answer()]
    const run = await deliver(victim, during, { FAILS: 'yes' })
    expect(run.reason).toContain('the command before the start failed with exit code 3')
    expectOnce()
    expect(begun()).toBe(before + 1)
    expect(await answer()).toBe(former)
    const { deployments } = await installation.client.listDeployments({ query: at })
    const detail = await installation.client.getDeployment({
      params: { deployment: deployments[0]?.id ?? 0 },
    })
    expect(detail.before).toMatchObject({ state: 'failed', code: 3 })
  })
})
