import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock, systemSleep } from '#platform/clock.ts'
import { openDatabase, type Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { waitFor } from '../../test/support/wait.ts'
import { testDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import { eachReplica, every, oneReplica, rows, runJobs } from './every.ts'
import type { BackgroundJob, JobRuntime } from './job.ts'
import { listJobs, type JobStatus } from './job-store.ts'
import { register } from './records.ts'

let database: TestDatabase
let db: Database
beforeAll(async () => {
  database = await testDatabase({ size: 10 })
  db = database.db
})
afterAll(() => database.close())

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const unique = (): string => `job-${randomBytes(4).toString('hex')}`
const hour = 3_600_000

function runtime(replica: string, overrides: Partial<JobRuntime> = {}): JobRuntime {
  return {
    db,
    clock: systemClock,
    sleep: systemSleep,
    random: Math.random,
    log: silent,
    replica,
    ...overrides,
  }
}

/** Runs a job on one replica until `stop` is called. */
function start(job: BackgroundJob, on: JobRuntime): { stop(): Promise<void> } {
  const controller = new AbortController()
  const ended = job.run(on, controller.signal)
  return {
    stop: async () => {
      controller.abort()
      await ended
    },
  }
}

const statusOf = async (name: string): Promise<JobStatus | undefined> =>
  (await listJobs(db, [name]))[0]

/** Waits until the signal aborts, and then throws its reason. */
const hang = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })

