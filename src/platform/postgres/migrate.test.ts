import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { migrate } from './migrate.ts'
import { sql } from './sql.ts'

let database: TestDatabase
let folder: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-migrate-'))
  database = await testDatabase()
  await database.db.batch([sql`drop schema public cascade`, sql`create schema public`])
})
afterEach(async () => {
  await database.close()
  rmSync(folder, { recursive: true })
})

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
const applied = async (): Promise<unknown[]> =>
  (await database.db.query<{ name: string }>(sql`select name from migration order by name`)).map(
    (row) => row.name,
  )

test('applies files once, in order of name', async () => {
  write('0002_b.sql', `insert into a values (2); select '$1' || $$ $2 $$`)
  write('0001_a.sql', 'create table a (n int) -- no semicolon')
  write('readme.md', 'not this')
  await migrate(database.db, folder)
  await migrate(database.db, folder)
  write('0003_c.sql', 'insert into a values (3)')
  await migrate(database.db, folder)
  expect(await database.db.query(sql`select n from a order by n`)).toEqual([{ n: 2 }, { n: 3 }])
  expect(await applied()).toEqual(['0001_a.sql', '0002_b.sql', '0003_c.sql'])
})

test('applies each file once when replicas start at the same time', async () => {
  write('0001_a.sql', 'create table a (n int); select pg_sleep(0.05)')
  write('0002_b.sql', 'insert into a values (1)')
  await Promise.all(Array.from({ length: 4 }, () => migrate(database.db, folder)))
  expect(await database.db.query(sql`select n from a`)).toEqual([{ n: 1 }])
})

test('rolls back a failing file, which can then be corrected', async () => {
  write('0001_a.sql', 'create table a (n int); insert into a values (1)')
  write('0002_b.sql', 'insert into a values (2); insert into nothing values (1)')
  await expect(migrate(database.db, folder)).rejects.toThrow(
    /^migrations\/0002_b.sql cannot be applied: relation "nothing"/,
  )
  expect(await database.db.query(sql`select n from a`)).toEqual([{ n: 1 }])
  expect(await applied()).toEqual(['0001_a.sql'])
  write('0002_b.sql', 'insert into a values (3)')
  await migrate(database.db, folder)
  expect(await applied()).toEqual(['0001_a.sql', '0002_b.sql'])
})

test('refuses a newer database or unexpected files with one sentence', async () => {
  write('0001_a.sql', 'create table a (n int)')
  write('0003_c.sql', 'create table c (n int)')
  await migrate(database.db, folder)
  write('0002_b.sql', 'create table b (n int)')
  await expect(migrate(database.db, folder)).rejects.toThrow(
    /0002_b.sql comes before 0003_c.sql.*later number/,
  )
  rmSync(join(folder, '0002_b.sql'))
  write('0001_a.sql', 'create table a (n bigint)')
  await expect(migrate(database.db, folder)).rejects.toThrow(
    /0001_a.sql was changed after it was applied/,
  )
  write('0001_a.sql', 'create table a (n int)')
  rmSync(join(folder, '0003_c.sql'))
  await expect(migrate(database.db, folder)).rejects.toThrow(
    /has the migration 0003_c.sql.*newer version/,
  )
})
