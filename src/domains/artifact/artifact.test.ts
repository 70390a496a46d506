import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readEvents } from '#engine/events.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import {
  getArtifact,
  hideArtifacts,
  insertArtifact,
  keptOf,
  listKept,
  removeArtifacts,
  restoreArtifacts,
} from './store.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
beforeEach(() => database.db.query(sql`delete from artifact`))

const store = (digest: string, run: number, { pullRequest = false, app = 'shop' } = {}) =>
  database.db.query(insertArtifact({ digest, app, run, size: 1, isFromPullRequest: pullRequest }))
const age = () =>
  database.db.query(sql`update artifact set created = now() - interval '11 minutes'`)
const hide = async (newest: number, inUse: string[] = []): Promise<string[]> =>
  (await hideArtifacts(database.db, { newest, inUse })).sort()
const remove = async (newest: number, inUse: string[] = []): Promise<string[]> => {
  const hidden = await hide(newest, inUse)
  await database.db.query(removeArtifacts(hidden))
  return hidden
}

describe('an artifact that is built again', () => {
  test.each([
    [{ first: false, second: false }, 1],
    [{ first: false, second: true }, 1],
    [{ first: true, second: false }, 2],
    [{ first: true, second: true }, 2],
  ])('from a pull request: %o, belongs to run %i', async ({ first, second }, run) => {
    await store('a', 1, { pullRequest: first })
    await store('a', 2, { pullRequest: second })
    expect(await getArtifact(database.db, 'a')).toEqual({ digest: 'a', app: 'shop', run })
  })

  test('has its content again', async () => {
    await store('a', 1)
    await age()
    expect(await remove(0)).toEqual(['a'])
    expect(await listKept(database.db)).toEqual([])
    await store('a', 2)
    expect(await listKept(database.db)).toEqual(['a'])
  })
})

describe('removal', () => {
  test('keeps what is new, in use, or among the newest of the branch of each app', async () => {
    await store('old', 1)
    await store('used', 2)
    await store('newest', 3)
    await store('head', 4, { pullRequest: true })
    await store('other', 1, { app: 'bank' })
    await age()
    await store('fresh', 0)
    expect(await remove(1, ['used'])).toEqual(['head', 'old'])
    expect(await remove(1, ['used'])).toEqual([])
    expect(await keptOf(database.db, ['old', 'used', 'none'])).toEqual(new Set(['used']))
  })

  test('keeps the content until it is certain, and can be taken back until then', async () => {
    const { db } = database
    await store('a', 1)
    await age()
    expect(await hide(0)).toEqual(['a'])
    expect([await listKept(db), await keptOf(db, ['a'])]).toEqual([['a'], new Set()])
    await db.query(restoreArtifacts(['a']))
    expect(await keptOf(db, ['a'])).toEqual(new Set(['a']))
    expect(await remove(0)).toEqual(['a'])
    await db.query(restoreArtifacts(['a']))
    expect(await listKept(db)).toEqual([])
  })

  test('is continued when it was interrupted, and stores one event with it', async () => {
    const { db } = database
    await store('a', 1)
    await age()
    await hide(0)
    expect(await remove(0)).toEqual(['a'])
    expect(await db.query(removeArtifacts(['a']))).toEqual([])
    const events = await readEvents(db, { after: 0, limit: 100 })
    const ofA = events.filter(({ subject }) => subject === 'artifact/a')
    expect(ofA.at(-1)).toMatchObject({
      type: 'dev.cdevents.artifact.deleted',
      ...{ chain: 'app/shop', app: 'shop', actor: 'fairlead', data: { run: 1 } },
    })
  })
})
