import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { openDatabase, type Database, type DatabaseOptions } from '#platform/postgres/postgres.ts'
import { raw, sql } from '#platform/postgres/sql.ts'
import { noteEmitted } from './emitted-events.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** the PostgreSQL that all tests share */
    postgres: { host: string; user: string; database: string }
  }
}

export interface TestConnection {
  host: string
  user: string
  database: string
}

export interface TestDatabase {
  db: Database
  connection: TestConnection
  close(): Promise<void>
}

/** The database with all tables and no rows; every other one is a copy of it. */
export const template = 'template_fairlead'

/** Creates a database with all tables and no rows. */
export async function createDatabase(): Promise<TestConnection> {
  const database = `test_${randomBytes(6).toString('hex')}`
  // A copy of the files takes less processor time than one that is written to the log.
  await administer(`create database ${database} template ${template} strategy file_copy`)
  return { ...inject('postgres'), database }
}

export const dropDatabase = ({ database }: TestConnection): Promise<void> =>
  administer(`drop database if exists ${database} with (force)`)

/**
 * A new database with all tables, on the PostgreSQL that all tests share. Nothing is written
 * through to the disk: use `startPostgres` itself where durability is what is tested.
 */
export async function testDatabase(
  options: Omit<DatabaseOptions, 'connection'> = {},
): Promise<TestDatabase> {
  const connection = await createDatabase()
  const db = await openDatabase({ connection, size: 6, ...options })
  return {
    db,
    connection,
    close: async () => {
      noteEmitted(await emittedTypes(db))
      await db.close()
      await dropDatabase(connection)
    },
  }
}

/** The types of all stored events; none when a test dropped the tables. */
async function emittedTypes(db: Database): Promise<string[]> {
  const [event] = await db.query<{ name: string | null }>(sql`select to_regclass('event') as name`)
  if (!event?.name) return []
  const types = await db.query<{ type: string }>(sql`select distinct type from event`)
  return types.map(({ type }) => type)
}

async function administer(text: string): Promise<void> {
  const db = await openDatabase({ connection: inject('postgres'), size: 1 })
  await db.query(raw(text)).finally(() => db.close())
}
