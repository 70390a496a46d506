import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '#platform/clock.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import { createEngine } from './engine.ts'
import { appendEvent, readEvents } from './events.ts'
import type { EngineOptions } from './options.ts'
import { deleteOldSteps } from './records.ts'
import {
  Broken,
  Cancelled,
  Failed,
  type Engine,
  type WorkflowContext,
  type WorkflowDefinition,
} from './workflow.ts'

let database: TestDatabase
let engines: Engine[] = []
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

beforeEach(async () => {
  database = await testDatabase()
  await database.db.query(sql`create table note (text text primary key)`)
})
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close()))
  engines = []
  await database.close()
})

type Run = (ctx: WorkflowContext, input: never) => Promise<unknown>
const define = (run: Run, concurrency = 10, version = 1): WorkflowDefinition =>
  ({ name: 'job', version, concurrency, run }) as WorkflowDefinition

async function open(
  definition: WorkflowDefinition | Run,
  options: Partial<EngineOptions> = {},
): Promise<Engine> {
  const definitions = [typeof definition === 'function' ? define(definition) : definition]
  const common = {
    db: database.db,
    clock: systemClock,
    random: Math.random,
    replica: 'test',
    log: quiet,
  }
  const engine = createEngine({ ...common, definitions, ...options })
  engines.push(engine)
  await engine.open()
  return engine
}

async function start(engine: Engine, id: string, input: unknown = null): Promise<void> {
  await database.db.batch(engine.startStatements({ id, name: 'job', chain: `chain/${id}`, input }))
}

const note = (text: string) => sql`insert into note (text) values (${text})`
const notes = async (): Promise<string[]> =>
  (await database.db.query<{ text: string }>(sql`select text from note order by text`)).map(
    (row) => row.text,
  )
const event = (subject: string) =>
  ({ type: 'dev.cdevents.taskrun.started', subject, data: { name: subject } }) as const

async function eventsOf(chain: string): Promise<string[]> {
  const events = await readEvents(database.db, { chain, after: 0, limit: 100 })
  return events.map((stored) => `${stored.type.split('.').slice(-2).join('.')} ${stored.subject}`)
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(5)
}

test('a workflow runs each step once and returns its result', async () => {
  const calls: string[] = []
  const engine = await open(async (ctx, { n }: { n: number }) => {
    const a = await ctx.step('a', async (step) => {
      calls.push(`${step.key} ${step.attempt} ${step.epoch}`)
      return { z: 1, a: n, nothing: undefined, date: new Date(0) }
    })
    const again = await ctx.step('a', async () => null)
    return { a, again }
  })
  await start(engine, 'w1', { n: 7 })
  await start(engine, 'w1', { n: 8 })
  const result = await engine.result('w1')
  const a = { z: 1, a: 7, date: '1970-01-01T00:00:00.000Z' }
  expect(result).toEqual({ state: 'succeeded', output: { a, again: a }, reason: null })
  expect(Object.keys((result.output as { a: object }).a)).toEqual(['z', 'a', 'date'])
  expect(calls).toEqual(['w1/a 1 1'])
})

test('writes, events and started workflows are stored with the end of a step', async () => {
  let tries = 0
  const engine = await open(
    async (ctx) => {
      if (ctx.id === 'child') return ctx.chain
      await ctx.step('store', async (step) => {
        tries += 1
        step.write(note(`try ${tries}`))
        step.emit(event(`try/${tries}`))
        step.start({ id: 'child', name: 'job', chain: ctx.chain, input: {} })
        if (tries < 3) throw new Error('not yet')
      })
      return null
    },
    { random: () => 0 },
  )
  await start(engine, 'w1')
  await engine.result('w1')
  expect(await notes()).toEqual(['try 3'])
  expect(await engine.result('child')).toMatchObject({ state: 'succeeded', output: 'chain/w1' })
  expect(await eventsOf('chain/w1')).toEqual([
    'fairlead-step.repeated workflow/w1/store',
    'fairlead-step.repeated workflow/w1/store',
    'taskrun.started try/3',
  ])
})

