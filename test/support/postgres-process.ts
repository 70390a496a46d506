// The PostgreSQL that all tests share, as a process of its own: writes its connection as a line of
// JSON, and stops when its input ends, however the test runner ended.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '#platform/postgres/embedded.ts'
import { migrate } from '#platform/postgres/migrate.ts'
import { openDatabase } from '#platform/postgres/postgres.ts'
import { raw } from '#platform/postgres/sql.ts'
import { packageRoot } from '#platform/self.ts'

const [, , template = ''] = process.argv
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
/** Nothing is written through to the disk: the database of a test need not survive the machine. */
const settings = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '600',
  autovacuum: 'off',
}

const folder = mkdtempSync(join(tmpdir(), 'fairlead-tests-'))
const postgres = await startPostgres({ folder: join(folder, 'postgres'), log: quiet, settings })
process.stdin.resume().once('close', async () => {
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
})
const admin = await openDatabase({ connection: postgres.connection, size: 1 })
await admin.query(raw(`create database ${template}`))
await admin.close()
const db = await openDatabase({ connection: { ...postgres.connection, database: template } })
await migrate(db, join(packageRoot, 'migrations'))
await db.close()
console.log(JSON.stringify(postgres.connection))
