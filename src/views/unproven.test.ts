import { afterAll, beforeAll, expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { insertConfiguration } from '#domains/configuration/store.ts'
import * as store from '#domains/deployment/store.ts'
import { testDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import { insertShop, shopCommit } from '../../test/support/shop.ts'
import { unprovenValues, unprovenWords } from './unproven.ts'

const sha = shopCommit
const place = { app: 'shop', environment: 'production' }

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
  await insertShop(database.db)
})
afterAll(() => database.close())

/** Plans deployment and release `id` with a version of the configuration. */
async function plan(id: number, kind: 'delivery' | 'configuration', configuration: number) {
  const release = { ...place, id, run: 1, sha, artifact: 'sha256:a', configuration }
  await database.db.batch([
    store.insertRelease({ ...release, definition: pipelineFile.parse({}) }),
    store.insertDeployment({
      ...{ ...place, id, kind, run: 1, release: id, actor: 'Ada', workflow: `w/${id}` },
    }),
  ])
}
const set = (version: number, variables: Record<string, string>, changed: string[]) =>
  insertConfiguration('shop', 'production', { version, variables, secrets: {} }, changed, 'Ada')
const live = (id: number) =>
  database.db.batch(store.switchDeployments(id, 'shop', 'production', 'replaced', null))
const fail = (id: number) => database.db.query(store.endDeployment(id, 'failed', 'no'))
const found = (release: number) => unprovenValues(database.db, release)

test('values whose deployment failed are named until they are live or set to another', async () => {
  const { db } = database
  await plan(1, 'delivery', 0)
  expect(await found(1)).toEqual([])
  await live(1)
  await db.batch([set(1, { LEVEL: 'bad' }, ['LEVEL'])])
  await plan(2, 'configuration', 1)
  await plan(3, 'delivery', 1)
  expect(await found(3)).toEqual([])
  await fail(2)
  expect(await found(3)).toEqual([{ name: 'LEVEL', deployment: 2 }])
  expect(unprovenWords(await found(3), place)).toBe(
    '; the release has values whose own deployments failed: LEVEL (deployment 2): ' +
      'see `fairlead config explain shop production LEVEL`',
  )
  expect(unprovenWords([], place)).toBe('')
  await db.batch([set(2, { LEVEL: 'bad', MODE: 'x' }, ['MODE'])])
  await plan(4, 'configuration', 2)
  expect(await found(4)).toEqual([{ name: 'LEVEL', deployment: 2 }])
  await fail(4)
  await db.batch([set(3, { LEVEL: 'good' }, ['LEVEL', 'MODE'])])
  await plan(5, 'configuration', 3)
  expect(await found(5)).toEqual([])
  await plan(6, 'delivery', 2)
  expect((await found(6)).map(({ name }) => name)).toEqual(['LEVEL', 'MODE'])
  await live(6)
  await plan(7, 'delivery', 2)
  expect(await found(7)).toEqual([])
})
