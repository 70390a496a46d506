import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sqlState, type Database, type Session } from './postgres.ts'
import { raw, sql, type Statement } from './sql.ts'

export interface AppliedMigration {
  name: string
  checksum: string
}

export interface Migration extends AppliedMigration {
  text: string
}

/**
 * Applies the files of the folder in order of name, each with its record in one transaction. Safe
 * when several replicas run it at once. Throws one sentence when the database is newer than the
 * program or an applied file has changed.
 */
export async function migrate(db: Database, folder: string): Promise<void> {
  await db.batch([sql`select pg_advisory_xact_lock(4400)`, createTable])
  const files = readMigrations(folder)
  for (const file of files.slice(await countApplied(db, files))) await apply(db, files, file)
}

const createTable = sql`create table if not exists migration (
  name text primary key, checksum text not null, applied timestamptz not null default now())`

export function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  return names.sort().map((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    return { name, text, checksum: createHash('sha256').update(text).digest('hex') }
  })
}

/**
 * The applied migrations must be a prefix of the folder. Returns the problem in one sentence, or
 * null.
 */
export function judgeApplied(
  applied: readonly AppliedMigration[],
  files: readonly Migration[],
): string | null {
  for (const [i, { name, checksum }] of applied.entries()) {
    const file = files.find((candidate) => candidate.name === name)
    if (!file)
      return (
        `it has the migration ${name}, which this Fairlead does not know: ` +
        'install the newer version that made it'
      )
    if (file.checksum !== checksum)
      return (
        `migrations/${name} was changed after it was applied: ` +
        'put the change into a new file instead'
      )
    if (files[i] !== file)
      return (
        `migrations/${files[i]?.name} comes before ${name}, which was applied already: ` +
        'give it a later number'
      )
  }
  return null
}

/** Returns the migrations of a database in order; none before it has tables. */
export async function appliedMigrations(run: Session): Promise<AppliedMigration[]> {
  const [found] = await run<{ table: string | null }>(
    sql`select to_regclass('migration')::text as table`,
  )
  if (!found?.table) return []
  return run<AppliedMigration>(sql`select name, checksum from migration order by name collate "C"`)
}

/** Applies migrations inside the transaction of a session. */
export async function applyInSession(run: Session, files: readonly Migration[]): Promise<void> {
  await run(createTable)
  for (const file of files) {
    await run(record(file))
    await run(raw(file.text))
  }
}

const record = (file: Migration): Statement =>
  sql`insert into migration (name, checksum) values (${file.name}, ${file.checksum})`

async function countApplied(db: Database, files: Migration[]): Promise<number> {
  const applied = await appliedMigrations((statement) => db.query(statement))
  const problem = judgeApplied(applied, files)
  if (problem !== null)
    throw new Error(`The database does not match this version of Fairlead: ${problem}`)
  return applied.length
}

async function apply(db: Database, files: Migration[], file: Migration): Promise<void> {
  try {
    await db.batch([
      sql`set local statement_timeout = 0`,
      sql`select pg_advisory_xact_lock(4400)`,
      record(file),
      raw(file.text),
    ])
  } catch (error) {
    // Another replica was faster; the next round verifies what it applied.
    if (sqlState(error) === '23505' && (await countApplied(db, files)) > files.indexOf(file)) return
    throw new Error(`migrations/${file.name} cannot be applied: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
