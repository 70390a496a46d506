import { afterAll, beforeAll, expect, test } from 'vitest'
import { addPeople } from '#domains/source/store.ts'
import { sql } from '#platform/postgres/sql.ts'
import { testDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import { peopleOfChange } from './people.ts'

const sha = 'c0ffee'.padEnd(40, '0')
let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
  await database.db.batch([
    sql`insert into app (name, repository, branch) values ('shop', '{}', 'main')`,
    sql`insert into change (app, sha, branch, subject, author, committed, chain)
      values ('shop', ${sha}, 'main', 'x', '{"name": "Eve", "email": "e@x.org"}', now(), 'c')`,
    sql`insert into "user" (name, email) values ('Ada', 'ada@example.com'), ('Bob', null)`,
    sql`insert into pull_request (app, number, title, author, branch, base, ref, chain, merged_as)
      values ('shop', 1, 'x', 'bob', 'b', 'main', 'refs/pull/1/head', 'c', ${sha.slice(0, 12)}),
        ('shop', 2, 'x', 'eve', 'b', 'main', 'refs/pull/2/head', 'c', null)`,
  ])
})
afterAll(() => database.close())

test('the pushers, by name or address, and the authors of merged pull requests', async () => {
  const ada = { name: 'ada-at-the-forge', email: 'ADA@example.com', isPusher: true }
  const zoe = { name: 'zoe', email: null, isPusher: false }
  await database.db.batch([addPeople('shop', sha, [ada]), addPeople('shop', sha, [ada, zoe])])
  expect(await peopleOfChange(database.db, 'shop', sha)).toEqual([
    { ...ada, isUser: true },
    { ...zoe, isUser: false },
    { name: 'bob', email: null, isPusher: false, isUser: true },
  ])
  expect(await peopleOfChange(database.db, 'shop', 'f'.repeat(40))).toEqual([])
})