test('a flush stores immediately; later writes are stored with the end of the step', async () => {
  const gate = Promise.withResolvers<void>()
  const engine = await open(async (ctx) => {
    await ctx.step('long', async (step) => {
      step.write(note('started'))
      step.emit(event('long'))
      await step.flush()
      await step.flush()
      step.write(note('ended'))
      await gate.promise
    })
  })
  await start(engine, 'w1')
  await until(async () => (await notes()).length > 0)
  expect(await notes()).toEqual(['started'])
  expect(await eventsOf('chain/w1')).toEqual(['taskrun.started long'])
  gate.resolve()
  await engine.result('w1')
  expect(await notes()).toEqual(['ended', 'started'])
})

test('Failed is recorded with its writes, thrown, and never retried', async () => {
  let tries = 0
  const engine = await open(async (ctx) => {
    await ctx.step('refuse', async (step) => {
      tries += 1
      step.write(note('refused'))
      throw new Failed('the answer is no')
    })
  })
  await start(engine, 'w1')
  expect(await engine.result('w1')).toEqual({
    state: 'failed',
    output: null,
    reason: 'the answer is no',
  })
  expect(tries).toBe(1)
  expect(await notes()).toEqual(['refused'])
})

test('a step whose every try breaks throws Broken, which the workflow may catch', async () => {
  let tries = 0
  const engine = await open(
    async (ctx) => {
      try {
        await ctx.step(
          'break',
          async () => {
            tries += 1
            throw new Error('no network')
          },
          { retries: 2 },
        )
      } catch (error) {
        if (!(error instanceof Broken) || ctx.id === 'w1') throw error
        return `went on: ${error.message}`
      }
      return null
    },
    { random: () => 0 },
  )
  await start(engine, 'w1')
  expect(await engine.result('w1')).toEqual({ state: 'broken', output: null, reason: 'no network' })
  expect(tries).toBe(3)
  expect(await eventsOf('chain/w1')).toContain('fairlead-workflow.broken workflow/w1')
  await start(engine, 'w2')
  expect(await engine.result('w2')).toMatchObject({
    state: 'succeeded',
    output: 'went on: no network',
  })
})

test('a final error fails the step at once, and none of its writes is stored', async () => {
  let tries = 0
  const run: Run = async (ctx) =>
    ctx.step('read', async (step) => {
      tries += 1
      step.write(note('never'))
      throw new RangeError('there is no such file')
    })
  const engine = await open(run, { isFinal: (error) => error instanceof RangeError })
  await start(engine, 'w1')
  expect(await engine.result('w1')).toMatchObject({
    state: 'failed',
    reason: 'there is no such file',
  })
  expect([tries, await notes()]).toEqual([1, []])
})

test('a write that the database refuses breaks the step, and none of it is stored', async () => {
  const engine = await open(async (ctx) => {
    await ctx.step(
      'store',
      async (step) => {
        step.write(note('same'))
        step.write(note('same'))
      },
      { retries: 0 },
    )
  })
  await start(engine, 'w1')
  const result = await engine.result('w1')
  expect(result.state).toBe('broken')
  expect(result.reason).toContain('duplicate key')
  expect(await notes()).toEqual([])
})

test('steps that choose the same unique value at once choose again', async () => {
  const warnings: string[] = []
  const log = { ...quiet, warn: (message: string) => void warnings.push(message) }
  const others = Promise.withResolvers<void>()
  let readers = 0
  const engine = await open(
    async (ctx) =>
      ctx.step('choose', async (step) => {
        const next = String((await notes()).length)
        readers += 1
        if (readers === 3) others.resolve()
        await others.promise
        step.write(note(next))
        return next
      }),
    { log },
  )
  const ids = ['w1', 'w2', 'w3']
  await Promise.all(ids.map((id) => start(engine, id)))
  const results = await Promise.all(ids.map((id) => engine.result(id)))
  expect(results.map((one) => one.state)).toEqual(Array(3).fill('succeeded'))
  expect([await notes(), warnings]).toEqual([['0', '1', '2'], []])
})

test('an error outside a step ends the workflow as broken', async () => {
  const engine = await open(async () => {
    throw new TypeError('x is not a function')
  })
  await start(engine, 'w1')
  expect(await engine.result('w1')).toEqual({
    state: 'broken',
    output: null,
    reason: 'x is not a function',
  })
})

test('a result that is not JSON ends the workflow as broken', async () => {
  const engine = await open(async (ctx) => {
    if (ctx.id === 'w1') return 1n
    return ctx.step('a', async () => 1n, { retries: 0 })
  })
  await start(engine, 'w1')
  await start(engine, 'w2')
  expect(await engine.result('w1')).toMatchObject({ state: 'broken' })
  expect(await engine.result('w2')).toMatchObject({ state: 'broken' })
})

