import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '#platform/clock.ts'
import { createLogger } from '#platform/log.ts'
import { ask, startHost, type TestHost } from '../../../test/support/host.ts'
import { createTargets, type OpenTarget, partsOf } from './open-targets.ts'
import type { RemoteHost } from './remote-host.ts'
import type { Fence, ReleaseSpec, TargetIo } from './target.ts'
import { targets } from './targets.generated.ts'

const app = 'shop'
const environment = 'production'
const names = ['web-1', 'web-2', 'web-3']

let hosts: TestHost[]
let io: TargetIo
let artifact: string
const isGone = new Set<string>()

/** The hosts run on this machine; only the connection of SSH is missing. */
function remote(name: string): RemoteHost {
  const host = hosts[names.indexOf(name)]
  if (!host) throw new Error(`the test has no host ${name}`)
  const { home, client } = host
  const place = {
    ...{ address: '127.0.0.1', edgePort: home.edgePort },
    artifacts: join(home.host, 'artifacts'),
  }
  return {
    client,
    place: () => place,
    awayMs: () => (isGone.has(name) ? 5000 : null),
    isDrained: () => false,
    find: async () => place,
    forward: async (to) => Number(to.split(':')[1]),
  }
}

beforeAll(async () => {
  hosts = await Promise.all(names.map(() => startHost()))
  artifact = await hosts[0]!.artifact({ 'index.html': 'shop' })
  io = {
    ...{ artifacts: hosts[0]!.home.artifacts, host: hosts[0]!.client, edgePort: 0, remote },
    ...{ machine: {}, keepFree: 0, publishFolders: [], remoteFolders: [], buckets: new Map() },
    ...{ ssh: { config: null, env: {} }, failures: new Map(), fetch, clock: systemClock },
    log: createLogger(() => undefined),
  }
})
afterAll(() => Promise.all(hosts.map((host) => host.close())))

const open = (all = names): OpenTarget =>
  createTargets(targets, io).of({ kind: 'process', hosts: all })

const specOf = (release: number, fence: Fence): ReleaseSpec => ({
  ...{ app, environment, release, fence, artifact, env: {}, port: null },
  services: [
    {
      ...{ name: 'web', static: '.', hasTraffic: true, instances: 1, directory: '.' },
      health: { path: '/', timeout: 20_000, interval: 100 },
      settle: { least: 0, most: 0 },
      ...{ env: {}, secrets: [], stop: { signal: 'SIGTERM', grace: 1000 } },
    },
  ],
})

async function start(target: OpenTarget, spec: ReleaseSpec): Promise<string> {
  await target.start(spec)
  for (;;) {
    const { state } = await target.report(spec, 5000)
    if (state !== 'starting') return state
  }
}

const routed = async (release: number): Promise<boolean[]> =>
  Promise.all(
    hosts.map(async ({ client }) => {
      const found = await client.release(app, environment, release, 0)
      return found?.routed ?? false
    }),
  )

test('all hosts get a release, the traffic and a canary, whose counts are added', async () => {
  const target = open()
  expect(target.title).toBe('Processes on the hosts web-1, web-2, web-3')
  const [one, two] = [
    specOf(1, { deployment: 1, epoch: 1 }),
    specOf(2, { deployment: 2, epoch: 1 }),
  ]
  expect(await start(target, one), (await target.report(one, 0)).reason ?? '').toBe('ready')
  await target.route(one, one.fence)
  expect(await routed(1)).toEqual([true, true, true])
  expect(await start(target, two)).toBe('ready')
  const begun = await target.report(two, 0)
  expect(begun.addresses).toHaveLength(3)
  expect(begun.instances.map(({ host }) => host)).toEqual(names)
  await target.share!.split(two, 1, { release: 2, share: 0.5 }, two.fence)
  for (const host of hosts) for (let i = 0; i < 4; i += 1) await ask(host)
  let place = {}
  let counted = 0
  while (counted < 12) {
    const seen = await target.share!.observations(two, place, 1000)
    place = seen.next
    for (const { baseline, canary } of seen.batches) counted += baseline.requests + canary.requests
  }
  expect(counted).toBe(12)
  expect(Object.keys(place)).toEqual(names)
  expect((await target.share!.observations(two, place, 0)).batches).toEqual([])
  await target.route(two, two.fence)
  await target.stop(one, two.fence)
  expect(await routed(2)).toEqual([true, true, true])
})

test('a host that is away prevents a switch, and hides nothing of what is live', async () => {
  const target = open()
  const three = specOf(3, { deployment: 3, epoch: 1 })
  expect(await start(target, three)).toBe('ready')
  await hosts[2]!.kill()
  isGone.add('web-3')
  await expect(target.report(three, 0)).rejects.toMatchObject({ code: 'unavailable' })
  await expect(target.route(three, three.fence)).rejects.toThrow('web-3 does not answer')
  expect((await target.report({ ...three, release: 2 }, 0)).instances).toHaveLength(2)
  expect(await target.hosts!.ask()).toContainEqual({
    ...{ name: 'web-3', awayMs: 5000, isDrained: false },
  })
  const there = target.hosts!.on(['web-1', 'web-2'])
  await there.route(three, three.fence)
  await hosts[2]!.ensure()
  isGone.clear()
  expect(await routed(3)).toEqual([true, true, false])
  expect(await routed(2)).toEqual([false, false, true])
})

test('two lists of hosts have parts in common', () => {
  const { shared, apart } = partsOf(open(), open(['web-2', 'web-1']))
  expect(shared?.hosts?.names).toEqual(['web-1', 'web-2'])
  expect(apart?.hosts?.names).toEqual(['web-3'])
  expect(open(['web-2', 'web-1']).id).toBe(open(['web-1', 'web-2']).id)
  const alone = createTargets(targets, io).of({ kind: 'process', host: 'web-1' })
  expect(partsOf(alone, open())).toMatchObject({ shared: { id: 'process web-1' }, apart: null })
  const here = createTargets(targets, io).of({ kind: 'process' })
  expect(partsOf(here, open()).shared).toBeNull()
})
