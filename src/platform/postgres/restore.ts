import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { format, listTables, quote, type End, type Header, type Table } from './backup-format.ts'
import { sequenceProblem, tableProblem } from './backup-rules.ts'
import {
  appliedMigrations,
  applyInSession,
  judgeApplied,
  readMigrations,
  type Migration,
} from './migrate.ts'
import type { Database, Session } from './postgres.ts'
import { packageRoot } from '#platform/self.ts'
import { raw, sql } from './sql.ts'

/**
 * Fills an empty database from a backup, completely or not at all; an older backup is migrated.
 * Throws one sentence on failure.
 */
export async function restore(db: Database, file: string): Promise<{ rows: number }> {
  await access(file).catch(() => {
    throw new Error(`There is no backup ${file}`)
  })
  const files = readMigrations(join(packageRoot, 'migrations'))
  const header = await verify(file, files)
  return db.session(async (run) => {
    await run(sql`begin`)
    await requireEmpty(run)
    const isCurrent =
      JSON.stringify(await appliedMigrations(run)) === JSON.stringify(header.migrations)
    if (!isCurrent) await rebuild(run, files.slice(0, header.migrations.length))
    const rows = await load(run, file)
    if (!isCurrent) await applyInSession(run, files.slice(header.migrations.length))
    await run(sql`commit`)
    return { rows }
  })
}

const damaged = (file: string, why: string): Error =>
  new Error(`${file} is not a complete Fairlead backup: ${why}. Use another one`)

/** Reads the whole file before anything changes. */
async function verify(file: string, files: readonly Migration[]): Promise<Header> {
  const hash = createHash('sha256')
  let header: Header | null = null
  let end: End | null = null
  let rows = 0
  try {
    for await (const line of readLines(file)) {
      if (end) throw damaged(file, 'it continues after its end')
      if (!header) header = readHeader(file, line)
      if (line.startsWith('E')) end = JSON.parse(line.slice(1)) as End
      else hash.update(`${line}\n`)
      if (line.startsWith('R')) rows += 1
    }
  } catch (error) {
    const isOurs = error instanceof Error && error.message.startsWith(file)
    throw isOurs ? error : damaged(file, 'it is truncated or was changed')
  }
  if (!header || !end) throw damaged(file, 'its last line is missing')
  if (end.rows !== rows || end.sha256 !== hash.digest('hex'))
    throw damaged(file, 'its checksum is wrong')
  const problem = judgeApplied(header.migrations, files)
  if (problem !== null)
    throw new Error(`${file} does not match this version of Fairlead: ${problem}`)
  return header
}

function readHeader(file: string, line: string): Header {
  if (!line.startsWith('H{')) throw damaged(file, 'it does not start with a header')
  const header = JSON.parse(line.slice(1)) as Header
  if (header.format !== format)
    throw new Error(
      `${file} is a backup of format ${header.format}, and this Fairlead reads ${format}: use the version that wrote it (${header.fairlead})`,
    )
  return header
}

/** Characters of a line. The longest row is a webhook delivery of 25 MB in hexadecimal digits. */
const longestLine = 128 * 1024 * 1024

async function* readLines(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const source = createReadStream(file)
  const text = source.pipe(createGunzip())
  // A pipe does not forward errors.
  source.on('error', (error) => text.destroy(error))
  let rest = ''
  try {
    for await (const chunk of text) {
      const piece = decoder.decode(chunk as Buffer, { stream: true })
      if (rest.length > longestLine) throw damaged(file, 'a line is too long')
      if (!piece.includes('\n')) {
        rest += piece
        continue
      }
      const lines = (rest + piece).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } finally {
    source.destroy()
  }
  if (rest !== '') yield rest
}

async function requireEmpty(run: Session): Promise<void> {
  for (const { name } of await listTables(run)) {
    const [row] = await run(raw(`select 1 from ${quote(name)} limit 1`))
    if (row)
      throw new Error(
        `The database is not empty (its table ${name} has rows): restore into a new installation`,
      )
  }
}

/** The tables are empty and are created again as they were at the time of the backup. */
async function rebuild(run: Session, files: readonly Migration[]): Promise<void> {
  const [schema] = await run<{ name: string }>(sql`select current_schema() as name`)
  const name = quote(schema?.name ?? 'public')
  await run(raw(`drop schema ${name} cascade`))
  await run(raw(`create schema ${name}`))
  await applyInSession(run, files)
}

/** The sequences of the schema, which a backup may set. */
async function listSequences(run: Session): Promise<string[]> {
  const rows = await run<{ name: string }>(
    sql`select sequencename as name from pg_sequences where schemaname = current_schema()`,
  )
  return rows.map(({ name }) => name)
}

/** Approximate limit of characters per batch of rows. */
const batchSize = 1_000_000

async function load(run: Session, file: string): Promise<number> {
  const tables = await listTables(run)
  const sequences = await listSequences(run)
  const refuse = (problem: string | null): void => {
    if (problem !== null) throw damaged(file, problem)
  }
  let table: Table | null = null
  let batch: string[] = []
  let size = 0
  let rows = 0
  const flush = async (): Promise<void> => {
    if (table && batch.length > 0) await insert(run, table, batch)
    batch = []
    size = 0
  }
  for await (const line of readLines(file)) {
    const text = line.slice(1)
    if (line.startsWith('R')) {
      batch.push(text)
      size += text.length
      rows += 1
      if (size > batchSize) await flush()
      continue
    }
    await flush()
    if (line.startsWith('T')) {
      table = JSON.parse(text) as Table
      refuse(tableProblem(table, tables))
    }
    if (line.startsWith('S')) {
      const sequence = JSON.parse(text) as { name: string; value: number }
      refuse(sequenceProblem(sequence, sequences))
      await setSequence(run, sequence)
    }
  }
  return rows
}

async function insert(run: Session, table: Table, rows: string[]): Promise<void> {
  const columns = table.columns.map((column) => quote(column.name)).join(', ')
  const values = table.columns.map((column, i) => `(r ->> ${i})::${column.type}`).join(', ')
  const text = `insert into ${quote(table.name)} (${columns}) overriding system value
    select ${values} from json_array_elements($1::json) r`
  await run(raw(text, [`[${rows.join(',')}]`]))
}

async function setSequence(run: Session, sequence: { name: string; value: number }): Promise<void> {
  await run(sql`select setval(${quote(sequence.name)}::regclass, ${sequence.value})`)
}
