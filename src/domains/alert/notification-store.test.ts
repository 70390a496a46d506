import { afterAll, beforeAll, expect, test } from 'vitest'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { putChannel } from './channel-store.ts'
import { claimDue, markRefused, recordTest } from './notification-store.ts'

let database: TestDatabase
beforeAll(async () => void (database = await testDatabase()))
afterAll(() => database.close())

test('an attempt of a server that died is no refusal of the channel', async () => {
  const { db } = database
  const claim = async () => (await claimDue(db, { count: 9, except: [], seconds: 60 }))[0]?.tries
  await db.batch([
    putChannel({ name: 'shop', kind: 'webhook', person: null, settings: '{}', urgency: 'low' }),
    ...recordTest('shop', 'ann', null),
    sql`update notification set state = 'pending', sent = null, tries = 0`,
  ])
  expect(await claim()).toBe(1)
  for (let deaths = 0; deaths < 3; deaths += 1) {
    await db.query(sql`update notification set claimed = now() - interval '1 second'`)
    expect(await claim()).toBe(1)
  }
  const [sent] = await db.query<{ id: number }>(sql`select id from notification`)
  await db.query(markRefused(sent?.id ?? 0, 'it answered 503', 0))
  expect(await claim()).toBe(2)
})
