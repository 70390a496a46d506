import { afterEach, beforeEach, expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import * as before from '#domains/deployment/before-store.ts'
import * as store from '#domains/deployment/store.ts'
import { testDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import { insertShop, shopCommit } from '../../test/support/shop.ts'
import { incompatibility } from './before.ts'
import { getDeployment, pastDeployments } from './deployment.ts'

const sha = shopCommit
const place = { app: 'shop', environment: 'production' }
const status = { state: 'succeeded' as const, code: 0, reason: null }

let database: TestDatabase
beforeEach(async () => {
  database = await testDatabase()
  await insertShop(database.db)
})
afterEach(() => database.close())

/** Makes a release of a run live, as deployment and release with the number `id`. */
async function deploy(id: number, run: number): Promise<void> {
  const release = { ...place, id, run, sha, artifact: 'sha256:a', configuration: 0 }
  await database.db.batch([
    store.insertRelease({ ...release, definition: pipelineFile.parse({}) }),
    store.insertDeployment({
      ...{ ...place, id, kind: 'delivery', run, release: id, actor: 'Ada', workflow: `run/${run}` },
    }),
    ...store.switchDeployments(id, 'shop', 'production', 'replaced', null),
  ])
}

const begin = (release: number, run: number, isCompatible: boolean) => ({
  ...{ ...place, release, run, deployment: release, isCompatible },
  ...{ command: 'migrate', service: 'web', check: null, restore: null },
})

const answer = async (id: number): Promise<string | null> => {
  const to = await getDeployment(database.db, id)
  return to && incompatibility(database.db, to)
}

test('a rollback over an incompatible command is answered beforehand', async () => {
  const { db } = database
  await deploy(1, 1)
  const started = Date.now() + 1000
  await deploy(2, 2)
  expect(await answer(1)).toBeNull()
  await db.batch([before.setBefore(begin(2, 2, true), { ...status, started, ended: started })])
  expect(await answer(1)).toBeNull()
  await deploy(3, 3)
  // It has begun, so that it may have done a part.
  await db.batch([
    before.setBefore(begin(3, 3, false), {
      ...{ ...status, state: 'running', code: null, started, ended: null },
    }),
  ])
  expect(await answer(1)).toContain('release 3 of run 3 has run `migrate` since')
  expect(await answer(3)).toBeNull()
  const history = await pastDeployments(db, 'shop', 'production')
  expect(history.map(({ id, isCompatible }) => [id, isCompatible])).toEqual([
    [3, true],
    [2, false],
    [1, false],
  ])
})

test('a command counts as run for its run, except for the release itself', async () => {
  const { db } = database
  await deploy(1, 1)
  await deploy(2, 1)
  const started = Date.now()
  const one = begin(1, 1, true)
  await db.batch([before.setBefore(one, { ...status, state: 'running', started, ended: null })])
  expect(await before.hasSucceeded(db, begin(2, 1, true))).toBe(false)
  await db.batch([before.setBefore(one, { ...status, started, ended: started + 500 })])
  expect(await before.hasSucceeded(db, begin(2, 1, true))).toBe(true)
  expect(await before.hasSucceeded(db, one)).toBe(false)
  expect(await before.hasSucceeded(db, begin(2, 2, true))).toBe(false)
  expect(await before.getBefore(db, 1)).toMatchObject({ state: 'succeeded', isCompatible: true })
  await db.batch([before.closeBefore(1)])
  expect((await before.getBefore(db, 1))?.state).toBe('succeeded')
})

test('what a copy of the data has shown is stored with the command', async () => {
  const { db } = database
  await deploy(1, 1)
  const started = Date.now() + 1000
  await deploy(2, 2)
  const check = { run: 1, state: 'incompatible' as const, reason: '/ answered 500' }
  const ended = { ...status, started, ended: started }
  await db.batch([before.setBefore({ ...begin(2, 2, false), check }, ended)])
  expect(await before.getBefore(db, 2)).toMatchObject({ check, isCompatible: false })
  expect(await answer(1)).toContain('does not work with the result: / answered 500')
})

test('a command whose deployment ended while it ran is unknown', async () => {
  const { db } = database
  await deploy(1, 1)
  const running = { ...status, state: 'running' as const, code: null, ended: null }
  await db.batch([before.setBefore(begin(1, 1, true), { ...running, started: Date.now() })])
  await db.batch([before.closeBefore(1)])
  expect(await before.getBefore(db, 1)).toMatchObject({
    state: 'unknown',
    reason: 'the deployment ended while it ran; it may have run in part',
  })
})

test('the last measured pause of each service is kept', async () => {
  const { db } = database
  await deploy(1, 1)
  await deploy(2, 2)
  await deploy(3, 3)
  await db.batch([
    before.setPauses(1, [{ service: 'redis', did: 'restarted', pauseMs: 500 }]),
    before.setPauses(2, [
      { service: 'redis', did: 'restarted', pauseMs: 700 },
      { service: 'mailer', did: 'restarted', pauseMs: null },
    ]),
    before.setPauses(3, [{ service: 'redis', did: 'nothing', pauseMs: 0 }]),
  ])
  expect(await before.lastPauses(db, 'shop', 'production')).toEqual([
    { service: 'redis', pauseMs: 700, deployment: 2 },
  ])
  expect(await before.getPauses(db, 3)).toEqual([{ service: 'redis', did: 'nothing', pauseMs: 0 }])
})
