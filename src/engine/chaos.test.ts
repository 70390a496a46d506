import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock, type Clock } from '#platform/clock.ts'
import type { EmbeddedPostgres } from '#platform/postgres/embedded.ts'
import { migrate } from '#platform/postgres/migrate.ts'
import { openDatabase, type Database } from '#platform/postgres/postgres.ts'
import { packageRoot } from '#platform/self.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import { supervisePostgres } from '#platform/postgres/supervised.ts'
import { createEngine } from './engine.ts'
import { readEvents } from './events.ts'
import type { Engine, WorkflowContext, WorkflowDefinition } from './workflow.ts'
import { skipWhen } from '../../test/support/programs.ts'
import { isLong, longTest } from '../../test/support/scale.ts'

/** Workflows in each trial. */
const count = isLong ? 300 : 20
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
let folder: string
let postgres: EmbeddedPostgres
let db: Database
let engines: Engine[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-chaos-'))
  postgres = await supervisePostgres({ folder: join(folder, 'postgres'), log: quiet })
  db = await openDatabase({ connection: postgres.connection })
  await migrate(db, join(packageRoot, 'migrations'))
  await db.query(
    sql`create table journal (id bigint generated always as identity, workflow text, step text)`,
  )
})
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close()))
  engines = []
  await db.close()
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function run(ctx: WorkflowContext): Promise<string[]> {
  await ctx.lock(`lock ${ctx.id.at(-1)}`, 0)
  const one = (name: string) =>
    ctx.step(name, async (step) => {
      step.write(sql`insert into journal (workflow, step) values (${ctx.id}, ${name})`)
      if (name === 'flushed') await step.flush()
      step.emit({
        type: 'dev.cdevents.taskrun.finished',
        subject: step.key,
        data: { name, attempt: 1, outcome: 'success' },
      })
      await sleep(Math.random() * 10)
      return name
    })
  const names = ['a', 'b', 'flushed', 'c']
  const done: string[] = []
  for (const name of names) done.push(await one(name))
  return [...done, ...(await Promise.all(['x', 'y'].map(one)))]
}

async function open(
  lease: number,
  clock: Clock = systemClock,
  host = postgres.connection.host,
): Promise<Engine> {
  const definitions: WorkflowDefinition[] = [{ name: 'job', version: 1, concurrency: 6, run }]
  const own = await openDatabase({ connection: { ...postgres.connection, host }, size: 6 })
  const engine = createEngine({
    db: own,
    clock,
    random: Math.random,
    replica: 'r',
    definitions,
    log: quiet,
    lease,
  })
  await engine.open()
  engines.push({ ...engine, close: () => engine.close().then(() => own.close()) })
  return engine
}

const ids = Array.from({ length: count }, (_, i) => `w${i + 100}`)

async function startAll(engine: Engine): Promise<void> {
  await db.batch(
    ids.flatMap((id) =>
      engine.startStatements({ id, name: 'job', chain: `chain/${id}`, input: null }),
    ),
  )
}

/** Repeats while the database is unavailable. */
async function retryWhileLeased<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch {
      await sleep(20)
    }
  }
}

async function countOf(statement: Statement): Promise<number> {
  const [row] = await retryWhileLeased(() => db.query<{ n: number }>(statement))
  return row?.n ?? 0
}

const unended = sql`select count(*) as n from workflow where ended is null`

async function allEnded(): Promise<void> {
  while ((await countOf(unended)) > 0) await sleep(50)
}

/** Waits until a step runs; false when every workflow has ended. */
async function isStepRunning(): Promise<boolean> {
  const running = sql`select count(*) as n from workflow_step where ended is null`
  while ((await countOf(running)) === 0) {
    if ((await countOf(unended)) === 0) return false
    await sleep(2)
  }
  return true
}

/** Waits for every workflow to end, and checks that each write happened once. */
async function requireAllOnce(): Promise<void> {
  await allEnded()
  const states = await db.query(sql`select state, count(*) as n from workflow group by 1`)
  expect(states).toEqual([{ state: 'succeeded', n: count }])
  const written = await db.query<{ step: string; most: number; least: number; n: number }>(sql`
    select step, max(times) as most, min(times) as least, count(*) as n
    from (select workflow, step, count(*) as times from journal group by 1, 2) t
    group by 1 order by 1`)
  for (const row of written) {
    expect(row.n, row.step).toBe(count)
    expect(row.least, row.step).toBe(1)
    if (row.step !== 'flushed') expect(row.most, row.step).toBe(1)
  }
  expect(written.map((row) => row.step)).toEqual(['a', 'b', 'c', 'flushed', 'x', 'y'])
  // Each attempt writes its flushed part at most once.
  const surplus = sql`select from workflow_step s where name = 'flushed' and attempt < (
    select count(*) from journal j where j.workflow = s.workflow and j.step = s.name)`
  expect(await db.query(surplus)).toEqual([])
  const events = await readEvents(db, {
    type: 'dev.cdevents.taskrun.finished',
    after: 0,
    limit: 100_000,
  })
  expect(new Set(events.map((event) => event.subject)).size).toBe(count * 6)
  expect(events).toHaveLength(count * 6)
  expect(await db.query(sql`select * from lock`)).toEqual([])
  expect(await db.query(sql`select * from workflow_step where ended is null`)).toEqual([])
}

