import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts } from './support/ports.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository, tinyServer } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { requiresIsolation } from './support/isolation.ts'
import { requires } from './support/programs.ts'

const root = fileURLToPath(new URL('../examples/', import.meta.url))
const examples = readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)
const production = { environments: { production: {} } }
const app = (services: unknown, more: Record<string, unknown> = {}): Record<string, string> => ({
  'server.js': tinyServer('one'),
  'fairlead.yaml': JSON.stringify({ services, ...production, ...more }),
})

/** Services whose processes look unlike what is declared, although nothing differs. */
const others: Record<string, Record<string, string>> = {
  npm: {
    ...app({ web: 'npm start' }),
    'package.json': '{"scripts": {"start": "node server.js"}}',
  },
  wrapped: app({ web: 'export NODE_ENV=production; LEVEL=1 exec env MORE=2 node server.js' }),
  titled: {
    ...app({ web: 'exec node server.js --port $PORT' }),
    'server.js': `process.title = 'titled'; ${tinyServer('one')}`,
  },
  quoted: app({ web: { run: 'node server.js "a  b" \'$c\' | cat', env: { TEXT: 'a\nb \'"$x' } } }),
  empty: app({ web: 'node server.js' }, { steps: { build: 'mkdir -p cache empty/inner' } }),
  proxied: app({ web: { run: 'node server.js', env: { PATH: '/usr/local/bin:/usr/bin:/bin' } } }),
  single: app({ web: 'node server.js', worker: { run: 'exec sleep 1000', single: true } }),
  two: app({ web: { run: 'node server.js', instances: 2, memory: 256 } }),
  files: {
    ...app({ web: 'node server.js' }, { config: { files: { 'deep/app.json': 'app.liquid' } } }),
    'app.liquid': '{"environment": "{{ fairlead.environment }}"}\n',
  },
}

let installation: Installation
const made: Repository[] = []
afterAll(async () => {
  for (const repository of made) await repository.remove()
})

async function expectNone(name: string): Promise<void> {
  const { apps } = await installation.client.getHome()
  const environments = apps.find((one) => one.name === name)?.environments ?? []
  expect(environments).not.toEqual([])
  for (const { name: environment } of environments) {
    const params = { app: name, environment }
    const { check, differences } = await installation.client.checkDrift({ params })
    expect(differences).toEqual([])
    expect(check).toMatchObject({ total: 0, problem: null })
    expect(check?.processes).toBeGreaterThan(0)
  }
}

async function deliver(name: string, repository: Repository): Promise<void> {
  made.push(repository)
  const { code, stdout } = await installation.cli('up', repository.folder, '--app', name)
  expect(code, stdout).toBe(0)
}

describe.each(['auto', 'off'])('with isolation %s', (isolation) => {
  beforeAll(async () => {
    installation = await startInstallation({ env: { FAIRLEAD_ISOLATION: isolation } })
  })
  afterAll(() => installation.stop())

  const needed = { ...requiresIsolation, ...requires('gcc', 'make', 'python3', 'redis-server') }
  test.each(examples)('nothing differs after a delivery of %s', needed, async (name) => {
    const repository = await makeRepository({})
    cpSync(join(root, name), repository.folder, { recursive: true })
    await repository.commit({})
    await deliver(name, repository)
    await expectNone(name)
  })

  test.each(Object.entries(others))(
    'nothing differs after a delivery of %s',
    needed,
    async (name, files) => {
      await deliver(name, await makeRepository(files))
      await expectNone(name)
    },
  )

  test(
    'nothing differs after a kept service was taken over, and after a restart',
    needed,
    async () => {
      const port = await freePorts()
      const repository = await makeRepository({
        ...app({
          web: 'node server.js',
          redis: {
            run: 'exec redis-server $FAIRLEAD_CONFIG_DIR/redis.conf --dir $FAIRLEAD_DATA_DIR',
            ...{ keeps: true, uses: [], port },
            config: { files: { 'redis.conf': 'redis.liquid' } },
          },
        }),
        'redis.liquid': `port ${port}\n`,
      })
      await deliver('kept', repository)
      await expectNone('kept')
      await repository.commit({ 'server.js': tinyServer('two') }, 'Change it')
      await deliver('kept', repository)
      await expectNone('kept')
      const { code } = await installation.cli('restart', 'kept', 'production', 'redis')
      expect(code).toBe(0)
      await expectNone('kept')
    },
  )
})

describe('with a period of five seconds', () => {
  beforeAll(async () => {
    installation = await startInstallation({ env: { FAIRLEAD_DRIFT_SECONDS: '5' } })
  })
  afterAll(() => installation.stop())

  test('a change is found within one period, and its end', async () => {
    await deliver('edited', await makeRepository(others['files']!))
    await expectNone('edited')
    const params = { app: 'edited', environment: 'production' }
    const { current } = await installation.client.getEnvironment({ params })
    const folder = join(installation.home, 'host/files/edited/production')
    const file = join(folder, String(current?.release), 'web/deep/app.json')
    const declared = readFileSync(file, 'utf8')
    for (const [text, total] of [
      ['{}', 1],
      [declared, 0],
    ] as const) {
      writeFileSync(file, text)
      const began = Date.now()
      await waitFor(`${total} differences`, async () => {
        const { check } = await installation.client.listDrift({ params })
        return check?.total === total
      })
      // The job runs at least every six seconds; a check takes less than five.
      expect(Date.now() - began).toBeLessThan(5000 + 6000 + 5000)
    }
  })
})
