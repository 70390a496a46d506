import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FairleadError } from '#contract/errors.ts'
import type { Caller } from '#contract/handler.ts'
import type { CommandStatus, HostCommand } from '#contract/job/host.ts'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { OpenTarget } from '#domains/deployment/open-targets.ts'
import type { TargetCommands } from '#domains/deployment/target.ts'
import { listJobRuns } from '#domains/job/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { firingSources } from '#views/watched.ts'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { advanceJobRuns, type JobDependencies } from './advance.ts'
import { jobHandlers } from './handlers.ts'
import { openTerminal } from './terminal.ts'
import { queueDue } from './queue-due.ts'

const place = { app: 'shop', environment: 'production' }
const at = (time: string): Date => new Date(`2026-03-10T${time}Z`)
const never = new AbortController().signal
const ada = { name: 'Ada', by: { credential: 'machine', address: null } } as unknown as Caller

/** A target whose commands the test ends. */
class SimulatedTarget {
  readonly started: [string, HostCommand][] = []
  readonly status = new Map<string, CommandStatus>()
  /** called before every call; throws to interrupt it */
  before: (what: string) => void = () => undefined
  /** called after every call, before its answer arrives */
  after: (what: string) => void = () => undefined

  readonly commands: TargetCommands = {
    start: (_at, key, command) =>
      this.#call('start', () => {
        if (!this.status.has(key)) this.started.push([key, command])
        return this.#known(key, { release: command.release, began: 1, end: null })
      }),
    look: (_at, key) => this.#call('look', () => this.status.get(key) ?? null),
    stop: (_at, key) =>
      this.#call('stop', () => {
        this.end(key, { kind: 'stopped', exit: null, reason: 'it was stopped' })
        return this.status.get(key)!
      }),
    output: (_at, key, after) =>
      this.#call('output', () =>
        this.status.has(key)
          ? { lines: ['hello'], next: after + 6, skipped: 0, complete: true }
          : null,
      ),
    remove: () => this.#call('remove', () => undefined),
    openTerminal: () => Promise.reject(new Error('the target opens it')),
  }

  end(key: string, end: Omit<NonNullable<CommandStatus['end']>, 'at'>): void {
    this.status.set(key, { release: 1, began: 1, end: { ...end, at: 2 } })
  }

  endAll(exit: number): void {
    for (const [key, { end }] of this.status)
      if (end === null)
        this.end(key, {
          kind: 'exited',
          exit,
          reason: exit === 0 ? null : `it exited with ${exit}`,
        })
  }

  #known(key: string, fresh: CommandStatus): CommandStatus {
    const status = this.status.get(key) ?? fresh
    this.status.set(key, status)
    return status
  }

  async #call<T>(what: string, act: () => T): Promise<T> {
    this.before(what)
    const answer = act()
    this.after(what)
    return answer
  }
}

let database: TestDatabase
let db: Database
let target: SimulatedTarget
let keys = 0
beforeEach(async () => {
  database = await testDatabase()
  db = database.db
  target = new SimulatedTarget()
})
afterEach(() => database.close())

/** Makes a release with these jobs live. */
async function live(jobs: Record<string, unknown>, release = 1): Promise<void> {
  const definition = pipelineFile.parse({
    ...{ services: { web: 'node server.js' }, environments: { production: {} }, jobs },
  })
  const sha = 'a'.repeat(40)
  await db.batch([
    sql`insert into app (name, repository, branch, folder)
      values ('shop', '{"kind":"hosted"}', 'main', '.') on conflict do nothing`,
    sql`insert into change (app, sha, branch, subject, author, committed, chain)
      values ('shop', ${sha}, 'main', 'Change', '{}', now(), 'c-1') on conflict do nothing`,
    sql`insert into environment (app, name, position) values ('shop', 'production', 0)
      on conflict do nothing`,
    sql`update deployment set state = 'replaced' where state = 'live'`,
    sql`insert into artifact (digest, app, run, size) values ('sha256:a', 'shop', 1, 1)
      on conflict do nothing`,
    sql`insert into release (id, app, environment, artifact, configuration, run, sha, definition)
      overriding system value
      values (${release}, 'shop', 'production', 'sha256:a', 0, 1, ${sha}, ${definition}::json)`,
    sql`insert into deployment (id, app, environment, kind, state, run, release, actor, workflow,
        live)
      overriding system value
      values (${release}, 'shop', 'production', 'delivery', 'live', 1, ${release}, 'Ada', 'w',
        now())`,
  ])
}

