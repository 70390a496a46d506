import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../../../test/support/postgres.ts'
import { backup, restore } from './backup.ts'
import { applyInSession, readMigrations } from './migrate.ts'
import type { Database } from './postgres.ts'
import { packageRoot } from '#platform/self.ts'
import { raw, sql } from './sql.ts'

let from: TestDatabase
let folder: string
let file: string
const targets: TestDatabase[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-backup-'))
  file = join(folder, 'all.backup')
  from = await testDatabase()
  await fill(from.db)
  await backup(from.db, file)
})
afterAll(async () => {
  await Promise.all([from, ...targets].map((database) => database.close()))
  rmSync(folder, { recursive: true })
})

async function empty(): Promise<Database> {
  const database = await testDatabase()
  targets.push(database)
  return database.db
}

async function fill(db: Database): Promise<void> {
  await db.batch([
    sql`insert into app (name, branch, repository) values ('shop', 'main', ${{ kind: 'hosted', path: 'Grüße "quoted" \\ \n tab\t' }}::jsonb), ('desk', 'main', '{}')`,
    sql`insert into change (app, sha, branch, subject, author, committed, chain)
      values ('shop', 'abc', 'main', 'It''s, {a} "subject"', '{"name":"x"}', '2026-01-02 03:04:05.678901+02', 'c1')`,
    sql`insert into pipeline_run (app, sha, definition) values ('shop', 'abc', ${'{"z":1, "a":{"y":null,"b":"\\u0000"}}'}::json)`,
    sql`insert into workflow (id, name, chain, input, output) values ('w', 'n', 'c', 'null', null)`,
    sql`select append_event('t', '1', 's', 'c', null, 'a', jsonb_build_object('i', i, 'text', repeat('x', 3000))) from generate_series(1, 1500) i`,
  ])
}

/** Every row of every table, as text. */
async function dump(db: Database): Promise<Record<string, string[]>> {
  const tables = await db.query<{ name: string }>(
    sql`select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'migration' order by 1`,
  )
  const pairs = await Promise.all(
    tables.map(async ({ name }) => {
      const rows = await db.query<{ row: string }>(
        raw(`select t::text as row from "${name}" t order by 1`),
      )
      return [name, rows.map((row) => row.row)] as const
    }),
  )
  return Object.fromEntries(pairs)
}

test('restores every row and sequence, and keeps the file private', async () => {
  const db = await empty()
  expect(await restore(db, file)).toEqual({ rows: 1505 })
  expect(await dump(db)).toEqual(await dump(from.db))
  const [last] = await db.query<{ id: number }>(sql`select max(id) as id from event`)
  await db.query(sql`select append_event('t', '1', 's', 'c', null, 'a', '{}')`)
  expect(await db.query(sql`select max(id) as id from event`)).toEqual([
    { id: (last?.id ?? 0) + 1 },
  ])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['all.backup'])
})

test('takes a consistent snapshot while others write', async () => {
  const db = await empty()
  await restore(db, file)
  let isWriting = true
  const write = async (): Promise<void> => {
    for (let i = 0; isWriting; i += 1)
      await db.batch([
        sql`insert into workflow (id, name, chain, input) values (${`pair${i}`}, 'n', 'c', '1')`,
        sql`insert into lock (name, workflow, rank) values (${`pair${i}`}, 'w', 1)`,
      ])
  }
  const writing = write()
  const during = join(folder, 'during.backup')
  await backup(db, during)
  isWriting = false
  await writing
  const copy = await empty()
  await restore(copy, during)
  const pairs = async (table: 'workflow' | 'lock', column: string) =>
    copy.query(raw(`select ${column} as id from ${table} where ${column} like 'pair%' order by 1`))
  expect(await pairs('workflow', 'id')).toEqual(await pairs('lock', 'name'))
  rmSync(during)
})

test('refuses to restore into a database with rows, and leaves it unchanged', async () => {
  const before = await dump(from.db)
  await expect(restore(from.db, file)).rejects.toThrow(
    /^The database is not empty \(its table \w+ has rows\)/,
  )
  expect(await dump(from.db)).toEqual(before)
})

