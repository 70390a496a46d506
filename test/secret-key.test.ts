import { createClient } from '#contract/client.ts'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ask, endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { longTest } from './support/scale.ts'

const service = `
const http = require('node:http')
http.createServer((request, response) => response.end(process.env.PASSWORD ?? 'none'))
  .listen(process.env.PORT, '127.0.0.1')
`
const yaml =
  'services: {web: {run: exec node server.js, health: /}}\nenvironments: {production: {}}\n'

describe('the key that encrypts secrets', () => {
  const folder = join(tmpdir(), `fairlead-secrets-${randomBytes(4).toString('hex')}`)
  let shared: Installation
  let installation: Installation
  const files: string[] = []
  beforeAll(async () => {
    mkdirSync(folder)
    shared = await startInstallation({ env: { FAIRLEAD_SECRETS_DIR: folder } })
  })
  beforeEach(() => {
    installation = shared
  })
  afterEach(async () => {
    if (installation !== shared) await installation.stop()
    for (const file of files.splice(0)) rmSync(file, { recursive: true, force: true })
  })
  afterAll(async () => {
    await shared.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const deliver = async (app = 'shop'): Promise<void> => {
    const repository = await makeRepository({ 'server.js': service, 'fairlead.yaml': yaml })
    await push(installation, app, repository)
    const [run] = (await installation.client.listRuns({ query: { app, limit: 1 } })).runs
    expect(await endedRun(installation, run!.id)).toMatchObject({ state: 'succeeded' })
    await repository.remove()
  }
  const setSecret = async (value: string, app = 'shop'): Promise<void> => {
    const { deployment } = await installation.client.changeConfiguration({
      params: { app, environment: 'production' },
      body: { secrets: { PASSWORD: value } },
    })
    await live(deployment!.id)
  }
  const live = (id: number): Promise<void> =>
    waitFor('it is live', async () => {
      const { live: since } = await installation.client.getDeployment({
        params: { deployment: id },
      })
      return since !== null
    })

  test('is rotated during operation, and existing values are sealed with the new key', async () => {
    await deliver('ledger')
    await setSecret('first-value', 'ledger')
    await installation.client.putWebhook({ params: { app: 'ledger' } })
    const file = join(installation.home, 'key')
    const before = readFileSync(file, 'utf8').trim()

    const rotated = JSON.parse(
      (await installation.cli('secret', 'rotate-key', '--json')).stdout,
    ) as {
      resealed: number
    }
    expect(rotated).toMatchObject({ problems: [], where: file })
    expect(rotated.resealed).toBeGreaterThanOrEqual(2)
    const [newest, older] = readFileSync(file, 'utf8').trim().split('\n')
    expect(older).toBe(before)
    await setSecret('second-value', 'ledger')
    expect((await ask(installation, 'ledger', 'production')).text).toBe('second-value')

    // Everything opens without the old key, including the previous version, a rollback target.
    await installation.stopServer()
    writeFileSync(file, `${newest}\n`)
    await installation.start()
    const deployment = await installation.client.rollback({
      params: { app: 'ledger', environment: 'production' },
      body: {},
    })
    await live(deployment.id)
    expect((await ask(installation, 'ledger', 'production')).text).toBe('first-value')
    expect(installation.output()).not.toContain('cannot be decrypted')
  })

  longTest(
    'completes an interrupted rotation at the next start and drops the old key',
    async () => {
      installation = await startInstallation()
      await deliver()
      await setSecret('kept')
      await installation.stopServer()
      const file = join(installation.home, 'key')
      const before = readFileSync(file, 'utf8').trim()
      const next = randomBytes(32).toString('base64')
      writeFileSync(file, `${next}\n${before}\n`)
      for (const expected of [`${next}\n${before}`, next]) {
        await installation.start()
        expect(readFileSync(file, 'utf8').trim()).toBe(expected)
        await installation.stopServer()
      }
      await installation.start()
      await setSecret('changed')
      expect((await ask(installation, 'shop', 'production')).text).toBe('changed')
    },
  )

  longTest('can be external; a server without it reports that and reveals nothing', async () => {
    const outside = join(tmpdir(), `fairlead-key-${randomBytes(4).toString('hex')}`)
    files.push(outside)
    writeFileSync(outside, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 })
    installation = await startInstallation({ env: { FAIRLEAD_KEY_FILE: outside } })
    await deliver()
    await setSecret('from-outside')
    expect(existsSync(join(installation.home, 'key'))).toBe(false)
    expect((await installation.cli('secret', 'rotate-key')).stderr).toContain(
      'add a new key in front of it',
    )
    expect((await installation.cli('secret', 'key')).stdout).toContain(outside)

    await installation.stopServer()
    writeFileSync(outside, `${randomBytes(32).toString('base64')}\n`)
    await installation.start()
    expect(installation.output()).toContain('it was stored with the key')
    expect(installation.output()).not.toContain('from-outside')
    // Running services are not affected.
    expect((await ask(installation, 'shop', 'production')).text).toBe('from-outside')
  })

  longTest('reads a secret from an external source when needed, and masks it in logs', async () => {
    writeFileSync(join(folder, 'password'), 'from-a-file\n', { mode: 0o600 })
    await deliver()
    const set = (reference: string) =>
      installation.cli('secret', 'set', 'shop', 'production', 'PASSWORD', '--from', reference)
    expect((await set('file:../key')).stderr).toContain('must be a path below FAIRLEAD_SECRETS_DIR')
    expect((await set('vault:secret/data/shop#password')).stderr).toContain(
      'the server has no VAULT_ADDR',
    )
    expect((await set('file:password')).code).toBe(0)
    await waitFor(
      'it has it',
      async () => (await ask(installation, 'shop', 'production')).text === 'from-a-file',
    )
    const { stdout } = await installation.cli('secret', 'list', 'shop', 'production')
    expect(stdout).toMatch(/^PASSWORD +from file:password$/m)

    // An operator uses only the places that an administrator allowed for the app.
    const { secret } = await installation.client.createToken({
      body: { name: 'operator', role: 'operator', apps: ['shop'] },
    })
    const operator = createClient({ base: installation.url, token: secret })
    const refer = (reference: string) =>
      operator.changeConfiguration({
        params: { app: 'shop', environment: 'production' },
        body: { references: { PASSWORD: reference } },
      })
    await expect(refer('file:bank/password')).rejects.toThrow(
      'The app shop may not read file:bank/password.',
    )
    expect((await refer('file:password')).deployment).toBeNull()
    const allowed = await installation.cli('secret', 'allow', 'shop', 'file:shop')
    expect(allowed.stdout).toMatch(/file:password +this machine.*\nfile:shop +this machine/s)
    await expect(refer('file:shopping')).rejects.toThrow('may not read file:shopping')
    await expect(
      operator.changeSecretPrefixes({ params: { app: 'shop' }, body: { allow: ['file:bank'] } }),
    ).rejects.toThrow('This requires the role admin')
    const { secret: ofApp } = await installation.client.createToken({
      body: { name: 'admin of shop', role: 'admin', apps: ['shop'] },
    })
    await expect(
      createClient({ base: installation.url, token: ofApp }).changeSecretPrefixes({
        params: { app: 'shop' },
        body: { allow: ['file:bank'] },
      }),
    ).rejects.toThrow('This requires the role admin for all apps')

    const repository = await makeRepository({
      'server.js': service,
      'fairlead.yaml': `steps: {tell: {run: 'echo "it is $PASSWORD"', secrets: PASSWORD}}\n${yaml}`,
    })
    await push(installation, 'shop', repository, '--force')
    const { runs } = await installation.client.listRuns({ query: { app: 'shop', limit: 1 } })
    const run = await endedRun(installation, runs[0]!.id)
    expect(run.state).toBe('succeeded')
    const log = readFileSync(join(installation.home, `runs/${run.id}/log/tell/1.jsonl`), 'utf8')
    expect(log).toContain('it is ***')
    expect(log).not.toContain('from-a-file')

    rmSync(join(folder, 'password'))
    await repository.commit({ 'a.txt': 'two' })
    await push(installation, 'shop', repository)
    const { runs: later } = await installation.client.listRuns({ query: { app: 'shop', limit: 1 } })
    const failed = await endedRun(installation, later[0]!.id)
    expect(failed.state).toBe('failed')
    expect(failed.reason).toContain(
      'the secret PASSWORD cannot be read from file:password: the file does not exist',
    )
    expect((await ask(installation, 'shop', 'production')).text).toBe('from-a-file')

    await installation.cli('secret', 'disallow', 'shop', 'file:password')
    await repository.commit({ 'a.txt': 'three' })
    await push(installation, 'shop', repository)
    const { runs: last } = await installation.client.listRuns({ query: { app: 'shop', limit: 1 } })
    expect((await endedRun(installation, last[0]!.id)).reason).toContain(
      'the secret PASSWORD cannot be read from file:password: shop may not read it',
    )
    await repository.remove()
  })
})
