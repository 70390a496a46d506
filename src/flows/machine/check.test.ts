import { afterAll, beforeAll, expect, test } from 'vitest'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { MachineResult, MachineRun } from '#contract/machine/machine.ts'
import { listDrift } from '#domains/drift/store.ts'
import * as store from '#domains/machine/store.ts'
import type { WorkflowEvent } from '#contract/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import { checkedMachines, machineEnvironments } from '#views/drift.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { recordCheck } from './check.ts'

let db: Database
let close: () => Promise<void>
const sha = 'a'.repeat(40)
const place = { app: 'shop', environment: 'production' }

beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  const definition = JSON.stringify(
    pipelineFile.parse({ environments: { production: { machines: 'site.yml' } } }),
  )
  const author = { name: 'Ada', email: 'a@x' }
  await db.batch([
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    sql`insert into artifact (digest, app, run, size) values ('sha256:0', 'shop', 1, 1)`,
    sql`insert into change (app, sha, branch, subject, author, committed, chain)
      values ('shop', ${sha}, 'main', 'x', ${author}::jsonb, now(), 'c-1')`,
    sql`insert into release (id, app, environment, artifact, configuration, run, sha, definition)
      overriding system value values (7, 'shop', 'production', 'sha256:0', 0, 1, ${sha},
        ${definition}::json)`,
    sql`insert into deployment (app, environment, kind, state, run, release, actor, workflow, live)
      values ('shop', 'production', 'delivery', 'live', 1, 7, 'Ada', 'w', now())`,
  ])
})
afterAll(() => close())

const result = (name: string, state: MachineResult['state'], changed = 0): MachineResult => ({
  ...{ name, state, changed, failed: 0, tasks: 2, skipped: [] },
  reason: state === 'unreachable' ? 'it does not answer' : null,
  output: null,
})
const change = (machine: string, task: string) => ({
  ...{ machine, task, at: 'site.yml:3', object: 'copy /etc/motd', diff: '-a\n+b' },
})

async function begin(mode: MachineRun['mode']): Promise<number> {
  const id = await store.nextMachineRun(db)
  const head = { ...place, id, mode, key: `k${id}`, playbook: 'site.yml', sha, release: 7 }
  await db.query(store.insertMachineRun({ ...head, deployment: null, actor: 'fairlead' }))
  return id
}

async function apply(machines: MachineResult[]): Promise<void> {
  const id = await begin('apply')
  const run = { ...place, id, release: 7, sha }
  await db.batch([
    ...store.saveMachines(run, machines),
    store.endMachineRun(id, { state: 'passed', reason: null }),
  ])
}

/** Ends a check, and returns its end and the types of its events. */
async function end(id: number, progress: store.MachineProgress) {
  await db.query(store.setMachineProgress(id, progress))
  const run = await store.getMachineRun(db, place.app, id)
  const writes: Statement[] = []
  const events: WorkflowEvent[] = []
  const step = {
    write: (statement: Statement) => void writes.push(statement),
    emit: (event: WorkflowEvent) => void events.push(event),
  }
  const clock = { now: () => Date.now(), monotonic: () => 0 }
  const stopped = await recordCheck({ db, clock }, step, run!)
  const state = stopped ?? ({ state: 'passed', reason: null } as const)
  await db.batch([...writes, store.endMachineRun(id, state)])
  return { state: state.state, events: events.map(({ type }) => type.split('-drift.')[1]) }
}

const check = async (machines: MachineResult[], changes: ReturnType<typeof change>[]) =>
  end(await begin('check'), { machines, changes, total: changes.length })
const known = async () =>
  (await listDrift(db, place)).map(({ machine, name }) => `${machine} ${name}`)

test('what a check finds right after an application is no drift, and later it is', async () => {
  const [environment] = await machineEnvironments(db)
  expect(environment).toMatchObject({ ...place, began: null, isBusy: false })
  await apply([result('a', 'changed', 2), result('b', 'changed', 2)])
  const stamps = [change('a', 'Stamp'), change('b', 'Stamp')]
  const both = [result('a', 'changed', 1), result('b', 'changed', 1)]
  expect(await check(both, stamps)).toEqual({ state: 'passed', events: [] })
  const found = [...stamps, change('a', 'Install'), change('b', 'Install')]
  expect((await check(both, found)).events).toEqual(['detected'])
  expect(await known()).toEqual(['a Install', 'b Install'])
  expect((await check(both, found)).events).toEqual([])
})

test('a machine that does not answer keeps its differences, and is unknown', async () => {
  const machines = [result('a', 'ok'), result('b', 'unreachable')]
  expect((await check(machines, [])).events).toEqual(['resolved'])
  expect(await known()).toEqual(['b Install'])
  const last = await checkedMachines(db, place, 7)
  expect(last).toMatchObject({ problem: null })
  expect(last?.machines).toMatchObject([
    { name: 'a', state: 'same', repeating: ['Stamp'] },
    { name: 'b', state: 'unknown', reason: 'it does not answer' },
  ])
  await check([result('a', 'unreachable'), result('b', 'unreachable')], [])
  expect((await checkedMachines(db, place, 7))?.problem).toBe('no machine was compared')
})

test('a check during an application shows nothing', async () => {
  const id = await begin('check')
  await apply([result('a', 'ok'), result('b', 'ok')])
  expect(await end(id, { machines: [result('b', 'ok')], changes: [], total: 0 })).toEqual({
    ...{ state: 'stopped', events: [] },
  })
  expect(await known()).toEqual(['b Install'])
  const last = await checkedMachines(db, place, 7)
  expect(last).toMatchObject({
    ...{ machines: [], problem: 'the playbook was applied during the check' },
  })
  expect(await checkedMachines(db, place, 8)).toBeNull()
})