test('refuses a damaged or foreign file with one sentence, and restores nothing', async () => {
  const db = await empty()
  const bytes = readFileSync(file)
  const text = gunzipSync(bytes).toString('utf8')
  const newer = (json: string): string => json.replace(/^H\{"format":1/, 'H{"format":2')
  const flipped = Buffer.from(bytes)
  flipped.writeUInt8(flipped.readUInt8(bytes.length >> 1) ^ 255, bytes.length >> 1)
  const wrong: [string, Buffer, RegExp][] = [
    ['cut off', bytes.subarray(0, bytes.length - 300), /not a complete Fairlead backup.*truncated/],
    ['cut off within', bytes.subarray(0, 100), /not a complete Fairlead backup.*truncated/],
    ['empty', Buffer.alloc(0), /not a complete Fairlead backup/],
    ['a flipped byte', flipped, /not a complete Fairlead backup/],
    ['not gzip', Buffer.from('hello'), /not a complete Fairlead backup/],
    ['no end', gzipSync(text.slice(0, text.lastIndexOf('E'))), /its last line is missing/],
    ['a row less', gzipSync(text.replace(/\nR.*\n/, '\n')), /its checksum is wrong/],
    ['a changed letter', gzipSync(text.replace('desk', 'disk')), /its checksum is wrong/],
    ['another format', gzipSync(newer(text)), /format 2, and this Fairlead reads 1/],
    ['another file', gzipSync('{"a":1}\n'), /does not start with a header/],
  ]
  for (const [what, content, reason] of wrong) {
    const path = join(folder, 'wrong')
    writeFileSync(path, content)
    await expect(restore(db, path), what).rejects.toThrow(reason)
  }
  rmSync(join(folder, 'wrong'))
  await expect(restore(db, join(folder, 'nothing'))).rejects.toThrow('There is no backup')
  expect(Object.values(await dump(db)).flat()).toEqual([])
})

test('refuses tables, columns, types and sequences that the schema does not have', async () => {
  const db = await empty()
  const text = gunzipSync(readFileSync(file)).toString('utf8')
  /** The backup with another line, and the checksum that belongs to it. */
  const forged = (from: RegExp, to: string): Buffer => {
    const body = text.slice(0, text.lastIndexOf('E{')).replace(from, to)
    expect(body).not.toBe(text.slice(0, text.lastIndexOf('E{')))
    const rows = body.split('\n').filter((line) => line.startsWith('R')).length
    const sha256 = createHash('sha256').update(body).digest('hex')
    return gzipSync(`${body}E${JSON.stringify({ rows, sha256 })}\n`)
  }
  const path = join(folder, 'hostile')
  const type = "text from (select pg_sleep(9)) x) , (select 'x'"
  for (const [content, reason] of [
    [forged(/"type":"text"/, `"type":"${type}"`), /column \w+ of the type text from \(select/],
    [forged(/"name":"branch"/, String.raw`"name":"x\") values (1)--"`), /has the column x"\)/],
    [forged(/T\{"name":"app"/, 'T{"name":"migration"'), /has the table migration/],
    [forged(/T\{"name":"app"/, 'T{"name":"pg_authid"'), /has the table pg_authid/],
    [forged(/T\{"name":"app".*/, 'T{"name":"app"}'), /a table has no valid description/],
    [forged(/S\{"name":"\w+"/, 'S{"name":"other"'), /has the sequence other/],
    [forged(/(S\{"name":"\w+","value":)\d+/, '$1"x"'), /a sequence has no valid description/],
  ] as const) {
    writeFileSync(path, content)
    await expect(restore(db, path)).rejects.toThrow(reason)
  }
  rmSync(path)
  expect(Object.values(await dump(db)).flat()).toEqual([])
})

test('migrates a backup of an older version, and refuses one of a newer version', async () => {
  const files = readMigrations(join(packageRoot, 'migrations'))
  expect(files.length).toBeGreaterThan(1)
  const old = await empty()
  await old.session(async (run) => {
    await run(sql`drop schema public cascade`)
    await run(sql`create schema public`)
    await applyInSession(run, files.slice(0, 1))
  })
  await old.query(sql`insert into workflow (id, name, chain, input) values ('old', 'n', 'c', '1')`)
  const path = join(folder, 'old.backup')
  await backup(old, path)
  const db = await empty()
  await restore(db, path)
  expect(await db.query(sql`select id from workflow`)).toEqual([{ id: 'old' }])
  expect(await db.query(sql`select name from migration order by name`)).toEqual(
    files.map(({ name }) => ({ name })),
  )
  expect(await db.query(sql`select count(*) as count from app`)).toEqual([{ count: 0 }])
  await old.query(sql`insert into migration (name, checksum) values ('9999_later.sql', 'x')`)
  await backup(old, path)
  await expect(restore(await empty(), path)).rejects.toThrow(
    /has the migration 9999_later.sql.*newer version/,
  )
  rmSync(path)
})