const deps = (): JobDependencies => ({
  db,
  targets: { of: () => ({ title: 'Test', commands: target.commands }) as unknown as OpenTarget },
  log: { info: () => undefined, warn: () => undefined, error: () => undefined },
})
const queue = (time: string): Promise<void> =>
  queueDue({ db, makeKey: () => `key-${(keys += 1)}` }, at(time))
const advance = (): Promise<void> => advanceJobRuns(deps(), never)
const handlers = () =>
  jobHandlers({
    deps: { ...deps(), clock: { now: () => at('12:00:00').getTime(), monotonic: () => 0 } },
    makeKey: () => `key-${(keys += 1)}`,
    onQueued: () => undefined,
  })
const states = async (): Promise<string[]> =>
  (await listJobRuns(db, { app: 'shop', limit: 50 })).map(({ state }) => state).toReversed()
const events = async (): Promise<string[]> =>
  (await db.query<{ type: string }>(sql`select type from event order by id`)).map(({ type }) =>
    type.replace('dev.cdeventsx.fairlead-', ''),
  )
const request = (job: string) =>
  handlers().runJob({ params: { ...place, job }, query: {}, body: {} }, ada, never)

describe('a schedule', () => {
  const nightly = { nightly: { run: 'node report.js', schedule: '0 3 * * *' } }

  test('counts from when it was first seen, and each time has one run', async () => {
    await live(nightly)
    await queue('02:00:00')
    await queue('02:59:59')
    expect(await states()).toEqual([])
    await Promise.all(Array.from({ length: 4 }, () => queue('03:00:00')))
    await queue('03:00:05')
    expect(await states()).toEqual(['waiting'])
  })

  test('has one run for all times that were missed', async () => {
    await live({ often: { run: 'true', schedule: '*/10 * * * *', overlap: 'allow' } })
    await queue('02:00:00')
    await queue('05:05:00')
    expect((await listJobRuns(db, { app: 'shop', limit: 5 })).map(({ due }) => due)).toEqual([
      '2026-03-10T05:00:00.000Z',
    ])
  })

  test('runs no time twice when the clock is set back', async () => {
    await live(nightly)
    await queue('02:00:00')
    await queue('03:00:00')
    await queue('01:00:00')
    await queue('03:00:00')
    await queue('03:01:00')
    expect(await states()).toEqual(['waiting'])
  })

  test('has one run for each time, however the clocks of two servers jump', async () => {
    await live({ often: { run: 'true', schedule: '*/10 * * * *', overlap: 'allow' } })
    const clocks = [
      ...['02:00:00', '02:10:02', '02:09:58', '02:20:01', '04:00:00', '02:21:00', '02:20:59'],
      ...['02:30:00', '02:29:59', '02:30:01', '02:40:00', '04:00:05'],
    ]
    for (const time of clocks) await Promise.all([queue(time), queue(time)])
    const runs = await listJobRuns(db, { app: 'shop', limit: 50 })
    expect(runs.map(({ due }) => due?.slice(11, 16)).toReversed()).toEqual([
      ...['02:10', '02:20', '04:00', '02:30', '02:40'],
    ])
  })

  test('begins anew when it changes, and ends when the job is gone', async () => {
    await live(nightly)
    await queue('02:00:00')
    await live({ nightly: { run: 'true', schedule: '30 2 * * *' } }, 2)
    await queue('02:45:00')
    expect(await states()).toEqual([])
    await live({}, 3)
    await queue('02:46:00')
    expect(await db.query(sql`select from job`)).toEqual([])
  })

  test('skips a time while the run before is in progress', async () => {
    await live({ often: { run: 'true', schedule: '*/10 * * * *' } })
    await queue('02:00:00')
    await queue('02:10:00')
    await advance()
    await queue('02:20:00')
    expect(await states()).toEqual(['running', 'skipped'])
    expect(await events()).toEqual(['job.started', 'job.ended'])
  })

  test('lets a run wait for the one before', async () => {
    await live({ often: { run: 'true', schedule: '*/10 * * * *', overlap: 'wait' } })
    await queue('02:00:00')
    await queue('02:10:00')
    await advance()
    await queue('02:20:00')
    await queue('02:30:00')
    await advance()
    expect(await states()).toEqual(['running', 'waiting', 'skipped'])
    target.endAll(0)
    await advance()
    await advance()
    expect(await states()).toEqual(['passed', 'running', 'skipped'])
  })
})

