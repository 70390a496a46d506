import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endedRun, push } from './support/app.ts'
import { type Installation, startInstallation } from './support/installation.ts'
import { makeRepository, type Repository } from './support/repository.ts'
import { waitFor } from './support/wait.ts'

describe('switches', () => {
  let installation: Installation
  let repository: Repository
  const params = { app: 'shop', environment: 'production', switch: 'recharge' }

  beforeAll(async () => {
    installation = await startInstallation()
    repository = await makeRepository({
      'fairlead.yaml':
        'services: {worker: {run: exec sleep 1000000, port: false}}\n' +
        'environments: {production: {}}\n' +
        'switches: {recharge: true}\n',
    })
    await push(installation, 'shop', repository)
    await endedRun(installation, 1)
  })
  afterAll(async () => {
    await installation.stop()
    await repository.remove()
  })

  const inFile = (): boolean => {
    const file = 'host/switches/environments/shop/production/switches.json'
    const text = readFileSync(join(installation.home, file), 'utf8')
    const { switches } = JSON.parse(text) as { switches: { recharge: { value: boolean } } }
    return switches.recharge.value
  }

  test('a switch is set by command, and also while the server is killed', async () => {
    const on = await installation.cli('switch', 'off', 'shop', 'recharge', '--reason', 'it charges')
    expect(on).toMatchObject({ code: 0, stdout: 'recharge of shop/production serves off\n' })
    expect(inFile()).toBe(false)
    await installation.killServer()
    expect(await installation.cli('switch', 'on', 'shop', 'recharge')).toMatchObject({
      code: 0,
      stdout:
        'recharge of shop/production serves on\n' +
        'The server does not answer; it stores the change when it does\n',
    })
    expect(inFile()).toBe(true)
    expect((await installation.cli('switch', 'on', 'shop', 'absent')).code).toBe(5)
    await installation.start()
    await waitFor('the server has the change', async () => {
      const { version, value } = await installation.client.getSwitch({ params })
      return version === 2 && value === true
    })
    const { stdout } = await installation.cli('switch', 'show', 'shop', 'recharge')
    expect(stdout).toContain('on the machine of the host')
    expect(inFile()).toBe(true)
  })
})
