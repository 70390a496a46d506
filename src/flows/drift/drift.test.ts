import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DriftDifference } from '#contract/drift/drift.ts'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { deleteDrift, getCheck, listDrift, saveCheck } from '#domains/drift/store.ts'
import { readEvents } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { driftBefore } from '#views/drift.ts'
import { standingEnvironments } from '#views/home.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { readState, recordDrift } from './check.ts'

let db: Database
let close: () => Promise<void>
const sha = 'a'.repeat(40)
const place = { app: 'shop', environment: 'production' }
const start = Date.parse('2026-11-29T10:00:00Z')

beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  const definition = JSON.stringify(pipelineFile.parse({ services: { web: 'x' } }))
  const author = { name: 'Ada', email: 'a@x' }
  await db.batch([
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position) values ('shop', 'production', 0)`,
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

const difference = (name: string, more: Partial<DriftDifference> = {}): DriftDifference => ({
  ...{ service: 'web', kind: 'file', name, declared: 'a', disk: 'b', running: null },
  ...{ isSecret: false, atRestart: true, remedy: 'rewrite', changed: null, ...more },
})
const record = (minutes: number, differences: DriftDifference[], actor: string | null = null) =>
  recordDrift(
    { db, clock: { now: () => start + minutes * 60_000, monotonic: () => 0 } },
    place,
    { release: 7, change: { chain: 'c-1' } as Parameters<typeof recordDrift>[2]['change'] },
    {
      ...{ release: 7, differences, total: differences.length },
      ...{ files: 9, processes: 2, ms: 30, starts: new Map() },
    },
    actor,
  )
const events = async () =>
  (await readEvents(db, { after: 0, limit: 50 }))
    .filter(({ type }) => type.includes('-drift.'))
    .map(({ type, actor, data }) => [type.split('-drift.')[1], actor, data['total']])
const atHome = async () => (await standingEnvironments(db, ['shop']))[0]?.drift

test('differences have an age, are kept, and end; each change is one event', async () => {
  await record(0, [difference('a', { changed: '2026-11-28T08:00:00Z' }), difference('b')])
  expect((await listDrift(db, place)).map(({ name, since }) => [name, since])).toEqual([
    ['a', '2026-11-28T08:00:00.000Z'],
    ['b', '2026-11-29T10:00:00.000Z'],
  ])
  expect(await atHome()).toMatchObject({ count: 2, atRestart: 2, first: 'web file a' })
  await record(60, [difference('b', { disk: 'c', atRestart: false })], 'Ada')
  const { check, differences } = await readState({ db }, place)
  expect(check).toMatchObject({ problem: null, total: 1, files: 9, processes: 2 })
  expect(differences).toMatchObject([{ name: 'b', disk: 'c', atRestart: false, release: 7 }])
  expect(differences[0]?.since).toBe('2026-11-29T10:00:00.000Z')
  await record(120, [difference('b', { disk: 'c' })])
  await record(180, [])
  expect(await atHome()).toBeNull()
  expect(await events()).toEqual([
    ['detected', 'fairlead', 2],
    ['checked', 'Ada', 1],
    ['resolved', 'Ada', 1],
    ['resolved', 'fairlead', 1],
  ])
})

test('a check that was not possible keeps the numbers of the one before', async () => {
  const checked = new Date(start).toISOString()
  const none = { total: 0, files: 0, processes: 0, ms: 0 }
  await db.query(saveCheck(place, { release: 7, checked, problem: 'no host', ...none }))
  expect(await getCheck(db, place)).toMatchObject({ problem: 'no host', files: 9, processes: 2 })
})

test('an alert lists what had changed before it opened', async () => {
  await db.query(sql`insert into alert (id, app, environment, service, cause, title, reason,
      urgency, onset_from, onset_until, opened, suspects)
    overriding system value values (5, 'shop', 'production', 'web', 'x', 'x', 'x', 'high',
      '2026-11-29T10:30:00Z', '2026-11-29T10:40:00Z', '2026-11-29T10:45:00Z', '[]')`)
  expect((await driftBefore(db, 5)).map(({ name }) => name)).toEqual(['b', 'a'])
  await record(300, [difference('later')])
  expect((await driftBefore(db, 5)).map(({ name }) => name)).toEqual(['b', 'a'])
})

test('a removed environment leaves nothing', async () => {
  await db.batch(deleteDrift('shop', 'production'))
  expect(await listDrift(db, place)).toEqual([])
  expect(await getCheck(db, place)).toBeNull()
})
