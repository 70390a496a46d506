import { afterAll, beforeAll, expect, test } from 'vitest'
import type { InstanceUsage } from '#contract/host/measurements.ts'
import { listMonitors } from '#domains/monitor/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { firingSources } from '#views/watched.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { WatchMemory, type WatchedPlace } from './watch-memory.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  await db.batch([
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position) values ('shop', 'production', 0)`,
  ])
})
afterAll(() => close())

const megabyte = 1_048_576
const machine = { cpu: 0, load: 0, memory: 0, memoryTotal: 1, disk: 0, diskTotal: 1 }
const instance = (service: string, used: number | null): InstanceUsage => ({
  ...{ app: 'shop', environment: 'production', release: 1, service, index: 0 },
  ...{ cpu: 0, memory: 900 * megabyte, descriptors: 9, restarts: 0 },
  ...(used === null ? {} : { limited: { used: used * megabyte, limit: 512 * megabyte } }),
})
const shop = (instances: InstanceUsage[], isSilent = false): WatchedPlace => [
  'shop/production',
  [{ usage: { machine, instances }, isSilent }],
]

test('a service whose memory the kernel limits is watched, others are not', async () => {
  let now = Date.parse('2026-11-30T03:00:00Z')
  const judge = async (watch: WatchMemory, place: WatchedPlace, rounds = 1) => {
    for (let i = 0; i < rounds; i += 1) {
      const statements = watch.judge([place], (now += 10_000))
      if (statements.length > 0) await db.batch(statements)
    }
    return (await listMonitors(db, { apps: null })).map(({ service, state }) => [service, state])
  }
  const watch = new WatchMemory()
  const free = instance('free', null)
  expect(await judge(watch, shop([instance('web', 100), free]))).toEqual([['web', 'up']])
  expect(await judge(watch, shop([instance('web', 500), free]), 7)).toEqual([['web', 'degraded']])
  expect(await firingSources(db)).toMatchObject([
    {
      service: 'web',
      kind: 'memory',
      urgency: 'low',
      reason: expect.stringContaining('of 512 MB'),
    },
  ])
  // A restart, and a host that does not answer, end nothing.
  expect(await judge(watch, shop([free]), 5)).toEqual([['web', 'degraded']])
  expect(await judge(watch, shop([instance('web', 500)], true), 9)).toEqual([['web', 'unknown']])
  const other = new WatchMemory()
  expect(await judge(other, ['shop/production', [null]])).toEqual([['web', 'unknown']])
  expect(await firingSources(db)).toHaveLength(1)
  expect(await judge(other, shop([instance('web', 100)]))).toEqual([['web', 'up']])
  expect(await firingSources(db)).toHaveLength(0)
  // The limit was removed.
  expect(await judge(other, shop([instance('web', null)]), 7)).toEqual([])
})