test('steps run in parallel, and those not awaited end before the workflow', async () => {
  const together = Promise.withResolvers<void>()
  let started = 0
  const engine = await open(async (ctx) => {
    const one = (name: string) =>
      ctx.step(name, async (step) => {
        started += 1
        // The first four steps end only after all of them have started.
        if (started === 4) together.resolve()
        await together.promise
        step.write(note(name))
        return name
      })
    void (async () => {
      await one('late 1')
      await one('late 2')
    })()
    return Promise.all(['a', 'b', 'c'].map(one))
  })
  await start(engine, 'w1')
  expect(await engine.result('w1')).toMatchObject({ output: ['a', 'b', 'c'] })
  expect(started).toBe(5)
  expect(await notes()).toEqual(['a', 'b', 'c', 'late 1', 'late 2'])
})

test('a cancellation aborts the running body and does not interrupt clean-up', async () => {
  const engine = await open(async (ctx) => {
    try {
      await ctx.step('long', (step) => sleep(60_000, null, { signal: step.signal }))
    } catch (error) {
      if (!(error instanceof Cancelled)) throw error
      await expect(ctx.step('next', async () => null)).rejects.toThrow(Cancelled)
      await ctx.uncancelled(async () => {
        await ctx.step('clean', async (step) => {
          expect(step.signal.aborted).toBe(false)
          step.write(note('cleaned'))
        })
        await ctx.sleep('a moment', 10)
      })
      throw error
    }
  })
  await start(engine, 'w1')
  await until(async () => (await database.db.query(sql`select from workflow_step`)).length > 0)
  expect(await engine.cancel('w1')).toBe(true)
  expect(await engine.result('w1')).toEqual({
    state: 'cancelled',
    output: null,
    reason: 'it was cancelled',
  })
  expect(await notes()).toEqual(['cleaned'])
  expect(await engine.cancel('w1')).toBe(false)
  expect(await engine.cancel('w9')).toBe(false)
})

test('a cancelled workflow in the queue cleans up without a free slot', async () => {
  const gate = Promise.withResolvers<void>()
  const run: Run = async (ctx) => {
    try {
      await ctx.step('wait', () => gate.promise)
    } catch (error) {
      await ctx.uncancelled(() => ctx.step('clean', async (step) => step.write(note(ctx.id))))
      throw error
    }
  }
  const engine = await open(define(run, 1))
  await start(engine, 'w1')
  await start(engine, 'w2')
  await engine.cancel('w2')
  expect(await engine.result('w2')).toMatchObject({ state: 'cancelled' })
  expect(await notes()).toEqual(['w2'])
  gate.resolve()
  expect(await engine.result('w1')).toMatchObject({ state: 'succeeded' })
})

test('workflows run in the order of their start, up to the concurrency limit', async () => {
  let together = 0
  let most = 0
  const order: string[] = []
  const run: Run = async (ctx) => {
    order.push(ctx.id)
    together += 1
    most = Math.max(most, together)
    await ctx.step('work', () => sleep(5))
    together -= 1
  }
  const engine = await open(define(run, 3))
  const ids = Array.from({ length: 20 }, (_, i) => `w${i + 10}`)
  await database.db.batch(
    ids.flatMap((id) => engine.startStatements({ id, name: 'job', chain: 'c', input: 1 })),
  )
  await Promise.all(ids.map((id) => engine.result(id)))
  expect(most).toBe(3)
  expect(order).toEqual(ids)
})

test('until() occupies no slot, survives a replica and errors, and is recorded', async () => {
  const answers = new Map<string, string>()
  let looks = 0
  const run: Run = async (ctx) => {
    if (ctx.id === 'quick') return 'done'
    const answer = await ctx.until('told', 5, async () => {
      looks += 1
      if (looks % 3 === 0) throw new Error('the database is away')
      return answers.get(ctx.id) ?? null
    })
    await ctx.step('after', async () => null)
    return answer
  }
  const first = await open(define(run, 1))
  for (const id of ['patient', 'given-up', 'quick']) await start(first, id)
  expect(await first.result('quick')).toMatchObject({ state: 'succeeded' })
  await first.cancel('given-up')
  expect(await first.result('given-up')).toMatchObject({ state: 'cancelled' })
  await until(() => looks > 5)
  await first.close()
  const second = await open(define(run, 1), { replica: 'second' })
  answers.set('patient', 'yes')
  expect(await second.result('patient')).toEqual({
    state: 'succeeded',
    output: 'yes',
    reason: null,
  })
})

