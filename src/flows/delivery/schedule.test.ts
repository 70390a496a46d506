import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { insertRun, nextRunId, startRun } from '#domains/pipeline/store.ts'
import { insertApp, insertChange, moveHead } from '#domains/source/store.ts'
import { createEngine } from '#engine/engine.ts'
import type { Engine } from '#engine/workflow.ts'
import { systemClock } from '#platform/clock.ts'
import { listRuns } from '#views/run.ts'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { startScheduled } from './schedule.ts'

const sha = 'a'.repeat(40)
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const at = (time: string): Date => new Date(`2026-03-10T${time}Z`)

let database: TestDatabase
let engine: Engine
let pushed = 0
beforeEach(async () => {
  database = await testDatabase()
  const { db } = database
  const definition = { name: 'delivery', version: 1, concurrency: 1, run: async () => null }
  engine = createEngine({
    db,
    clock: systemClock,
    random: Math.random,
    replica: 'test',
    log: quiet,
    definitions: [definition],
  })
  const change = {
    app: 'shop',
    sha,
    base: null,
    branch: 'main',
    subject: 'Change',
    author: { name: 'Ada', email: 'ada@example.com' },
    committed: at('00:00:00').toISOString(),
    chain: 'change/1',
  }
  pushed = await nextRunId(db)
  await db.batch([
    insertApp({ name: 'shop', repository: { kind: 'hosted' }, branch: 'main', folder: '.' }),
    insertChange(change, false),
    moveHead('shop', null, sha),
    insertRun({ id: pushed, app: 'shop', sha, retryOf: null, trigger: 'push', parameters: {} }),
    startRun(pushed, pipelineFile.parse({ schedule: '0 3 * * *' })),
  ])
})
afterEach(async () => {
  await engine.close()
  await database.close()
})

const start = (time: string): Promise<number> => startScheduled(database.db, engine, at(time))
const triggers = async (): Promise<string[]> =>
  (await listRuns(database.db, { limit: 10 })).map(({ trigger }) => trigger)

describe('scheduled runs', () => {
  test('do not start for times before the schedule was seen', async () => {
    expect([await start('02:00:00'), await start('02:59:59')]).toEqual([0, 0])
    expect(await triggers()).toEqual(['push'])
  })

  test('start once when they are due', async () => {
    await start('02:00:00')
    expect([await start('03:00:00'), await start('03:00:05')]).toEqual([1, 0])
    expect(await triggers()).toEqual(['schedule', 'push'])
  })

  test('start once when several replicas check at the same time', async () => {
    await start('02:00:00')
    const started = await Promise.all(Array.from({ length: 4 }, () => start('03:00:00')))
    expect(started.toSorted((a, b) => a - b)).toEqual([0, 0, 0, 1])
    expect(await triggers()).toEqual(['schedule', 'push'])
  })

  test('start once for all times that were missed', async () => {
    const { db } = database
    await db.query(startRun(pushed, pipelineFile.parse({ schedule: '*/10 * * * *' })))
    await start('02:00:00')
    expect([await start('05:05:00'), await start('05:09:59')]).toEqual([1, 0])
    expect(await start('05:10:00')).toBe(1)
  })
})
