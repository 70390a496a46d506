import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NewEvent } from '#contract/events.ts'
import { raw, sql } from '#platform/postgres/sql.ts'
import { testDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import { appendEvent, eventHorizon, followEvents, readEvents } from './events.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

const queued = (app: string, chain: string): NewEvent => ({
  type: 'dev.cdevents.pipelinerun.queued',
  subject: 'run/1',
  chain,
  app,
  data: { sha: 'a\0b\ud800', retryOf: null, trigger: 'push' },
})

test('reads an event as it was appended', async () => {
  const { db } = database
  expect(await eventHorizon(db)).toBe(0)
  const by = { credential: 'token', name: "the 'ci'", address: '::1' } as const
  await db.batch([
    appendEvent(queued('shop', 'c1')),
    appendEvent({ ...queued('shop', 'c1'), actor: { name: "O'Neil", by } }),
  ])
  const events = await readEvents(db, { limit: 10 })
  expect(events.map(({ time: _time, ...event }) => event)).toEqual(
    [2, 1].map((id) => ({
      id,
      type: 'dev.cdevents.pipelinerun.queued',
      version: '0.3.0',
      subject: 'run/1',
      chain: 'c1',
      app: 'shop',
      actor: id === 2 ? "O'Neil" : 'fairlead',
      by: id === 2 ? by : null,
      data: { sha: 'a\uFFFDb\uFFFD', retryOf: null, trigger: 'push' },
    })),
  )
})

test('refuses an event that does not fit its declaration, and names the field', () => {
  const refuse = (event: unknown) => expect(() => appendEvent(event as NewEvent))
  const event = queued('shop', 'c1')
  refuse({ ...event, type: 'dev.made.up' }).toThrow('Event type "dev.made.up" is not declared')
  refuse({ ...event, data: { retryOf: null, trigger: 'push' } }).toThrow(
    'Event "dev.cdevents.pipelinerun.queued" was refused: data.sha: ',
  )
  refuse({ ...event, data: { ...event.data, trigger: 'whim' } }).toThrow('data.trigger: ')
  refuse({ ...event, data: { ...event.data, color: 'red' } }).toThrow('Unrecognized key: "color"')
  refuse({ ...event, data: undefined }).toThrow('data.sha: ')
})

test('reads pages in both directions, with filters', async () => {
  const { db } = database
  await db.batch(
    Array.from({ length: 20 }, (_, i) =>
      appendEvent(queued(i % 2 ? 'shop' : 'desk', `page${i % 4}`)),
    ),
  )
  const all = await readEvents(db, { after: 0, limit: 500 })
  expect(all.map((event) => event.id)).toEqual(
    all.map((event) => event.id).toSorted((a, b) => a - b),
  )
  const newest = await readEvents(db, { limit: 5 })
  const older = await readEvents(db, { limit: 5, before: newest.at(-1)?.id })
  expect([...newest, ...older]).toEqual(all.toReversed().slice(0, 10))
  const desk = await readEvents(db, {
    app: 'desk',
    chain: 'page2',
    type: 'dev.cdevents.pipelinerun.queued',
    limit: 50,
  })
  expect(desk).toEqual(
    all.filter((event) => event.app === 'desk' && event.chain === 'page2').toReversed(),
  )
})

test('does not read past an event whose transaction is still open', async () => {
  const { db } = database
  const before = await eventHorizon(db)
  await db.session(async (run) => {
    await run(sql`begin`)
    await run(appendEvent(queued('slow', 'open')))
    await db.batch([appendEvent(queued('fast', 'open'))])
    expect(await readEvents(db, { after: before, limit: 10 })).toEqual([])
    await run(sql`commit`)
  })
  const events = await readEvents(db, { after: before, limit: 10 })
  expect(events.map((event) => event.app)).toEqual(['slow', 'fast'])
})

test('reads past the id of an event whose transaction was rolled back', async () => {
  const { db } = database
  const before = await eventHorizon(db)
  await expect(db.batch([appendEvent(queued('undone', 'u')), sql`select 1 / 0`])).rejects.toThrow(
    'division by zero',
  )
  await db.batch([appendEvent(queued('done', 'u'))])
  const events = await readEvents(db, { after: before, limit: 10 })
  expect(events.map((event) => [event.id, event.app])).toEqual([[before + 2, 'done']])
})

test('followers receive every event once and in order from concurrent writers', async () => {
  const { db } = database
  const stop = new AbortController()
  const after = await eventHorizon(db)
  const follow = async (from: number | undefined, app?: string): Promise<number[]> => {
    const seen: number[] = []
    for await (const event of followEvents(db, { after: from, app }, stop.signal)) {
      seen.push(event.id)
      if (event.chain === 'last' && (app === undefined || event.app === app)) return seen
    }
    return seen
  }
  const followers = [follow(after), follow(after, 'app1'), follow(after)]
  const write = async (writer: number): Promise<void> => {
    for (let i = 0; i < 60; i += 1) {
      const events = Array.from({ length: 1 + (i % 3) }, () =>
        appendEvent(queued(`app${writer % 2}`, 'many')),
      )
      // One writer pauses between drawing an id and committing.
      const statements = writer === 0 ? [...events, sql`select pg_sleep(0.004)`] : events
      const isRolledBack = i % 7 === 3
      await db
        .batch(isRolledBack ? [...statements, sql`select 1 / 0`] : statements)
        .catch(() => undefined)
    }
  }
  await Promise.all(Array.from({ length: 5 }, (_, writer) => write(writer)))
  await db.batch([appendEvent(queued('app0', 'last')), appendEvent(queued('app1', 'last'))])
  const stored = await db.query<{ id: number; app: string; chain: string }>(
    sql`select id, app, chain from event where id > ${after} order by id`,
  )
  const [all, app1, again] = await Promise.all(followers)
  const upToFirstLast = stored.slice(0, stored.findIndex((event) => event.chain === 'last') + 1)
  expect(all).toEqual(upToFirstLast.map((event) => event.id))
  expect(again).toEqual(all)
  expect(app1).toEqual(stored.filter((event) => event.app === 'app1').map((event) => event.id))
  expect(stored.length).toBeGreaterThan(400)
  stop.abort()
})

test('a follower continues after its connection is lost', async () => {
  const { db } = database
  const stop = new AbortController()
  const seen: string[] = []
  const following = (async () => {
    for await (const event of followEvents(db, {}, stop.signal)) {
      seen.push(event.chain)
      if (event.chain === 'after') return
    }
  })()
  // The follower listens as soon as an appended event arrives.
  while (!seen.includes('before')) await db.batch([appendEvent(queued('shop', 'before'))])
  const cut = await db.query(sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query like 'listen%'`)
  expect(cut).toHaveLength(1)
  await db.batch([appendEvent(queued('shop', 'after'))])
  await following
  expect(seen.at(-1)).toBe('after')
  stop.abort()
})

test('reads by index and without a sort, however long the log is', async () => {
  const { db } = database
  await db.query(sql`insert into event (type, version, subject, chain, app, actor, data)
    select 'dev.cdevents.pipelinerun.queued', '1', 's', 'chain' || i / 10, 'app' || i % 7, 'x', '{}'
    from generate_series(1, 30000) i`)
  await db.query(sql`analyze event`)
  for (const condition of [
    "app = 'app1'",
    "chain = 'chain5'",
    "type = 'dev.cdevents.pipelinerun.queued'",
    "app = 'app1' and type = 'none'",
    'true',
  ]) {
    for (const order of ['asc', 'desc']) {
      const text = `explain select * from event where ${condition} and id <= 20000
        order by id ${order} limit 50`
      const plan = (await db.query<{ 'QUERY PLAN': string }>(raw(text)))
        .map((row) => row['QUERY PLAN'])
        .join('\n')
      expect(plan).toContain('Index Scan')
      expect(plan).not.toContain('Seq Scan')
    }
  }
})