test('a workflow that sleeps or waits for a lock occupies no slot', async () => {
  const run: Run = async (ctx) => {
    if (ctx.id === 'sleeper') return ctx.sleep('long', 60_000)
    await ctx.lock('one', 0)
    if (ctx.id === 'holder') await ctx.sleep('hold', 60_000)
    return ctx.step('work', async () => ctx.id)
  }
  const engine = await open(define(run, 1))
  for (const id of ['sleeper', 'holder', 'waiter']) await start(engine, id)
  await until(
    async () => (await database.db.query(sql`select from lock where not held`)).length === 1,
  )
  await engine.cancel('sleeper')
  expect(await engine.result('sleeper')).toMatchObject({ state: 'cancelled' })
  await engine.cancel('holder')
  expect(await engine.result('waiter')).toMatchObject({ state: 'succeeded', output: 'waiter' })
})

test('a lock has one holder, and passes to the highest rank, then the longest wait', async () => {
  const gate = Promise.withResolvers<void>()
  const order: string[] = []
  let holders = 0
  const engine = await open(async (ctx, rank: number) => {
    await ctx.lock('environment', rank)
    await ctx.step('work', async () => {
      holders += 1
      expect(holders).toBe(1)
      order.push(ctx.id)
      if (ctx.id === 'first') await gate.promise
      await sleep(2)
      holders -= 1
    })
    if (ctx.id === 'high') await ctx.unlock('environment')
    await ctx.step('after', async () => null)
  })
  const waiting = async (n: number) =>
    until(async () => (await database.db.query(sql`select from lock where not held`)).length === n)
  await start(engine, 'first', 0)
  await until(() => order.length === 1)
  const queue: [string, number][] = [
    ['low', 1],
    ['high', 9],
    ['low again', 1],
    ['gone', 10],
    ['middle', 5],
  ]
  for (const [i, [id, rank]] of queue.entries()) {
    await start(engine, id, rank)
    await waiting(i + 1)
  }
  await engine.cancel('gone')
  expect(await engine.result('gone')).toMatchObject({ state: 'cancelled' })
  gate.resolve()
  await Promise.all(['first', 'low', 'high', 'low again', 'middle'].map((id) => engine.result(id)))
  expect(order).toEqual(['first', 'high', 'middle', 'low', 'low again'])
  expect(await database.db.query(sql`select * from lock`)).toEqual([])
})

test('a replica that is closed while its workflows wait warns about nothing', async () => {
  const warnings: string[] = []
  const log = {
    ...quiet,
    warn: (text: string) => warnings.push(text),
    error: (text: string) => warnings.push(text),
  }
  let isWaiting = false
  const sleeping: Run = async (ctx) => {
    isWaiting = true
    await ctx.sleep('long', 60_000)
  }
  const engine = await open(sleeping, { log })
  await start(engine, 'w1')
  await until(() => isWaiting)
  await engine.close()
  expect(warnings).toEqual([])
})

test('another replica continues a released workflow from its recorded steps', async () => {
  const calls: string[] = []
  const gate = Promise.withResolvers<void>()
  const run =
    (replica: string): Run =>
    async (ctx) => {
      await ctx.lock('l', 0)
      const first = await ctx.step('first', async () => {
        calls.push(`first on ${replica}`)
        return replica
      })
      await ctx.unlock('l')
      await ctx.lock('l', 0)
      const second = await ctx.step('second', async (step) => {
        calls.push(`second on ${replica}, attempt ${step.attempt}, epoch ${step.epoch}`)
        if (replica === 'a') await gate.promise
        return replica
      })
      return [first, second]
    }
  const a = await open(run('a'), { replica: 'a' })
  await start(a, 'w1')
  await until(() => calls.length === 2)
  // The workflow has released the lock once, so another one may hold it during the replay.
  const b = await open(run('b'), { replica: 'b' })
  const closing = a.close()
  expect(await b.result('w1')).toMatchObject({ output: ['a', 'b'] })
  gate.resolve()
  await closing
  expect(calls).toEqual([
    'first on a',
    'second on a, attempt 1, epoch 1',
    'second on b, attempt 2, epoch 2',
  ])
  expect(await eventsOf('chain/w1')).toEqual(['fairlead-step.repeated workflow/w1/second'])
})

