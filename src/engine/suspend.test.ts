import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '#platform/clock.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import { createEngine } from './engine.ts'
import { readEvents } from './events.ts'
import {
  beginStep,
  claim,
  continueWorkflow,
  endStep,
  register,
  retractCrashes,
  releaseWorkflows,
} from './records.ts'
import type { Engine } from './workflow.ts'

/** A workflow of two steps whose replicas crash; the statements are those of a replica. */
let database: TestDatabase
let engine: Engine
const id = 'job/1'
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const ran: string[] = []

beforeEach(async () => {
  database = await testDatabase()
  ran.length = 0
  engine = createEngine({
    ...{ db: database.db, clock: systemClock, random: Math.random, replica: 'real', log: quiet },
    definitions: [
      {
        name: 'job',
        version: 1,
        concurrency: 1,
        run: async (ctx) => {
          for (const name of ['first', 'second'])
            await ctx.step(name, async () => void ran.push(name))
          return 'done'
        },
      },
    ],
  })
  await database.db.batch(
    engine.startStatements({ id, name: 'job', chain: 'chain', input: { app: 'shop' } }),
  )
})
afterEach(async () => {
  await engine.close()
  await database.close()
})

const definition = { name: 'job', version: 1 }
let replicas = 0

/** Registers a replica and claims; returns the epoch, or null when nothing can be claimed. */
async function takeOver(former: string[] = []): Promise<{ replica: string; epoch: number | null }> {
  const replica = `r${(replicas += 1)}`
  await database.db.vital([
    register({ id: replica, lease: 60_000, former }),
    retractCrashes(former),
  ])
  const [claimed] = await claim(database.db, replica, definition, 1)
  return { replica, epoch: claimed?.epoch ?? null }
}

const die = (replica: string) => database.db.query(sql`delete from replica where id = ${replica}`)
const begin = (epoch: number, name: string) =>
  database.db.batch([beginStep({ id, epoch }, name, 1)])

/** A process that claims the workflow, begins a step and is killed. */
async function crashIn(name: string): Promise<string> {
  const { replica, epoch } = await takeOver()
  expect(epoch).not.toBeNull()
  await begin(epoch ?? 0, name)
  await die(replica)
  return replica
}

const row = async () =>
  (
    await database.db.query<{ state: string; reason: string | null }>(
      sql`select state, reason from workflow where id = ${id}`,
    )
  )[0]
const types = async (): Promise<string[]> =>
  (await readEvents(database.db, { chain: 'chain', after: 0, limit: 100 }))
    .map(({ type }) => type.replace('dev.cdeventsx.fairlead-workflow.', ''))
    .filter((type) => /^\w+$/.test(type))

test('the third crash in a row suspends a workflow, with the step in the reason', async () => {
  await crashIn('first')
  await crashIn('first')
  await crashIn('first')
  expect((await takeOver()).epoch).toBeNull()
  expect(await row()).toEqual({
    state: 'suspended',
    reason: 'the server crashed 3 times while it ran first',
  })
  expect(await types()).toEqual(['takenover', 'takenover', 'suspended'])
  await engine.open()
  expect(ran).toEqual([])
})

test('a suspended workflow runs again when it is continued', async () => {
  for (let i = 0; i < 3; i += 1) await crashIn('first')
  await engine.open()
  await database.db.batch([continueWorkflow(id)])
  expect(await engine.result(id)).toMatchObject({ state: 'succeeded', output: 'done' })
  expect(ran).toEqual(['first', 'second'])
})

test('a cancelled one ends without running and frees its locks', async () => {
  for (let i = 0; i < 3; i += 1) await crashIn('first')
  await takeOver()
  await database.db.query(
    sql`insert into lock (name, workflow, rank, held) values ('environment', ${id}, 1, true)`,
  )
  expect(await engine.cancel(id)).toBe(true)
  await engine.open()
  expect(await engine.result(id)).toMatchObject({ state: 'cancelled' })
  expect(ran).toEqual([])
  expect(await database.db.query(sql`select * from lock`)).toEqual([])
})

test('a workflow that was cancelled before its third crash ends as cancelled', async () => {
  await crashIn('first')
  await crashIn('first')
  await engine.cancel(id)
  await crashIn('first')
  expect((await takeOver()).epoch).toBeNull()
  expect(await row()).toMatchObject({ state: 'cancelled' })
})

test('a step that ends is progress: the count begins again', async () => {
  await crashIn('first')
  await crashIn('first')
  const { replica, epoch } = await takeOver()
  await begin(epoch ?? 0, 'first')
  await database.db.batch([endStep({ id, epoch: epoch ?? 0 }, 'first', 'passed', 'null', null)])
  await begin(epoch ?? 0, 'second')
  await die(replica)
  await crashIn('second')
  expect((await takeOver()).epoch).not.toBeNull()
})

test.each([
  ['waits between two steps', async () => undefined, die],
  [
    'is closed while a step is open',
    (epoch: number) => begin(epoch, 'first'),
    (replica: string) => database.db.vital([releaseWorkflows(replica)]),
  ],
])('a workflow whose replica %s is never suspended', async (_what, act, end) => {
  for (let i = 0; i < 4; i += 1) {
    const { replica, epoch } = await takeOver()
    expect(epoch).not.toBeNull()
    await act(epoch ?? 0)
    await end(replica)
  }
  expect((await row())?.state).toBe('running')
})

test('a replica that lost its lease and registers again did not crash', async () => {
  const former: string[] = []
  for (let i = 0; i < 4; i += 1) {
    const { replica, epoch } = await takeOver(former)
    expect(epoch).not.toBeNull()
    await begin(epoch ?? 0, 'first')
    await die(replica)
    former.push(replica)
  }
})

test('a workflow continues when one of the dead replicas turns out to be frozen', async () => {
  const frozen = await crashIn('first')
  await crashIn('first')
  await crashIn('first')
  expect((await takeOver()).epoch).toBeNull()
  expect((await takeOver([frozen])).epoch).not.toBeNull()
  expect(await types()).toEqual(['takenover', 'takenover', 'suspended', 'continued'])
})
