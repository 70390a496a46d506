import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sqlState, type Database } from './postgres.ts'
import { sql } from './sql.ts'

interface Migration {
  name: string
  text: string
  checksum: string
}

/**
 * Brings the tables up to the program: applies the files of the folder in order of name, each with its record in one
 * transaction. Safe when several replicas do it at once. Throws one sentence when the database is newer than the program,
 * or when a file that was applied has changed.
 */
export async function migrate(db: Database, folder: string): Promise<void> {
  await db.batch([
    sql`select pg_advisory_xact_lock(4400)`,
    sql`create table if not exists migration (
      name text primary key, checksum text not null, applied timestamptz not null default now())`,
  ])
  const files = readMigrations(folder)
  for (const file of files.slice(await countApplied(db, files))) await apply(db, files, file)
}

function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  return names.sort().map((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    return { name, text, checksum: createHash('sha256').update(text).digest('hex') }
  })
}

/** What is in the database must be the beginning of what is in the folder. */
async function countApplied(db: Database, files: Migration[]): Promise<number> {
  const applied = await db.query<{ name: string; checksum: string }>(
    sql`select name, checksum from migration order by name collate "C"`,
  )
  for (const [i, { name, checksum }] of applied.entries()) {
    const file = files.find((candidate) => candidate.name === name)
    if (!file)
      throw new Error(
        `The database was made by a newer Fairlead: it has the migration ${name}, which this one does not know. Install that version again`,
      )
    if (file.checksum !== checksum)
      throw new Error(`migrations/${name} was changed after it was applied: put the change into a new file instead`)
    if (files[i] !== file)
      throw new Error(
        `migrations/${files[i]?.name} comes before ${name}, which was applied already: give it a later number`,
      )
  }
  return applied.length
}

async function apply(db: Database, files: Migration[], file: Migration): Promise<void> {
  try {
    await db.batch([
      sql`set local statement_timeout = 0`,
      sql`select pg_advisory_xact_lock(4400)`,
      sql`insert into migration (name, checksum) values (${file.name}, ${file.checksum})`,
      { text: file.text, values: [] },
    ])
  } catch (error) {
    // Another replica was faster; what it applied is checked like everything else.
    if (sqlState(error) === '23505' && (await countApplied(db, files)) > files.indexOf(file)) return
    throw new Error(`migrations/${file.name} cannot be applied: ${(error as Error).message}`, { cause: error })
  }
}
