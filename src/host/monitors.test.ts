import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HostMonitor } from '#contract/host/monitors.ts'
import {
  ask,
  deploy,
  releaseOf,
  server,
  startHost,
  type TestHost,
  waitUntil,
  webService,
} from '../../test/support/host.ts'

let host: TestHost
beforeAll(async () => {
  host = await startHost()
  const artifact = await host.artifact({
    'server.js': server('good'),
    'rule.sh': 'echo $TOKEN; echo 7',
  })
  const service = webService({ env: { TOKEN: 'hush-hush' }, secrets: ['TOKEN'] })
  await deploy(host, releaseOf(host, 1, artifact, [service]))
})
afterAll(() => host.close())

const monitor = (id: number, kind: string, settings: unknown): HostMonitor => ({
  ...{ id, kind, settings, app: 'shop', environment: 'production', service: null },
  ...{ every: 1000, timeout: 5000, confirm: 1, needs: [] },
})
const stateOf = async (id: number) =>
  (await host.client.monitors(0)).results.find((one) => one.id === id)

test('checks what it is given, in the live release, and goes on after it was killed', async () => {
  const outside = createServer(({ url }, response) => {
    if (url?.startsWith('/silent') === false) response.end('fine')
  })
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`
  const set = (privateHosts: string[] | null) =>
    host.client.setMonitors({
      ...{ version: String(privateHosts), privateHosts, allowAddresses: '', references: [] },
      monitors: [
        monitor(1, 'http', { url: '/', contains: 'good' }),
        monitor(2, 'http', url),
        monitor(3, 'command', 'echo "$TOKEN is in $FAIRLEAD_ENVIRONMENT"; exit 2'),
        monitor(4, 'invariant', { command: 'sh rule.sh' }),
        monitor(5, 'log', 'heard'),
        monitor(6, 'nonsense', {}),
        { ...monitor(7, 'dependency', `${url}/silent`), timeout: 300 },
      ],
    })
  await set(null)
  await waitUntil(
    'all are checked',
    async () => (await host.client.monitors(0)).results.length === 7,
  )
  expect(await stateOf(1)).toMatchObject({ state: 'up' })
  expect(await stateOf(2)).toMatchObject({ state: 'up' })
  const { state, reason } = (await stateOf(3))!
  expect([state, reason]).toEqual(['down', expect.stringMatching(/^\S+ is in production$/)])
  expect(reason).not.toContain('hush-hush')
  expect((await stateOf(4))?.entities).toHaveLength(2)
  expect((await stateOf(4))?.entities).toContain('7')
  expect(await stateOf(6)).toMatchObject({ state: 'unknown' })
  expect(await stateOf(5)).toMatchObject({ state: 'up' })
  // A status page that does not answer says nothing.
  expect(await stateOf(7)).toMatchObject({ state: 'unknown' })
  await ask(host, '/say')
  await waitUntil('the line is found', async () => (await stateOf(5))?.state === 'down')
  await host.kill()
  await host.ensure()
  await waitUntil('it checks again', async () => (await stateOf(1))?.state === 'up')
  // Addresses of the repository do not reach into a private network that is closed to users.
  await set([])
  await waitUntil('it is refused', async () => (await stateOf(2))?.state === 'unknown')
  expect((await stateOf(2))?.reason).toContain('private network')
  await waitUntil('the environment is reached', async () => (await stateOf(1))?.state === 'up')
  outside.close()
  outside.closeAllConnections()
})
