import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { FairleadError } from '#contract/errors.ts'
import type { HostMaintenance } from '#contract/host/maintenance.ts'
import { getMaintenance, putMaintenance } from '#domains/maintenance/store.ts'
import { readEvents } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { end, serveMaintenance, syncMaintenance } from './sync.ts'
import { onlyHost } from '../../../test/support/host.ts'

const place = { app: 'shop', environment: 'production' }
const until = '2026-11-29T12:00:00.000Z'
let db: Database
let close: () => Promise<void>
let now: number
let isAway: boolean
let shown: HostMaintenance['pages']
beforeAll(async () => ({ db, close } = await testDatabase()))
afterAll(() => close())
beforeEach(async () => {
  now = Date.parse('2026-11-29T11:30:00Z')
  isAway = false
  shown = []
  await db.batch([
    sql`delete from app`,
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
  ])
})
const host = {
  setMaintenance: async ({ pages }: HostMaintenance): Promise<void> => {
    if (isAway) throw new FairleadError('unavailable', { what: 'The host' })
    shown = pages
  },
}
const parts = () => ({ db, hosts: onlyHost(host), now: () => now })
const put = (last: string | null) =>
  db.batch([putMaintenance({ ...place, reason: 'incident 7', actor: 'Ada', until: last })])
const ends = async (after: number) =>
  (await readEvents(db, { app: 'shop', limit: 10 })).filter(({ id }) => id > after)
const lastEvent = async () => (await readEvents(db, { app: 'shop', limit: 1 }))[0]?.id ?? 0

test('a page ends by itself, and its end is recorded once', async () => {
  const before = await lastEvent()
  await put(until)
  await syncMaintenance(parts())
  expect(shown).toEqual([{ ...place, until: Date.parse(until) }])
  now = Date.parse(until)
  await Promise.all([syncMaintenance(parts()), syncMaintenance(parts())])
  await syncMaintenance(parts())
  expect(shown).toEqual([])
  expect(await ends(before)).toMatchObject([
    { type: 'dev.cdeventsx.fairlead-maintenance.ended', data: { isOver: true } },
  ])
})

test('an end that was moved meanwhile is kept', async () => {
  await put(until)
  const former = await getMaintenance(db, place)
  await put(null)
  await end(db, former!)
  expect(await getMaintenance(db, place)).toMatchObject({ until: null })
  await end(db, former!, { name: 'Ada' } as never)
  expect(await getMaintenance(db, place)).toBeNull()
})

test('a host that is away gets the page later', async () => {
  isAway = true
  await put(null)
  expect(await serveMaintenance(parts())).toBe(false)
  isAway = false
  await syncMaintenance(parts())
  expect(shown).toEqual([{ ...place, until: null }])
})