longTest('each workflow runs once when three replicas race for workflows and locks', async () => {
  const [first] = await Promise.all([open(2000), open(2000), open(2000)])
  await startAll(first)
  await requireAllOnce()
  expect(await db.query(sql`select * from event where type like 'dev.cdeventsx%'`)).toEqual([])
})

test('nothing happens twice when connections are cut at random, listeners included', async () => {
  const first = await open(1500)
  await open(1500)
  await startAll(first)
  let cuts = 0
  const cutting = (async () => {
    for (let i = 0; i < 60; i += 1) {
      const rows = await retryWhileLeased(() =>
        db.query(sql`select pg_terminate_backend(pid) from pg_stat_activity
          where backend_type = 'client backend' and pid <> pg_backend_pid()
          order by random() limit 2`),
      )
      cuts += rows.length
      await sleep(15)
    }
  })()
  // The checks need connections that nobody cuts.
  await Promise.all([allEnded(), cutting])
  await requireAllOnce()
  expect(cuts).toBeGreaterThan(20)
})

/**
 * A proxy in front of PostgreSQL that sometimes cuts a connection instead of forwarding an answer:
 * the statement has been executed.
 */
async function loseAnswers(
  host: string,
  chance: () => boolean,
): Promise<{ server: Server; lost: () => number }> {
  mkdirSync(host, { mode: 0o700 })
  let lost = 0
  const server = createServer((client) => {
    const upstream = connect(join(postgres.connection.host, '.s.PGSQL.5432'))
    const cut = (): void => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream] as Socket[]) socket.on('error', cut).on('close', cut)
    client.pipe(upstream)
    let answers = 0
    upstream.on('data', (chunk) => {
      answers += 1
      // The first few answers belong to the connection handshake.
      if (answers > 3 && chance()) {
        lost += 1
        cut()
      } else client.write(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(join(host, '.s.PGSQL.5432'), resolve))
  return { server, lost: () => lost }
}

longTest('nothing happens twice when the answer to a committed transaction is lost', async () => {
  let isRough = true
  const host = join(folder, 'proxy')
  const { server, lost } = await loseAnswers(host, () => isRough && Math.random() < 0.15)
  const first = await open(2000, systemClock, host)
  await open(2000, systemClock, host)
  await startAll(first)
  await requireAllOnce()
  isRough = false
  expect(lost()).toBeGreaterThan(20)
  server.close()
})

longTest('every workflow ends once when the postmaster is killed repeatedly', async () => {
  const first = await open(3000)
  await open(3000)
  await startAll(first)
  const killing = (async () => {
    for (let kills = 0; kills < 4; kills += 1) {
      const { pid } = postgres
      process.kill(pid, 'SIGKILL')
      while (postgres.pid === pid) await sleep(5)
      await retryWhileLeased(() => db.query(sql`select 1`))
      await sleep(150)
    }
  })()
  await killing
  await requireAllOnce()
})

longTest(
  'every workflow ends once when the database freezes for longer than the lease',
  skipWhen(process.platform !== 'linux', 'processes are found in /proc, which Linux has'),
  async () => {
    const first = await open(800)
    await startAll(first)
    expect(await isStepRunning()).toBe(true)
    const children = readFileSync(`/proc/${postgres.pid}/task/${postgres.pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .map(Number)
    for (const pid of children) process.kill(pid, 'SIGSTOP')
    await sleep(2500)
    for (const pid of children) process.kill(pid, 'SIGCONT')
    await requireAllOnce()
  },
)

longTest('a wall clock that jumps back and forth has no effect', async () => {
  const clock: Clock = {
    now: () => Date.now() + (Math.random() - 0.5) * 1e9,
    monotonic: () => performance.now(),
  }
  const first = await open(2000, clock)
  await startAll(first)
  await requireAllOnce()
})

longTest('a replica whose lease expires registers again and resumes its workflows', async () => {
  let offset = 0
  const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() + offset }
  const first = await open(400, clock)
  await startAll(first)
  const takeovers = (): Promise<number> =>
    countOf(sql`select count(*) as n from event
      where type = 'dev.cdeventsx.fairlead-workflow.takenover'`)
  for (let i = 0; i < 3 && (await isStepRunning()); i += 1) {
    const before = await takeovers()
    offset += 10_000
    while ((await takeovers()) === before && (await countOf(unended)) > 0) await sleep(5)
  }
  await requireAllOnce()
  expect(await takeovers()).toBeGreaterThan(0)
})
