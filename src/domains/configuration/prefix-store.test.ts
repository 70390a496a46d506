import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '#platform/self.ts'
import { applyInSession, readMigrations } from '#platform/postgres/migrate.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase } from '../../../test/support/postgres.ts'
import { isAllowed } from './prefixes.ts'
import { listPrefixes } from './prefix-store.ts'

test('references from before prefixes stay allowed, those of old versions too', async () => {
  const files = readMigrations(join(packageRoot, 'migrations'))
  const index = files.findIndex(({ name }) => name.startsWith('0036'))
  const { db, close } = await testDatabase()
  try {
    await db.session(async (run) => {
      await run(sql`drop schema public cascade`)
      await run(sql`create schema public`)
      await applyInSession(run, files.slice(0, index))
      await run(sql`insert into app (name, repository, branch) values ('shop', '{}', 'main')`)
      for (const [version, secrets] of [
        [1, { OLD: 'from:file:old', STORED: '2.ab.cd' }],
        [2, { NEW: 'from:vault:secret/data/shop#key' }],
      ] as const)
        await run(sql`insert into configuration
          (app, environment, version, variables, secrets, changed, actor)
          values ('shop', 'dev', ${version}, '{}', ${JSON.stringify(secrets)}::jsonb, '[]', 'Ada')`)
      await applyInSession(run, files.slice(index))
    })
    const prefixes = (await listPrefixes(db, 'shop')).map(({ prefix }) => prefix)
    expect(prefixes).toEqual(['file:old', 'vault:secret/data/shop#key'])
    expect(isAllowed('file:other', prefixes)).toBe(false)
  } finally {
    await close()
  }
})
