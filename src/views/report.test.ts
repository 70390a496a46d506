import { expect, test } from 'vitest'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../test/support/postgres.ts'
import { missingReports } from './report.ts'

test('names the failed steps without their reports, with the topics of the last ones', async () => {
  const { db, close } = await testDatabase()
  const definition = { steps: { audit: { reports: ['a'] }, fresh: { reports: ['b'] }, none: {} } }
  await db.query(sql`insert into app (name, repository, branch) values ('shop', '{}', 'main')`)
  await db.query(sql`insert into change (app, sha, branch, subject, author, committed, chain)
    values ('shop', 'c0ffee', 'main', '', '{}', now(), 'c')`)
  for (const run of [1, 2, 3]) {
    await db.query(sql`insert into pipeline_run (id, app, sha, trigger, definition)
      overriding system value
      values (${run}, 'shop', 'c0ffee', 'push', ${definition}::json)`)
    for (const [position, name] of ['audit', 'fresh', 'none'].entries())
      await db.query(sql`insert into step (run, name, position, command, needs, state, attempt)
        values (${run}, ${name}, ${position}, '', '[]', ${run === 2 ? 'passed' : 'failed'}, 1)`)
  }
  await db.query(sql`insert into report (run, step, attempt, file, format, tells)
    values (2, 'audit', 1, 'a', 'SARIF', '{findings}')`)
  expect(await missingReports(db, 3)).toEqual([
    { step: 'audit', topics: ['findings'] },
    { step: 'fresh', topics: null },
  ])
  expect(await missingReports(db, 2)).toEqual([])
  await close()
})