test('a replay passes a released lock, even when another workflow holds it', async () => {
  const run =
    (replica: string): Run =>
    async (ctx) => {
      await ctx.lock('l', 0)
      if (ctx.id === 'holder') return ctx.sleep('long', 60_000)
      await ctx.step('first', async () => null)
      await ctx.unlock('l')
      return ctx.step('second', (step) =>
        replica === 'a' ? sleep(60_000, null, { signal: step.signal }) : Promise.resolve('went on'),
      )
    }
  const a = await open(run('a'), { replica: 'a' })
  await start(a, 'w1')
  await until(
    async () =>
      (await database.db.query(sql`select from workflow_step where name = 'second'`)).length > 0,
  )
  await start(a, 'holder')
  const isHeld = sql`select from lock where held and workflow = 'holder'`
  await until(async () => (await database.db.query(isHeld)).length > 0)
  await a.close()
  const b = await open(run('b'), { replica: 'b' })
  expect(await b.result('w1')).toMatchObject({ output: 'went on' })
  expect(await database.db.query(isHeld)).toHaveLength(1)
})

test('Failed and Broken steps throw the same error after a replay', async () => {
  const seen: string[] = []
  const run: Run = async (ctx) => {
    for (const [name, error] of [
      ['no', new Failed('no')],
      ['broken', new Error('broke')],
    ] as const) {
      try {
        await ctx.step(name, async () => Promise.reject(error), { retries: 0 })
      } catch (thrown) {
        seen.push(`${(thrown as Error).name} ${(thrown as Error).message}`)
      }
    }
    await ctx.step('wait', (step) =>
      seen.length > 2 ? Promise.resolve() : sleep(60_000, undefined, { signal: step.signal }),
    )
  }
  const a = await open(run)
  await start(a, 'w1')
  await until(
    async () =>
      (await database.db.query(sql`select from workflow_step where name = 'wait'`)).length > 0,
  )
  await a.close()
  const b = await open(run)
  await b.result('w1')
  expect(seen).toEqual(['Failed no', 'Broken broke', 'Failed no', 'Broken broke'])
})

test('a workflow of an older version ends as broken; a newer one is not claimed', async () => {
  const run: Run = async (ctx) => {
    await ctx.step('first', async () => null)
    await ctx.step('wait', (step) => sleep(60_000, null, { signal: step.signal }))
  }
  const old = await open(define(run, 1, 2))
  await start(old, 'begun')
  await start(old, 'queued')
  await until(
    async () =>
      (await database.db.query(sql`select from workflow_step where name = 'wait'`)).length > 0,
  )
  await old.close()
  const older = await open(define(async () => 'older', 5, 1))
  expect(await older.result('queued')).toMatchObject({ output: 'older' })
  await older.close()
  expect(
    await database.db.query(sql`select state, owner from workflow where id = 'begun'`),
  ).toEqual([{ state: 'running', owner: null }])
  const newer = await open(define(async () => 'newer', 5, 3))
  const result = await newer.result('begun')
  expect(result.state).toBe('broken')
  expect(result.reason).toContain('started with version 2 of the workflow job')
  expect(await eventsOf('chain/begun')).toEqual(['fairlead-workflow.broken workflow/begun'])
})

test('a sleep that started before a crash ends at its recorded time', async () => {
  let now = 1_000_000
  const clock = { now: () => now, monotonic: () => performance.now() }
  const run: Run = async (ctx) => ctx.sleep('long', 100_000)
  const a = await open(run, { clock })
  await start(a, 'w1')
  await until(
    async () =>
      (await database.db.query(sql`select from workflow_step where ended is not null`)).length > 0,
  )
  await a.close()
  now += 100_000
  const b = await open(run, { clock })
  expect(await b.result('w1')).toMatchObject({ state: 'succeeded' })
})

test('an unknown workflow is an error that names it', async () => {
  const engine = await open(async () => null)
  expect(() => engine.startStatements({ id: 'x', name: 'unknown', chain: 'c', input: 0 })).toThrow(
    'unknown',
  )
  await expect(engine.result('x')).rejects.toThrow('There is no workflow named x')
  await start(engine, 'w1')
  await engine.result('w1')
  const stop = new AbortController()
  const waiting = engine.result('w1', stop.signal)
  stop.abort()
  await waiting.catch(() => undefined)
})

