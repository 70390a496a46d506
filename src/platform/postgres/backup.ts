import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { format, listTables, quote, type Header, type Table } from './backup-format.ts'
import { appliedMigrations } from './migrate.ts'
import type { Database, Session } from './postgres.ts'
import { version } from '#platform/self.ts'
import { raw, sql } from './sql.ts'

export { restore } from './restore.ts'

/**
 * Writes a consistent snapshot of all tables to a file with mode 0600. The server keeps running.
 */
export async function backup(db: Database, file: string): Promise<{ bytes: number; rows: number }> {
  const temporary = `${file}.${process.pid}.tmp`
  let rows = 0
  try {
    await db.session(async (run) => {
      const lines = content(run, (count) => (rows = count))
      await pipeline(
        Readable.from(lines),
        createGzip(),
        createWriteStream(temporary, { mode: 0o600, flush: true }),
      )
    })
    await rename(temporary, file)
    await syncFolder(dirname(file))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  return { bytes: (await stat(file)).size, rows }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  await handle.sync().finally(() => handle.close())
}

/** Groups lines into larger chunks, because writing single lines would dominate the cost. */
async function* content(run: Session, finish: (rows: number) => void): AsyncGenerator<string> {
  const hash = createHash('sha256')
  let rows = 0
  for await (const lines of records(run)) {
    const piece = lines.map((line) => `${line}\n`).join('')
    hash.update(piece)
    rows += lines.filter((line) => line.startsWith('R')).length
    yield piece
  }
  finish(rows)
  yield `E${JSON.stringify({ rows, sha256: hash.digest('hex') })}\n`
}

async function* records(run: Session): AsyncGenerator<string[]> {
  await run(sql`begin isolation level repeatable read read only`)
  const header: Header = {
    format,
    fairlead: version,
    created: new Date().toISOString(),
    migrations: await appliedMigrations(run),
  }
  yield [`H${JSON.stringify(header)}`]
  for (const table of await listTables(run)) {
    yield [`T${JSON.stringify(table)}`]
    yield* rowsOf(run, table)
  }
  const sequences = await run(sql`select sequencename as name, last_value as value from pg_sequences
    where schemaname = current_schema() and last_value is not null`)
  yield sequences.map((sequence) => `S${JSON.stringify(sequence)}`)
  await run(sql`commit`)
}

async function* rowsOf(run: Session, table: Table): AsyncGenerator<string[]> {
  const texts = table.columns.map((column) => `${quote(column.name)}::text`).join(', ')
  await run(
    raw(
      `declare rows no scroll cursor for select json_build_array(${texts})::text as row from ${quote(table.name)}`,
    ),
  )
  for (;;) {
    const rows = await run<{ row: string }>(raw('fetch 200 from rows'))
    if (rows.length === 0) break
    yield rows.map(({ row }) => `R${row}`)
  }
  await run(raw('close rows'))
}
