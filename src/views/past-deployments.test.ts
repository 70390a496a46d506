import { afterAll, beforeAll, expect, test } from 'vitest'
import { armOf } from '#domains/verdict/served.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import { formerOf } from './canary.ts'
import { pastDeployments } from './deployment.ts'

const place = { app: 'shop', environment: 'production' }
const counts = { ...armOf([]), requests: 900, errors: 9 }
const record = { release: 2, counts, at: 5 }
let database: TestDatabase

/** A deployment of the release with the same number, or of another one. */
const deployment = (id: number, more: { release?: number; kind?: string } = {}) =>
  sql`insert into deployment (id, app, environment, kind, state, run, release, replaces, actor,
      workflow, live)
    values (${id}, 'shop', 'production', ${more.kind ?? 'delivery'}, 'replaced', 1,
      ${more.release ?? id}, ${id - 1}, 'ada', 'w', now())`
const watch = (id: number, state: string, kept: object | null = null) =>
  sql`insert into watch (deployment, settings, before, record, started, until, state)
    values (${id}, '{}', ${JSON.stringify(counts)}::json,
      ${kept === null ? null : JSON.stringify(kept)}::json, to_timestamp(7), now(), ${state})`
const verdict = (id: number, judged: string) =>
  sql`insert into verdict (deployment, baseline, share, steps, least, most, settings, decided)
    values (${id}, 1, 0.5, '[]', 1, 1, '{}', ${JSON.stringify({ verdict: judged })}::json)`

beforeAll(async () => {
  database = await testDatabase()
  const releases = Array.from({ length: 8 }, (_, i) => i + 1)
  await database.db.batch([
    sql`insert into app (name, repository, branch) values ('shop', '{}', 'main')`,
    sql`insert into artifact (digest, app, run, size) values ('d', 'shop', 1, 1)`,
    ...releases.map(
      (id) => sql`insert into release (id, app, environment, artifact, configuration, run, sha,
          definition, target)
        values (${id}, 'shop', 'production', 'd', 1, 1, 'a', '{}', '{"kind": "process"}')`,
    ),
    ...[deployment(1), deployment(2), watch(2, 'healthy')],
    ...[deployment(3), watch(3, 'replaced')],
    ...[deployment(4), watch(4, 'replaced', record)],
    ...[deployment(5), watch(5, 'replaced'), verdict(5, 'healthy')],
    ...[deployment(6), watch(6, 'watching'), verdict(6, 'undecided')],
    ...[deployment(7), verdict(7, 'undecided')],
    deployment(8, { release: 3, kind: 'rollback' }),
    deployment(9, { release: 2, kind: 'rollback' }),
  ])
})
afterAll(() => database.close())

test('a release is proven by its canary, by a whole watch, or when it had neither', async () => {
  const history = await pastDeployments(database.db, 'shop', 'production')
  expect(history.map(({ id, release, isProven }) => [id, release, isProven])).toEqual([
    [9, 2, true],
    [8, 3, false],
    [7, 7, false],
    [6, 6, false],
    [5, 5, true],
    [4, 4, false],
    [3, 3, false],
    [2, 2, true],
    [1, 1, true],
  ])
})

test('the release before has the counts of what it replaced, and the record it got', async () => {
  expect(await formerOf(database.db, place, 3)).toEqual({
    isProven: false,
    watch: { before: counts, record: null, started: 7000 },
    replaced: { release: 2, isProven: true },
  })
  expect(await formerOf(database.db, place, 4)).toMatchObject({
    watch: { record },
    replaced: { release: 3, isProven: false },
  })
  expect(await formerOf(database.db, place, 1)).toEqual({
    ...{ isProven: true, watch: null, replaced: null },
  })
})
