import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { startPostgres, type EmbeddedPostgres } from '#platform/postgres/embedded.ts'
import { migrate } from '#platform/postgres/migrate.ts'
import { raw, sql } from '#platform/postgres/sql.ts'
import { openDatabase, type Database, type DatabaseOptions } from '#platform/postgres/postgres.ts'
import { packageRoot } from '#platform/self.ts'
import { noteEmitted } from './emitted-events.ts'

export interface TestDatabase {
  db: Database
  connection: { host: string; user: string; database: string }
  close(): Promise<void>
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const folder = mkdtempSync(join(tmpdir(), 'fairlead-test-'))
let server: Promise<EmbeddedPostgres> | null = null

/**
 * A fresh database with all tables, on a PostgreSQL that the tests of one file share; it is stopped
 * after the last of them. Nothing is written through to the disk: use `startPostgres` itself where
 * that is what is tested.
 */
export async function testDatabase(
  options: Omit<DatabaseOptions, 'connection'> = {},
): Promise<TestDatabase> {
  server ??= startServer()
  const { connection } = await server
  const name = `test_${randomBytes(6).toString('hex')}`
  await administer(connection, `create database ${name} template template_fairlead`)
  const mine = { ...connection, database: name }
  const db = await openDatabase({ connection: mine, size: 6, ...options })
  return {
    db,
    connection: mine,
    close: async () => {
      const types = await db.query<{ type: string }>(sql`select distinct type from event`)
      noteEmitted(types.map(({ type }) => type))
      await db.close()
      await administer(connection, `drop database ${name} with (force)`)
    },
  }
}

async function startServer(): Promise<EmbeddedPostgres> {
  const settings = {
    fsync: 'off',
    full_page_writes: 'off',
    max_connections: '200',
    autovacuum: 'off',
  }
  const started = await startPostgres({ folder: join(folder, 'postgres'), log: quiet, settings })
  process.once('exit', () => kill(started.pid))
  await administer(started.connection, 'create database template_fairlead')
  const db = await openDatabase({
    connection: { ...started.connection, database: 'template_fairlead' },
  })
  await migrate(db, join(packageRoot, 'migrations'))
  await db.close()
  return started
}

async function administer(connection: EmbeddedPostgres['connection'], text: string): Promise<void> {
  const db = await openDatabase({ connection, size: 1 })
  await db.query(raw(text)).finally(() => db.close())
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT')
  } catch {
    // It has ended already.
  }
}

afterAll(async () => {
  await (await server)?.stop()
  rmSync(folder, { recursive: true, force: true })
})