describe('a run', () => {
  const reindex = { reindex: { run: 'node reindex.js', timeout: '5m', service: 'web' } }

  test('starts in the live release, and ends with the exit code', async () => {
    await live(reindex)
    await live(reindex, 2)
    const { id } = await request('reindex')
    await advance()
    expect(target.started.map(([, command]) => command)).toEqual([
      { release: 2, service: 'web', run: 'node reindex.js', timeout: 300_000 },
    ])
    target.endAll(3)
    await advance()
    const params = { app: 'shop', jobRun: id }
    expect(await handlers().getJobRun({ params, query: {}, body: {} }, ada, never)).toMatchObject({
      ...{ state: 'failed', exit: 3, reason: 'it exited with 3', release: 2, actor: 'Ada' },
    })
    expect(await events()).toEqual(['job.requested', 'job.started', 'job.ended'])
    const query = { after: 0, wait: 0 }
    const page = await handlers().getJobOutput({ params, query, body: {} }, ada, never)
    expect(page).toMatchObject({ lines: ['hello'], jobRun: { state: 'failed' } })
  })

  test('is started once, wherever the server dies', async () => {
    await live(reindex)
    const died = new Error('the server died')
    for (const moment of ['before', 'after'] as const)
      for (const call of ['look', 'start'])
        for (const cut of [1, 2]) {
          await request('reindex')
          let count = 0
          target[moment] = (what) => {
            if (what === call && (count += 1) <= cut) throw died
          }
          for (let i = 0; i < 4; i += 1) await advance()
          target[moment] = () => undefined
          target.endAll(0)
          await advance()
        }
    expect(new Set(target.started.map(([key]) => key)).size).toBe(8)
    expect(target.started).toHaveLength(8)
    expect(new Set(await states())).toEqual(new Set(['passed']))
    expect((await events()).filter((type) => type === 'job.ended')).toHaveLength(8)
  })

  test('is started and ended once by several servers', async () => {
    await live(reindex)
    await request('reindex')
    await Promise.all(Array.from({ length: 4 }, advance))
    target.endAll(0)
    await Promise.all(Array.from({ length: 4 }, advance))
    expect(target.started).toHaveLength(1)
    expect(await events()).toEqual(['job.requested', 'job.started', 'job.ended'])
  })

  test('waits for a target that does not answer, and fails with what it refuses', async () => {
    await live(reindex)
    await request('reindex')
    target.before = () => {
      throw new FairleadError('unavailable', { what: 'The host' })
    }
    await advance()
    expect(await states()).toEqual(['running'])
    target.before = (what) => {
      if (what === 'start') throw new FairleadError('not_found', { kind: 'release', id: '1' })
    }
    await advance()
    expect(await listJobRuns(db, { app: 'shop', limit: 1 })).toMatchObject([
      { state: 'failed', reason: 'There is no release 1' },
    ])
  })

  test('is stopped before and after its start', async () => {
    await live(reindex)
    const stop = (jobRun: number) =>
      handlers().stopJobRun({ params: { app: 'shop', jobRun }, query: {}, body: {} }, ada, never)
    const first = await request('reindex')
    expect(await stop(first.id)).toMatchObject({ state: 'stopped' })
    await expect(stop(first.id)).rejects.toThrow('The run has ended')
    const second = await request('reindex')
    await advance()
    expect(await stop(second.id)).toMatchObject({ state: 'running', stopping: true })
    await advance()
    expect(await states()).toEqual(['stopped', 'stopped'])
    expect((await events()).filter((type) => type === 'job.stopping')).toHaveLength(2)
  })

  test('of a job that must not overlap is refused while one is in progress', async () => {
    await live(reindex)
    const { id } = await request('reindex')
    await expect(request('reindex')).rejects.toThrow(
      `reindex cannot run now: run ${id} had not ended`,
    )
    await expect(request('other')).rejects.toThrow('There is no job other')
  })

  test('of a command with a terminal is for the person who requested it', async () => {
    await live({})
    const terminal = { columns: 80, rows: 24, type: 'xterm' }
    const run = (body: object) =>
      handlers().runCommand(
        { params: place, query: {}, body: { command: 'sh', timeout: 1000, ...body } },
        ada,
        never,
      )
    const [plain, own] = [await run({}), await run({ terminal })]
    await advance()
    expect(target.started.map(([, command]) => command.terminal)).toEqual([undefined, terminal])
    const open = (jobRun: number, caller: Caller) =>
      openTerminal(deps(), { app: 'shop', jobRun }, caller, {})
    await expect(open(plain.id, ada)).rejects.toThrow('The command has no terminal')
    await expect(open(own.id, { ...ada, name: 'Bob' })).rejects.toThrow('belongs to Ada')
    await expect(open(own.id, ada)).rejects.toThrow('the target opens it')
  })

  test('of a command belongs to no job', async () => {
    await live({})
    const body = { command: 'ls', timeout: 1000 }
    const run = await handlers().runCommand({ params: place, query: {}, body }, ada, never)
    expect(run).toMatchObject({ job: null, command: 'ls', trigger: 'request', state: 'waiting' })
    const wrong = { ...body, service: 'nothing' }
    await expect(
      handlers().runCommand({ params: place, query: {}, body: wrong }, ada, never),
    ).rejects.toThrow('There is no service nothing')
  })
})

