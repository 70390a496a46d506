import { afterAll, beforeAll, expect, test } from 'vitest'
import { listAlerts } from '#domains/alert/store.ts'
import { createEngine } from '#engine/engine.ts'
import { systemClock } from '#platform/clock.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { reconcileAlerts } from './alerts.ts'

let database: TestDatabase
beforeAll(async () => void (database = await testDatabase()))
afterAll(() => database.close())

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
async function openServer(replica: string) {
  const { db } = database
  const engine = createEngine({
    ...{ db, replica, definitions: [], log: quiet },
    ...{ clock: systemClock, random: Math.random },
  })
  await engine.open()
  return engine
}

/** The alerts and their states, after everything that fires was compared with them. */
async function alerts() {
  const { db } = database
  await reconcileAlerts({
    ...{ db, now: Date.now, onNotification: () => undefined },
    findSuspects: async () => [],
    readMachine: async () => [],
  })
  const all = await listAlerts(db, { apps: null, limit: 10 })
  return all.map(({ title, state, urgency }) => `${title}: ${state}, ${urgency}`)
}
const lost = () => database.db.query<{ name: string }>(sql`select name from lost_replica`)

test('a server that is killed opens an alert until one of its machine is back', async () => {
  const { db } = database
  const here = await openServer('here/1')
  await (await openServer('calm/1')).close()
  await db.batch([
    sql`insert into replica (id, lease) values ('gone/1/a', now() - interval '2 minutes')`,
    sql`insert into lost_replica values ('brief', now() + interval '1 hour')`,
  ])
  await expect.poll(lost).toContainEqual({ name: 'gone' })
  expect(await alerts()).toEqual(['The server on gone does not answer: open, low'])
  const back = await openServer('gone/2')
  expect(await lost()).not.toContainEqual({ name: 'gone' })
  expect(await alerts()).toEqual(['The server on gone does not answer: resolved, low'])
  await Promise.all([here.close(), back.close()])
})

test('a note of a server that answers is ignored', async () => {
  const { db } = database
  const here = await openServer('here/1')
  await db.query(sql`insert into lost_replica values ('here', now() - interval '2 minutes')`)
  expect((await alerts()).filter((one) => one.includes('here'))).toEqual([])
  await here.close()
})
