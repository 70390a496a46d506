import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { selfCommand } from '#platform/self.ts'
import {
  ask,
  deploy,
  isAlive,
  only,
  releaseOf,
  server,
  startHost,
  startLoad,
  type TestHost,
  waitUntil,
  webService,
} from '../../test/support/host.ts'
import { longTest } from '../../test/support/scale.ts'
import { instancesIn } from './scale.ts'

const at = ['shop', 'production'] as const
const place = { app: 'shop', environment: 'production' }
let host: TestHost
let good: string
beforeAll(async () => {
  host = await startHost()
  good = await host.artifact({ 'server.js': server('good') })
})
afterAll(() => host.close())
beforeEach(async () => {
  await host.client.removeEnvironment(...at)
  await host.client.setScale({ scales: [] })
})

const scale = (instances: number, declared = 1) =>
  host.client.setScale({ scales: [{ ...place, service: 'web', declared, instances }] })
const instances = async () => only(await host.client.status())
const run = (count: number) =>
  waitUntil(`${count} healthy instances run`, async () => {
    const all = await instances()
    return all.length === count && all.every(({ state }) => state === 'healthy')
  })

test('a number counts for the service and the number of the file that it was set for', () => {
  const scales = [{ ...place, service: 'web', declared: 2, instances: 5 }]
  const of = (name: string, declared: number, environment = 'production') =>
    instancesIn({ scales }, { app: 'shop', environment }, { name, instances: declared })
  expect([of('web', 2), of('web', 3), of('mail', 2), of('web', 2, 'staging')]).toEqual([5, 3, 2, 2])
  const exclusive = { keeps: true, uses: [] }
  expect(instancesIn({ scales }, place, { name: 'web', instances: 2, exclusive })).toBe(2)
})

test('instances come and go under load without a lost request', async () => {
  await deploy(host, releaseOf(host, 1, good))
  const [first] = await instances()
  const load = startLoad(host)
  await scale(3)
  await run(3)
  const more = await instances()
  const ports = new Set<string | undefined>()
  await waitUntil('all of them answer', async () => {
    ports.add((JSON.parse((await ask(host, '/env')).text) as Record<string, string>)['PORT'])
    return ports.size === 3
  })
  const slow = Array.from({ length: 9 }, () => ask(host, '/slow'))
  await load.sent(20)
  await scale(1)
  await run(1)
  expect(await instances()).toMatchObject([{ pid: first?.pid }])
  await waitUntil('the others have ended', () =>
    more.every(({ pid }) => pid === first?.pid || !isAlive(pid ?? 0)),
  )
  expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(slow.map(() => 200))
  const { requests, wrong } = await load.stop()
  expect({ wrong, isBusy: requests > 50 }).toEqual({ wrong: [], isBusy: true })
})

longTest('a number outlives the host, and the next release with the same number', async () => {
  await deploy(host, releaseOf(host, 1, good))
  await scale(2)
  await run(2)
  const before = await instances()
  await host.kill()
  await host.ensure()
  await run(2)
  expect((await instances()).map(({ pid }) => pid)).toEqual(before.map(({ pid }) => pid))
  await host.client.upgrade(selfCommand('host'))
  await run(2)
  await deploy(host, releaseOf(host, 2, good))
  await run(2)
  await deploy(host, releaseOf(host, 3, good, [webService({ instances: 3 })]))
  await run(3)
})

longTest('an instance goes only while another one is healthy', async () => {
  await deploy(host, releaseOf(host, 1, good))
  await scale(2)
  await run(2)
  const [first, second] = await instances()
  await fetch(`http://127.0.0.1:${first?.port}/sick`).then((answer) => answer.text())
  await waitUntil('the first one is not healthy', async () =>
    (await instances()).some(({ state }) => state === 'unhealthy'),
  )
  await scale(1)
  expect(await ask(host)).toEqual({ status: 200, text: 'good' })
  expect(isAlive(second?.pid ?? 0)).toBe(true)
  process.kill(first?.pid ?? 0, 'SIGKILL')
  await run(1)
  expect(await ask(host)).toEqual({ status: 200, text: 'good' })
})

longTest('a host that is killed at any moment leaves no process too many', async () => {
  await deploy(host, releaseOf(host, 1, good))
  for (let moment = 0; moment < 16; moment += 1) {
    const wanted = moment % 2 === 0 ? 3 : 1
    const before = await instances()
    await scale(wanted)
    await new Promise((wake) => setTimeout(wake, moment * 20))
    await host.kill()
    await host.ensure()
    await run(wanted)
    const after = new Set((await instances()).map(({ pid }) => pid))
    await waitUntil('the others have ended', () =>
      before.every(({ pid }) => after.has(pid) || !isAlive(pid ?? 0)),
    )
    expect((await ask(host)).status).toBe(200)
  }
})
