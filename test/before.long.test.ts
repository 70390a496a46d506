import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { requiresIsolation } from './support/isolation.ts'
import { freePorts } from './support/ports.ts'
import { requires } from './support/programs.ts'
import { makeRepository, type Repository } from './support/repository.ts'

let installation: Installation
const repositories: Repository[] = []
beforeAll(async () => {
  installation = await startInstallation()
})
afterAll(async () => {
  await installation.stop()
  await Promise.all(repositories.map((repository) => repository.remove()))
})

/** A database, the client of an app, and migrations as commands of that client. */
interface Store {
  name: string
  run(port: number): string
  /** the source of `query(words)`, which answers the text of a result, or rejects */
  client: string
  create: string[]
  /** what the app asks; the answer is Ada */
  read: string[]
  /** earlier releases work with the result */
  compatible: string[]
  /** they start, and fail as soon as they read */
  incompatible: string[]
  /** what the app asks after the incompatible migration */
  readAfter: string[]
  error: string
}

const redis: Store = {
  name: 'redis',
  run: (port) => `exec redis-server --port ${port} --dir $FAIRLEAD_DATA_DIR --appendonly yes`,
  client: `const { connect } = require('node:net')
exports.query = (words) => new Promise((resolve, reject) => {
  const socket = connect(Number(process.env.STORE_PORT), '127.0.0.1')
  socket.on('error', reject).on('data', (chunk) => {
    const text = chunk.toString()
    socket.end()
    if (text.startsWith('-')) return reject(new Error(text.slice(1).trim()))
    resolve(text.startsWith('$') ? text.split('\\r\\n')[1] : text.slice(1).trim())
  })
  socket.write(words.map((word) => JSON.stringify(word)).join(' ') + '\\r\\n')
})`,
  create: ['SET', 'user:1', 'Ada'],
  read: ['GET', 'user:1'],
  compatible: ['SET', 'user:1:email', 'ada@example.com'],
  // The name becomes a field, so that GET has the wrong type.
  incompatible: [
    'EVAL',
    "local name = redis.call('GET', 'user:1') redis.call('DEL', 'user:1') " +
      "return redis.call('HSET', 'user:1', 'name', name)",
    '0',
  ],
  readAfter: ['HGET', 'user:1', 'name'],
  error: 'WRONGTYPE',
}

const programs = 'PATH=$PATH:$(echo /usr/lib/postgresql/*/bin)'
const postgresql: Store = {
  name: 'postgresql',
  run: (port) =>
    [
      `export ${programs} PGDATA=$FAIRLEAD_DATA_DIR/pg`,
      'test -d $PGDATA || initdb -A trust -U postgres --no-sync >/dev/null',
      `exec postgres -p ${port} -c unix_socket_directories=''`,
    ].join('\n'),
  client: `const { execFile } = require('node:child_process')
exports.query = ([sql]) => new Promise((resolve, reject) => {
  const url = 'postgres://postgres@127.0.0.1:' + process.env.STORE_PORT + '/postgres'
  const command = '${programs} exec psql --no-psqlrc -v ON_ERROR_STOP=1 -qAt -d "$0" -c "$1"'
  execFile('sh', ['-c', command, url, sql], (error, output, errors) =>
    error ? reject(new Error(errors.trim())) : resolve(output.trim()))
})`,
  create: [`CREATE TABLE users (name text); INSERT INTO users VALUES ('Ada')`],
  read: ['SELECT name FROM users'],
  compatible: ['ALTER TABLE users ADD COLUMN email text'],
  incompatible: ['ALTER TABLE users RENAME COLUMN name TO full_name'],
  readAfter: ['SELECT full_name FROM users'],
  error: 'does not exist',
}

/** Starts and is healthy whatever the database has; only its verification reads the data. */
const serverWith = (read: string[]): string => `const { query } = require('./client.js')
require('node:http').createServer((request, response) => {
  if (request.url === '/health') return response.end('up')
  query(${JSON.stringify(read)}).then(
    (text) => response.end(text),
    (error) => response.writeHead(500).end(error.message))
}).listen(process.env.PORT, '127.0.0.1')
`
const migrationOf = (words: string[]): string =>
  `require('./client.js').query(${JSON.stringify(words)}).then(console.log)\n`
const verify = `fetch(process.env.FAIRLEAD_URL).then(async (answer) => {
  console.log(await answer.text())
  process.exitCode = answer.ok ? 0 : 1
})
`

async function repositoryOf(store: Store): Promise<Repository> {
  const port = await freePorts()
  const file = {
    services: {
      web: { run: 'exec node server.js', health: '/health', env: { STORE_PORT: String(port) } },
      store: { run: store.run(port), port, keeps: true, uses: [] },
    },
    environments: {
      production: {
        verify: 'node verify.js',
        before: { run: 'node migrate.js', compatible: 'check' },
      },
    },
  }
  const repository = await makeRepository({
    'fairlead.yaml': JSON.stringify(file),
    'client.js': store.client,
    'server.js': serverWith(store.read),
    'migrate.js': migrationOf(store.create),
    'verify.js': verify,
  })
  repositories.push(repository)
  return repository
}

const cases: [Store, object][] = [
  [redis, requires('redis-server')],
  [postgresql, requires('postgresql')],
]

describe.each(cases)('a migration of $name with `compatible: check`', (store, options) => {
  const at = { app: `migrated-${store.name}`, environment: 'production' }
  const text = async () => (await ask(installation, at.app, at.environment)).text
  const rollback = async () => (await installation.client.getEnvironment({ params: at })).rollback
  const newest = async () => {
    const { deployments } = await installation.client.listDeployments({ query: at })
    const params = { deployment: deployments[0]?.id ?? 0 }
    return installation.client.getDeployment({ params })
  }
  const deliver = async (repository: Repository) => {
    await push(installation, at.app, repository)
    const { runs } = await installation.client.listRuns({ query: { app: at.app } })
    const run = await endedRun(installation, runs[0]?.id ?? 0)
    expect(run.reason).toBeNull()
    return run.id
  }

  test(
    'says before a rollback whether it works',
    { ...requiresIsolation, ...options },
    async () => {
      const repository = await repositoryOf(store)
      const run = await deliver(repository)
      expect(await text()).toBe('Ada')

      await repository.commit({ 'migrate.js': migrationOf(store.compatible) })
      await deliver(repository)
      expect((await newest()).before).toMatchObject({
        ...{ isCompatible: true, check: { run, state: 'compatible', reason: null } },
      })
      expect(await rollback()).toMatchObject({ possible: true, incompatible: null })
      const back = await installation.cli('rollback', at.app, at.environment, '--json')
      expect(back.code, back.stderr).toBe(0)
      expect(await newest()).toMatchObject({ kind: 'rollback', state: 'live' })
      expect(await text()).toBe('Ada')

      await repository.commit({
        'migrate.js': migrationOf(store.incompatible),
        'server.js': serverWith(store.readAfter),
      })
      await deliver(repository)
      expect(await text()).toBe('Ada')
      const { before } = await newest()
      expect(before).toMatchObject({ isCompatible: false, check: { run, state: 'incompatible' } })
      expect(before?.check?.reason).toContain(store.error)
      expect((await rollback()).incompatible).toContain(store.error)
      const refused = await installation.cli('rollback', at.app, at.environment, '--json')
      expect(refused.code).not.toBe(0)
      expect(`${refused.stdout}${refused.stderr}`).toContain(store.error)
      expect(await text()).toBe('Ada')
    },
  )
})