describe('a job for one replica', () => {
  test('runs on one replica at a time, and keeps its interval across replicas', async () => {
    const name = unique()
    let running = 0
    let most = 0
    let runs = 0
    const replicas = ['a', 'b', 'c'].map((replica) =>
      start(
        every({
          name,
          interval: 100,
          claim: oneReplica(),
          run: async () => {
            running += 1
            runs += 1
            most = Math.max(most, running)
            await systemSleep(30, new AbortController().signal)
            running -= 1
          },
        }),
        runtime(replica),
      ),
    )
    await waitFor('several runs', () => Promise.resolve(runs >= 5))
    const before = { runs, time: performance.now() }
    await systemSleep(600, new AbortController().signal)
    const intervals = (performance.now() - before.time) / 80
    await Promise.all(replicas.map((replica) => replica.stop()))
    expect(most).toBe(1)
    expect(runs - before.runs).toBeLessThanOrEqual(intervals + 1)
  })

  test('is taken over after the lease when its replica loses the database', async () => {
    const name = unique()
    const lease = 400
    const order: string[] = []
    const mine = await openDatabase({ connection: database.connection, size: 2 })
    const jobOf = (replica: string) =>
      every({
        name,
        interval: 20,
        claim: oneReplica(lease),
        run: async ({ signal }) => {
          order.push(`${replica} starts`)
          await hang(signal).finally(() => order.push(`${replica} stops`))
        },
      })
    const first = start(jobOf('a'), runtime('a', { db: mine }))
    await waitFor('the first replica runs the job', () => Promise.resolve(order.length === 1))
    const second = start(jobOf('b'), runtime('b'))
    // Longer than the lease: it is renewed.
    await systemSleep(2 * lease, new AbortController().signal)
    expect(order).toEqual(['a starts'])
    await mine.close()
    await waitFor('the second replica runs the job', () => Promise.resolve(order.length >= 3))
    expect(order).toEqual(['a starts', 'a stops', 'b starts'])
    await Promise.all([first.stop(), second.stop()])
  })

  test('is left to another replica immediately when its replica stops', async () => {
    const name = unique()
    const started: string[] = []
    const jobOf = (replica: string) =>
      every({
        name,
        interval: 20,
        claim: oneReplica(hour),
        run: ({ signal }) => {
          started.push(replica)
          return hang(signal)
        },
      })
    const first = start(jobOf('a'), runtime('a'))
    await waitFor('the first replica runs the job', () => Promise.resolve(started.length === 1))
    await first.stop()
    const second = start(jobOf('b'), runtime('b'))
    await waitFor('the second replica runs the job', () => Promise.resolve(started.length === 2))
    expect(started).toEqual(['a', 'b'])
    await second.stop()
  })

  test('runs when it is woken, and again when it is woken during a run', async () => {
    const name = unique()
    let runs = 0
    let release = Promise.withResolvers<void>()
    const run = async (): Promise<void> => {
      runs += 1
      await release.promise
    }
    const here = every({ name, interval: hour, claim: oneReplica(), run })
    const elsewhere = every({ name, interval: hour, claim: oneReplica(), run })
    const replicas = [start(here, runtime('a')), start(elsewhere, runtime('b'))]
    here.wake()
    await waitFor('the woken run', () => Promise.resolve(runs === 1))
    elsewhere.wake()
    await waitFor('the other replica has asked for a run', async () => {
      const [row] = await db.query<{ isWoken: boolean }>(
        sql`select woken > started as "isWoken" from background_job where name = ${name}`,
      )
      return row?.isWoken === true
    })
    expect(runs).toBe(1)
    release.resolve()
    await waitFor('the run after it', () => Promise.resolve(runs === 2))
    release = Promise.withResolvers()
    await waitFor('the end of the run', async () => (await statusOf(name))?.isRunning === false)
    const status = await statusOf(name)
    expect(status).toMatchObject({ failures: 0, error: null, lag: 0 })
    release.resolve()
    await Promise.all(replicas.map((replica) => replica.stop()))
    expect(runs).toBe(2)
  })

  test('counts failures in a row, pauses longer after each, and recovers', async () => {
    const name = unique()
    const times: number[] = []
    let isBroken = true
    const job = every({
      name,
      interval: 40,
      claim: oneReplica(),
      run: async () => {
        times.push(performance.now())
        if (isBroken) throw new Error('the disk is gone')
      },
    })
    const replica = start(job, runtime('a', { random: () => 0.5 }))
    await waitFor('four failures', async () => ((await statusOf(name))?.failures ?? 0) >= 4)
    const failing = await statusOf(name)
    expect(failing).toMatchObject({ error: 'the disk is gone', succeeded: null })
    expect(failing?.ended).not.toBe(null)
    isBroken = false
    job.wake()
    await waitFor('a success', async () => (await statusOf(name))?.failures === 0)
    const recovered = await statusOf(name)
    expect(recovered).toMatchObject({ error: null, failures: 0 })
    expect(recovered?.succeeded).not.toBe(null)
    const pauses = times.slice(1, 4).map((time, i) => time - (times[i] ?? 0))
    expect(pauses[0]).toBeGreaterThanOrEqual(78)
    expect(pauses[1]).toBeGreaterThanOrEqual(158)
    expect(pauses[2]).toBeGreaterThanOrEqual(318)
    await replica.stop()
  })

  test('aborts a run that exceeds its timeout, and goes on', async () => {
    const name = unique()
    let runs = 0
    const job = every({
      name,
      interval: 20,
      timeout: 50,
      claim: oneReplica(),
      run: ({ signal }) => {
        runs += 1
        return runs === 1 ? hang(signal) : Promise.resolve()
      },
    })
    const replica = start(job, runtime('a'))
    await waitFor('a run after the one that hung', () => Promise.resolve(runs >= 2))
    await waitFor('the success', async () => (await statusOf(name))?.failures === 0)
    await replica.stop()
  })

  test('survives lost connections and a deleted row', async () => {
    const name = unique()
    let runs = 0
    const mine = await openDatabase({ connection: database.connection, size: 2 })
    const run = async (): Promise<void> => void (runs += 1)
    const job = every({ name, interval: 20, claim: oneReplica(), run })
    const replica = start(job, runtime('a', { db: mine }))
    await waitFor('a run', () => Promise.resolve(runs > 0))
    await db.query(sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`)
    await db.query(sql`delete from background_job where name = ${name}`)
    const before = runs
    await waitFor('another run', () => Promise.resolve(runs > before + 1))
    await replica.stop()
    await mine.close()
  })

  test('shows a run that is overdue as lag', async () => {
    const name = unique()
    const replica = start(
      every({ name, interval: hour, claim: oneReplica(), run: () => Promise.resolve() }),
      runtime('a'),
    )
    await waitFor('the row of the job', async () => (await statusOf(name)) !== undefined)
    await replica.stop()
    await db.query(
      sql`update background_job set due = now() - interval '1 minute' where name = ${name}`,
    )
    expect((await statusOf(name))?.lag).toBeGreaterThanOrEqual(60_000)
    // Its replica died during a run: that is lag, too.
    await db.query(sql`update background_job set holder = 'dead', lease = now() - interval '1 s'
      where name = ${name}`)
    expect(await statusOf(name)).toMatchObject({ isRunning: false })
    expect((await statusOf(name))?.lag).toBeGreaterThanOrEqual(60_000)
  })
})

describe('a job for each replica', () => {
  test('pauses within a fifth of its interval, needs no database, and stops', async () => {
    const pauses: number[] = []
    let runs = 0
    const closed = await openDatabase({ connection: database.connection, size: 1 })
    await closed.close()
    const job = every({
      name: unique(),
      interval: 5000,
      claim: eachReplica,
      run: async () => void (runs += 1),
    })
    const stop = new AbortController()
    const sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
      // The bound of a run is no pause.
      if (ms === 300_000) return systemSleep(ms, signal)
      pauses.push(ms)
      if (pauses.length > 200) stop.abort()
      await new Promise(setImmediate)
    }
    await job.run(runtime('a', { db: closed, sleep }), stop.signal)
    expect(runs).toBe(200)
    for (const pause of pauses) {
      expect(pause).toBeGreaterThanOrEqual(4000)
      expect(pause).toBeLessThanOrEqual(6000)
    }
    expect(new Set(pauses).size).toBeGreaterThan(100)
  })

  test('is listed once per living replica', async () => {
    const name = unique()
    const jobs = ['one', 'two'].map((replica) => ({
      replica,
      job: every({
        name,
        interval: 10,
        claim: eachReplica,
        run: () =>
          replica === 'one' ? Promise.reject(new Error('no host')) : Promise.resolve(undefined),
      }),
    }))
    await db.batch([register({ id: 'one/1', lease: hour }), register({ id: 'two/1', lease: hour })])
    const stop = new AbortController()
    const running = jobs.map(({ replica, job }) => runJobs([job], runtime(replica), stop.signal))
    await waitFor('both are listed', async () => (await listJobs(db, [name])).length === 2)
    const [one, two] = await listJobs(db, [name])
    expect(one).toMatchObject({ replica: 'one', error: 'no host' })
    expect(two).toMatchObject({ replica: 'two', error: null, failures: 0 })
    await db.query(sql`update replica set lease = now() - interval '1 s' where id = 'two/1'`)
    expect((await listJobs(db, [name])).map(({ replica }) => replica)).toEqual(['one'])
    stop.abort()
    await Promise.all(running)
    expect(await db.query(sql`select from background_job where name = ${name}`)).toEqual([])
  })
})

describe('a job on rows', () => {
  const claimFor = (seconds: number) => (table: string, on: Database) =>
    rows<{ id: number }>({
      parallel: 3,
      key: ({ id }) => String(id),
      take: ({ count, except }) =>
        on.query(sql`update job_item set claimed = clock_timestamp() + ${seconds} * interval '1 s'
          where id in (select id from job_item where tag = ${table} and not done
            and (claimed is null or claimed < clock_timestamp()) and id::text <> all(${[...except]})
            order by id limit ${count} for update skip locked) returning id`),
    })

  beforeAll(async () => {
    await db.query(sql`create table job_item (tag text, id int, claimed timestamptz,
      done boolean not null default false, primary key (tag, id))`)
  })

  const addItems = (tag: string, count: number) =>
    db.query(sql`insert into job_item (tag, id) select ${tag}, generate_series(1, ${count})`)
  const finish = (tag: string, id: number) =>
    db.query(sql`update job_item set done = true where tag = ${tag} and id = ${id}`)

  test('works on every row once, on several replicas, some rows at a time', async () => {
    const tag = unique()
    await addItems(tag, 40)
    const seen: number[] = []
    const running = new Map<string, number>()
    const replicas = ['a', 'b'].map((replica) =>
      start(
        every<{ id: number }>({
          name: tag,
          interval: 20,
          claim: claimFor(60)(tag, db),
          run: async ({ item }) => {
            running.set(replica, (running.get(replica) ?? 0) + 1)
            expect(running.get(replica)).toBeLessThanOrEqual(3)
            await systemSleep(5, new AbortController().signal)
            seen.push(item.id)
            await finish(tag, item.id)
            running.set(replica, (running.get(replica) ?? 0) - 1)
          },
        }),
        runtime(replica),
      ),
    )
    await waitFor('all rows', () => Promise.resolve(seen.length >= 40))
    await Promise.all(replicas.map((replica) => replica.stop()))
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
  })

  test('a row that hangs delays no other, and a row that fails is tried again', async () => {
    const tag = unique()
    await addItems(tag, 6)
    const failures: number[] = []
    const job = every<{ id: number }>({
      name: tag,
      interval: 20,
      claim: claimFor(0.1)(tag, db),
      run: async ({ item, signal }) => {
        if (item.id === 1) return hang(signal)
        if (item.id === 2 && failures.push(item.id) < 3) throw new Error('not yet')
        await finish(tag, item.id)
      },
    })
    const replica = start(job, runtime('a'))
    await waitFor('the other rows', async () => {
      const left = await db.query(sql`select from job_item where tag = ${tag} and not done`)
      return left.length === 1
    })
    expect(failures.length).toBe(3)
    await replica.stop()
  })

  test('takes over rows whose claim expired, and aborts a run that lost its claim', async () => {
    const tag = unique()
    await addItems(tag, 1)
    const order: string[] = []
    let isMine = true
    const jobOf = (replica: string) =>
      every<{ id: number }>({
        name: tag,
        interval: 20,
        claim: {
          ...claimFor(0.2)(tag, db),
          renew: { every: 50, extend: () => Promise.resolve(replica === 'b' || isMine) },
        },
        run: ({ signal }) => {
          order.push(`${replica} starts`)
          return hang(signal).finally(() => order.push(`${replica} stops`))
        },
      })
    const first = start(jobOf('a'), runtime('a'))
    await waitFor('the first replica has it', () => Promise.resolve(order.length === 1))
    isMine = false
    await waitFor('the first replica stops', () => Promise.resolve(order.length === 2))
    await first.stop()
    const second = start(jobOf('b'), runtime('b'))
    await waitFor('the second replica has it', () => Promise.resolve(order.length === 3))
    await second.stop()
    expect(order).toEqual(['a starts', 'a stops', 'b starts', 'b stops'])
  })

  test('claims immediately when it is woken and after a row is done', async () => {
    const tag = unique()
    let done = 0
    const job = every<{ id: number }>({
      name: tag,
      interval: hour,
      claim: claimFor(60)(tag, db),
      run: async ({ item }) => {
        await finish(tag, item.id)
        done += 1
      },
    })
    const replica = start(job, runtime('a'))
    await systemSleep(100, new AbortController().signal)
    await addItems(tag, 10)
    job.wake()
    await waitFor('all rows', () => Promise.resolve(done === 10))
    await replica.stop()
  })

  test('shows a claim that fails', async () => {
    const name = unique()
    await db.query(register({ id: 'rows/1', lease: hour }))
    let isBroken = true
    const job = every({
      name,
      interval: 20,
      claim: rows<string>({
        parallel: 1,
        key: (item) => item,
        take: async () => {
          if (isBroken) throw new Error('no such table')
          return []
        },
      }),
      run: () => Promise.resolve(),
    })
    const replica = start(job, runtime('rows'))
    await waitFor('the failure', async () => (await statusOf(name))?.error === 'no such table')
    isBroken = false
    await waitFor('the recovery', async () => (await statusOf(name))?.failures === 0)
    await replica.stop()
  })
})

test('two jobs of one name are refused', async () => {
  const job = every({
    name: 'same',
    interval: hour,
    claim: eachReplica,
    run: () => Promise.resolve(),
  })
  await expect(runJobs([job, job], runtime('a'), AbortSignal.abort())).rejects.toThrow(
    'Two background jobs are named same',
  )
})
