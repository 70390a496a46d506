import { afterAll, beforeAll, expect, test } from 'vitest'
import { listMonitors } from '#domains/monitor/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { firingSources } from '#views/watched.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { type SeenRelease, WatchReachable } from './watch-reachable.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await db.batch([
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position, pull_request)
      values ('shop', 'production', 0, null), ('shop', 'pull-7', 1, 7)`,
  ])
})
afterAll(() => close())

type Instance = NonNullable<SeenRelease['instances']>[number]

const instance = (service: string, state: Instance['state'], port: number | null): Instance => ({
  ...{ service, index: 0, state, pid: 1, port, started: 0, restarts: 0, isLooping: false },
  reason: state === 'healthy' ? null : 'GET / did not answer within 5 s',
})
const shop = (instances: SeenRelease['instances'], environment = 'production'): SeenRelease => ({
  ...{ app: 'shop', environment, deployment: 1, instances },
})

test('a service that hangs without a request is down until it answers', async () => {
  let now = Date.parse('2026-11-30T03:00:00Z')
  const watch = new WatchReachable({ db, now: () => now })
  const look = async (seconds: number, ...live: SeenRelease[]) => {
    now += seconds * 1000
    await watch.run(live)
    return (await listMonitors(db, { apps: null })).map(({ service, state }) => [service, state])
  }
  const mail = instance('mail', 'unhealthy', null)
  const preview = shop([instance('web', 'unhealthy', 4501)], 'pull-7')
  const [well, ill] = [instance('web', 'healthy', 4500), instance('web', 'unhealthy', 4500)]
  // A service without a port, and a preview, have no such monitor.
  expect(await look(0, shop([well, mail]), preview)).toEqual([['web', 'up']])
  expect(await look(30, shop([ill, mail]), preview)).toEqual([['web', 'up']])
  expect(await look(15, shop([ill, mail]))).toEqual([['web', 'down']])
  expect(await firingSources(db)).toMatchObject([
    { service: 'web', kind: 'reachable', isLast: true, urgency: null },
  ])
  // Nothing is known while the host does not answer; the harm goes on.
  expect(await look(2, shop(null))).toEqual([['web', 'down']])
  expect(await look(15, shop(null))).toEqual([['web', 'unknown']])
  expect(await firingSources(db)).toHaveLength(1)
  // Another server, which has not seen it, goes on where this one ended.
  const other = new WatchReachable({ db, now: () => now })
  await other.run([shop(null), shop([well], 'pull-7')])
  expect(await firingSources(db)).toHaveLength(1)
  await other.run([shop([well])])
  expect(await firingSources(db)).toHaveLength(0)
  await other.run([shop([instance('api', 'healthy', 4600)])])
  expect((await listMonitors(db, { apps: null })).map(({ service }) => service)).toEqual(['api'])
})
