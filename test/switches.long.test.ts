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

/** Serves 500 to who has the switch `checkout`, which it evaluates by the key in `X-User`. */
const serverJs = `
const { OFREP_ENDPOINT, OFREP_HEADERS, PORT } = process.env
const authorization = OFREP_HEADERS.slice(OFREP_HEADERS.indexOf('=') + 1)
require('node:http').createServer(async (request, response) => {
  const targetingKey = request.headers['x-user'] ?? ''
  const answer = await fetch(OFREP_ENDPOINT + '/ofrep/v1/evaluate/flags/checkout', {
    ...{ method: 'POST', headers: { authorization } },
    body: JSON.stringify({ context: { targetingKey } }),
  })
  const { value } = await answer.json()
  response.writeHead(value === 'v2' ? 500 : 200).end(String(value))
}).listen(PORT, '127.0.0.1')
`
test('a gradual change is rolled back when its users have failed requests', async () => {
  const installation = await startInstallation()
  const file =
    'services: {web: {run: exec node server.js}}\n' +
    `environments: {production: {port: ${installation.edgePort + 7}}}\n` +
    'switches:\n' +
    '  checkout: {type: string, default: old, variants: {old: v1, fine: v1b, broken: v2},\n' +
    '    rollout: {key: X-User, steps: [20, 50], every: 3s}}\n'
  const repository = await makeRepository({ 'server.js': serverJs, 'fairlead.yaml': file })
  await push(installation, 'shop', repository)
  await endedRun(installation, 1)
  const params = { app: 'shop', environment: 'production', switch: 'checkout' }
  const state = async () => (await installation.client.getSwitch({ params })).rollout?.state
  const url = `http://127.0.0.1:${installation.edgePort + 7}/`
  let isOpen = true
  const load = (async () => {
    for (let user = 0; isOpen; user += 1) {
      const headers = { 'x-user': `user-${user % 400}` }
      await fetch(url, { headers }).then((answer) => answer.text())
    }
  })()
  const begin = (variant: string) =>
    installation.cli('switch', 'rollout', 'shop', 'checkout', variant)
  try {
    expect((await begin('fine')).stdout).toContain('the rollout of fine goes on at 20 %')
    await waitFor('the harmless value is for everybody', async () => (await state()) === 'finished')
    await begin('broken')
    await waitFor('the harmful value is rolled back', async () => (await state()) === 'harmful')
    const { stdout } = await installation.cli('switch', 'show', 'shop', 'checkout')
    expect(stdout).toContain('checkout of shop/production serves fine')
    expect(stdout).toContain('the rollout of broken was rolled back: ')
  } finally {
    isOpen = false
    await load
    await installation.stop()
    await repository.remove()
  }
})