test('the events of a chain keep their order across steps', async () => {
  const engine = await open(async (ctx) => {
    for (const name of ['a', 'b', 'c']) await ctx.step(name, async (step) => step.emit(event(name)))
  })
  await database.db.batch([
    appendEvent({ ...event('before'), chain: 'chain/w1' }),
    ...engine.startStatements({ id: 'w1', name: 'job', chain: 'chain/w1', input: null }),
  ])
  await engine.result('w1')
  expect((await eventsOf('chain/w1')).map((text) => text.split(' ')[1])).toEqual([
    'before',
    'a',
    'b',
    'c',
  ])
})

test('old steps are deleted, and their workflows are kept', async () => {
  const engine = await open(async (ctx) => ctx.step('a', async () => 1))
  for (const id of ['w1', 'w2', 'w3']) await start(engine, id)
  await Promise.all(['w1', 'w2', 'w3'].map((id) => engine.result(id)))
  await database.db.query(
    sql`update workflow set ended = ended - interval '31 days' where id <> 'w3'`,
  )
  expect(await deleteOldSteps(database.db, 30, 1)).toBe(2)
  expect(await deleteOldSteps(database.db, 30, 1)).toBe(0)
  expect(await database.db.query(sql`select workflow from workflow_step`)).toEqual([
    { workflow: 'w3' },
  ])
  expect(await engine.result('w1')).toMatchObject({ output: 1 })
})

test('a renewal that arrives too late does not start a workflow again in its epoch', async () => {
  let shift = 0
  let mode: 'pass' | 'fail' | 'hold' = 'pass'
  let isHeld = false
  let failures = 0
  const gate = Promise.withResolvers<void>()
  const clock = { ...systemClock, monotonic: () => performance.now() + shift }
  const vital: typeof database.db.vital = async (statements) => {
    if (mode === 'fail') {
      failures += 1
      throw new Error('the database is away')
    }
    const rows = await database.db.vital(statements)
    if (mode === 'hold') {
      isHeld = true
      await gate.promise
    }
    return rows
  }
  const epochs: number[] = []
  const blocked = Promise.withResolvers<void>()
  const run = async (ctx: WorkflowContext): Promise<string> => {
    await ctx.step('first', async () => null)
    await ctx.step('second', async (step) => {
      epochs.push(step.epoch)
      if (step.epoch === 1) await blocked.promise
      return null
    })
    return 'done'
  }
  const engine = await open(run, { db: { ...database.db, vital }, clock, lease: 2000 })
  mode = 'fail'
  await start(engine, 'w')
  await until(() => epochs.length === 1)
  const before = failures
  await until(() => failures > before)
  mode = 'hold'
  await until(() => isHeld)
  // The lease expires while the answer to its renewal is on its way.
  shift += 2000
  blocked.resolve()
  await sleep(20)
  mode = 'pass'
  gate.resolve()
  expect(await engine.result('w')).toMatchObject({ state: 'succeeded' })
  expect(epochs).toEqual([1, 2])
})

test('a replica of another home is refused until the first one is gone', async () => {
  const run: Run = async () => null
  const refused = { message: expect.stringContaining('with another FAIRLEAD_HOME') }
  const first = await open(run, { home: 'one', replica: 'a/1' })
  await open(run, { home: 'one', replica: 'a/2' }).then((second) => second.close())
  await expect(open(run, { home: 'two', replica: 'b/3' })).rejects.toMatchObject(refused)
  await first.close()
  await open(run, { home: 'two', replica: 'b/4' })
  await expect(open(run, { home: 'one', replica: 'a/5' })).rejects.toMatchObject(refused)
})

test('a replica whose place another home took reports it, and does not try again', async () => {
  let shift = 0
  const clock = { now: systemClock.now, monotonic: () => systemClock.monotonic() + shift }
  const replaced = Promise.withResolvers<Error>()
  const onReplaced = (error: Error): void => replaced.resolve(error)
  await open(async () => null, { home: 'one', replica: 'a/1', lease: 2000, clock, onReplaced })
  await database.db.query(sql`update replica set lease = now() - interval '1 second'`)
  await database.db.query(sql`select register_replica('b/2/x', interval '1 hour', '{}', 'two')`)
  // It was frozen for longer than its lease.
  shift += 60_000
  expect((await replaced.promise).message).toContain('A server on b (process 2) uses this database')
})
