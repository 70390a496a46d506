import type { AppliedMigration } from './migrate.ts'
import type { Session } from './postgres.ts'
import { sql } from './sql.ts'

// The file is gzip-compressed lines. The first letter of a line gives its kind, JSON follows: H
// header, T table with columns, R row as an array of texts, S sequence, E number of rows and
// SHA-256 of all preceding lines.
export const format = 1

export interface Header {
  format: number
  fairlead: string
  created: string
  migrations: AppliedMigration[]
}

export interface Table {
  name: string
  columns: { name: string; type: string }[]
}

export interface End {
  rows: number
  sha256: string
}

/** Tables without meaning after a restore, and the migrations, which the header records. */
const leftOut = new Set(['migration', 'replica'])

export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Returns every table after the tables that it references. */
export async function listTables(run: Session): Promise<Table[]> {
  const columns = await run<{ table: string; name: string; type: string }>(sql`
    select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.attnum > 0
      and not a.attisdropped and a.attgenerated = ''
    order by c.relname, a.attnum`)
  const references = await run<{ from: string; to: string }>(sql`
    select c.relname as from, r.relname as to from pg_constraint f
    join pg_class c on c.oid = f.conrelid join pg_class r on r.oid = f.confrelid
    where f.contype = 'f' and c.relnamespace = current_schema()::regnamespace
      and f.conrelid <> f.confrelid`)
  const names = [...new Set(columns.map((column) => column.table))].filter(
    (name) => !leftOut.has(name),
  )
  const sorted: string[] = []
  const add = (name: string): void => {
    if (sorted.includes(name)) return
    for (const reference of references) if (reference.from === name) add(reference.to)
    sorted.push(name)
  }
  for (const name of names) add(name)
  return sorted.map((name) => ({
    name,
    columns: columns
      .filter((column) => column.table === name)
      .map((column) => ({ name: column.name, type: column.type })),
  }))
}
