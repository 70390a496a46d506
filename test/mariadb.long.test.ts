import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { requiresIsolation } from './support/isolation.ts'
import { freePorts } from './support/ports.ts'
import { requires } from './support/programs.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'

/** The files of the example: a path in a code span, and the next code block. */
const page = readFileSync(new URL('../docs/mariadb.md', import.meta.url), 'utf8')
const example = Object.fromEntries(
  [...page.matchAll(/^`([\w./-]+)`[^`]*?:\n\n```\w+\n([\s\S]*?)```/gm)].map(([, path, text]) => [
    path ?? '',
    text ?? '',
  ]),
)

/** Answers the names in the database. */
const server = `const { execFile } = require('node:child_process')
const names = (done) => execFile('mariadb',
  ['--defaults-file=' + process.env.FAIRLEAD_CONFIG_DIR + '/client.cnf', '-BN', '-e',
    'select name from items', 'shop'], done)
require('node:http').createServer((request, response) => names((error, output, errors) =>
  error ? response.writeHead(500).end(errors) : response.end(output.trim())))
  .listen(process.env.PORT, '127.0.0.1')
`
const at = { app: 'shop', environment: 'production' }
const password = 'f00dfeedf00dfeed'

describe('the example of docs/mariadb.md', { ...requiresIsolation, ...requires('mariadb') }, () => {
  let installation: Installation
  let repository: Repository
  beforeAll(async () => {
    const port = String(await freePorts())
    const files: Record<string, string> = { ...example, 'server.js': server }
    files['fairlead.yaml'] = (example['fairlead.yaml'] ?? '')
      .replace('3307', port)
      // What does not work is found sooner.
      .replace('health: /health', 'health: { path: /health, timeout: 30 }')
    installation = await startInstallation()
    repository = await makeRepository(files)
    await installation.client.createApp({ body: { name: at.app } })
    await installation.client.changeConfiguration({
      params: at,
      body: { secrets: { MARIADB_ROOT_PASSWORD: password } },
    })
  })
  afterAll(async () => {
    await installation.stop()
    await repository.remove()
  })

  const text = async () => (await ask(installation, at.app, at.environment)).text
  const deliver = async (files: Record<string, string> = {}) => {
    if (Object.keys(files).length > 0) await repository.commit(files)
    await push(installation, at.app, repository)
    const { runs } = await installation.client.listRuns({ query: { app: at.app } })
    return endedRun(installation, runs[0]?.id ?? 0, 120)
  }
  const newest = async () => {
    const { deployments } = await installation.client.listDeployments({ query: at })
    return installation.client.getDeployment({ params: { deployment: deployments[0]?.id ?? 0 } })
  }
  const settings = (line: string) => ({
    'config/my.cnf.liquid': `${example['config/my.cnf.liquid']}${line}\n`,
  })

  test('is delivered, and would come back', async () => {
    expect((await deliver()).reason).toBeNull()
    expect(await text()).toBe('Lamp')
    const rehearsed = await installation.cli('rehearse', at.app, at.environment, 'mariadb')
    expect(rehearsed.stdout).toContain('mariadb would come back')
    expect(rehearsed.stdout).toContain('it is a primary')
    expect(rehearsed.stdout).toContain('it reads 2 of 2 databases and tables')
    expect(rehearsed.stdout).not.toContain(password)
  })

  test('a misspelled variable fails the deployment before it touches anything', async () => {
    const { reason } = await deliver(settings('max-conections = 9'))
    expect(reason).toContain("unknown variable 'max-conections")
    expect(await text()).toBe('Lamp')
  })

  test('a setting with which it would be read-only fails the deployment', async () => {
    const { reason } = await deliver(settings('read-only'))
    expect(reason).toContain('it would be a read-only server; it is a primary now')
    expect(await text()).toBe('Lamp')
  })

  test('a good setting restarts it with its data', async () => {
    expect((await deliver(settings('sort-buffer-size = 1M'))).reason).toBeNull()
    expect(await text()).toBe('Lamp')
  })

  test('a migration is tried with the release before, and its restore', async () => {
    const add = 'ALTER TABLE items ADD COLUMN price INT;\n'
    expect((await deliver({ 'schema.sql': add })).reason).toBeNull()
    expect((await newest()).before).toMatchObject({
      ...{ isCompatible: true, check: { state: 'compatible', reason: null } },
      restore: { state: 'works', reason: null },
    })
    const rename = 'ALTER TABLE items RENAME COLUMN name TO title;\n'
    await deliver({ 'schema.sql': rename, 'server.js': server.replace('name from', 'title from') })
    expect(await text()).toBe('Lamp')
    const { before } = await newest()
    expect(before).toMatchObject({ isCompatible: false, check: { state: 'incompatible' } })
    expect(before?.check?.reason).toContain('500')
  })

  test('a setting that was changed at run time is drift', async () => {
    const command =
      'mariadb --defaults-file=$FAIRLEAD_CONFIG_DIR/client.cnf -e "SET GLOBAL max_connections = 77"'
    const changed = await installation.cli('exec', at.app, at.environment, command)
    expect(changed.code, changed.stderr).toBe(0)
    const rehearsed = await installation.cli('rehearse', at.app, at.environment, 'mariadb')
    expect(rehearsed.stdout).toContain('max_connections')
    await waitFor('the drift is known', async () => {
      const { stdout } = await installation.cli('drift', 'check', at.app, at.environment)
      return /setting max_connections/.test(stdout) && stdout.includes('77')
    })
  })
})