test('a job with a schedule that fails, or starts late, fires until a run passes', async () => {
  await live({ often: { run: 'true', schedule: '*/10 * * * *', late: '1s', overlap: 'allow' } })
  await queue('02:00:00')
  await queue('02:10:00')
  const fires = async () =>
    (await firingSources(db)).map(({ source, reason }) => `${source}: ${reason}`)
  expect((await fires())[0]).toMatch(/^job-late\/shop\/production\/often: run \d+ has not started$/)
  await advance()
  expect(await fires()).toEqual([])
  target.endAll(3)
  await advance()
  expect(await fires()).toEqual(['job/shop/production/often: it exited with 3'])
  await request('often')
  await advance()
  target.endAll(0)
  await advance()
  expect(await fires()).toEqual([])
})

test('the list of jobs has the last run and the next time of each', async () => {
  await live({ nightly: { run: 'a', schedule: '0 3 * * *', zone: 'Europe/Vienna' }, once: 'b' })
  await request('once')
  const { jobs } = await handlers().listJobs({ params: place, query: {}, body: {} }, ada, never)
  expect(jobs).toMatchObject([
    { name: 'nightly', next: '2026-03-11T02:00:00.000Z', last: null },
    { name: 'once', next: null, last: { state: 'waiting' } },
  ])
})
