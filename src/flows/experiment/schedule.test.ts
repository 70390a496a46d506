import { afterAll, beforeAll, expect, test } from 'vitest'
import { commitmentOf, drawAt, problemOfDraw } from '#contract/experiment/draw.ts'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { drawsFrom, listDraws } from '#domains/experiment/draw-store.ts'
import { endExperimentRun, listExperimentRuns } from '#domains/experiment/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { runScheduled } from './schedule.ts'

let db: Database
let close: () => Promise<void>
const place = { app: 'shop', environment: 'production', name: 'frozen-web' }

beforeAll(async () => {
  ;({ db, close } = await testDatabase())
  const experiment = { action: 'pause', service: 'web', environments: 'production', for: '30s' }
  const definition = pipelineFile.parse({
    ...{ services: { web: 'node server.js' }, environments: { production: {} } },
    experiments: { 'frozen-web': { ...experiment, every: '2d' }, 'on-request': experiment },
  })
  const sha = 'a'.repeat(40)
  await db.batch([
    sql`insert into app (name, repository, branch, folder)
      values ('shop', '{"kind":"hosted"}', 'main', '.')`,
    sql`insert into change (app, sha, branch, subject, author, committed, chain)
      values ('shop', ${sha}, 'main', 'Change', '{}', now(), 'c-1')`,
    sql`insert into environment (app, name, position) values ('shop', 'production', 0)`,
    sql`insert into artifact (digest, app, run, size) values ('sha256:a', 'shop', 1, 1)`,
    sql`insert into release (id, app, environment, artifact, configuration, run, sha, definition)
      overriding system value
      values (1, 'shop', 'production', 'sha256:a', 0, 1, ${sha}, ${definition}::json)`,
    sql`insert into deployment (id, app, environment, kind, state, run, release, actor, workflow,
        live)
      overriding system value
      values (1, 'shop', 'production', 'delivery', 'live', 1, 1, 'Ada', 'w', now())`,
  ])
})
afterAll(() => close())

/** Looks every ten minutes; the server is away in the times that `isAway` names. */
async function pass(from: string, until: string, isAway: (at: Date) => boolean = () => false) {
  let seeds = 0
  const begun: { id: number; at: string }[] = []
  for (let now = Date.parse(from); now < Date.parse(until); now += 600_000) {
    if (isAway(new Date(now))) continue
    const before = (await runs()).length
    await runScheduled({
      ...{ db, now: () => now, engine: { startStatements: () => [] } },
      seed: () => `${from} ${(seeds += 1)}`,
    })
    const found = await runs()
    if (found.length === before) continue
    const { id } = found[0]!
    begun.push({ id, at: new Date(now).toISOString() })
    await db.query(endExperimentRun(id, { state: 'passed', reason: null }))
  }
  return begun
}
const runs = () => listExperimentRuns(db, { app: 'shop', limit: 500 })

test('runs at the times that were drawn, and the draws can be verified', async () => {
  const isNight = (at: Date) => at.getUTCHours() < 8 || at.getUTCHours() > 17
  const begun = await pass('2026-03-02T00:00:00Z', '2026-03-14T00:00:00Z', isNight)
  const all = await listDraws(db, { app: 'shop', limit: 500 })
  expect(new Set(all.map(({ name }) => name))).toEqual(new Set(['frozen-web']))
  expect(all.map(({ day }) => new Date(day).getUTCDay()).every((day) => day > 0 && day < 6)).toBe(
    true,
  )
  const hits = all.filter(({ at }) => at !== null)
  expect(hits.length).toBeGreaterThan(1)
  expect(hits.map(({ run }) => run)).toEqual(begun.map(({ id }) => id).toReversed())
  for (const { run, at } of hits) {
    const late = Date.parse(begun.find(({ id }) => id === run)!.at) - Date.parse(at!)
    expect(late).toBeGreaterThanOrEqual(0)
    expect(late).toBeLessThan(600_000)
  }
  expect(await Promise.all(all.map((one) => problemOfDraw(one, all)))).toEqual(all.map(() => null))
  expect((await runs()).every(({ trigger, actor }) => trigger === 'schedule' && actor)).toBe(true)
})

test('a run whose time passes while no server is there does not begin late', async () => {
  const monday = '2026-04-06'
  await pass('2026-04-05T23:30:00Z', `${monday}T00:00:00Z`)
  const [draw] = await drawsFrom(db, place, monday)
  // A seed with a run in the morning.
  const hours = [9, 17].map((hour) => Date.parse(`${monday}T${String(hour).padStart(2, '0')}:00Z`))
  let seed = ''
  for (let i = 0; seed === ''; i += 1) {
    const one = { ...draw!, gap: 9, seed: `morning ${i}` }
    const at = await drawAt(one)
    if (at !== null && at < hours[0]! + 10_800_000) ({ seed } = one)
  }
  await db.query(sql`update experiment_draw set seed = ${seed},
    commitment = ${await commitmentOf(seed)} where day = ${monday}::text::date`)
  const isAway = (at: Date) =>
    at.getTime() >= hours[0]! - 3_600_000 && at.getTime() < hours[1]! - 3_600_000
  expect(await pass(`${monday}T00:00:00Z`, `${monday}T20:00:00Z`, isAway)).toEqual([])
  const [missed] = await drawsFrom(db, place, monday)
  expect(missed).toMatchObject({
    run: null,
    problem: expect.stringContaining('no server was there'),
  })
})

test('nothing tells the time of a run before it has come', async () => {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
  const until = Date.now() + 90_000_000
  await db.query(sql`insert into experiment_draw (app, environment, name, day, seed, commitment,
      every, hours, gap, at, drawn)
    values ('shop', 'staging', 'secret', ${tomorrow}::text::date, 'seed', 'digest', 2,
      ${JSON.stringify([{ from: until - 1, until }])}::jsonb, 3, now() + interval '1 day', now())`)
  const [found] = await listDraws(db, { app: 'shop', environment: 'staging', limit: 1 })
  expect(found).toMatchObject({ seed: null, gap: null, at: null, commitment: 'digest' })
})
