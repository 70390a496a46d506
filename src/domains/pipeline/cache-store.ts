import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export interface CacheEntry {
  app: string
  step: string
  /** folders that are kept between runs, or the result of a step with its outputs */
  kind: 'cache' | 'result'
  key: string
  digest: string | null
  /** bytes on disk */
  size: number
  run: number
  attempt: number
}

const columns = sql`app, step, kind, key, digest, size, run, attempt`

/**
 * The entry with this key. For folders, else the entry of the step that was used last: most of its
 * content fits, too.
 */
export async function findCache(
  db: Database,
  { app, step, kind, key }: Pick<CacheEntry, 'app' | 'step' | 'kind' | 'key'>,
): Promise<CacheEntry | null> {
  const rows =
    await db.query<CacheEntry>(sql`update cache set used = now() where (app, step, kind, key) = (
      select app, step, kind, key from cache
      where app = ${app} and step = ${step} and kind = ${kind} and (key = ${key} or kind = 'cache')
      order by key = ${key} desc, used desc limit 1)
    returning ${columns}`)
  return rows[0] ?? null
}

export function putCache(entry: CacheEntry): Statement {
  return sql`
    insert into cache (${columns})
    values (${entry.app}, ${entry.step}, ${entry.kind}, ${entry.key}, ${entry.digest}::text,
      ${entry.size}, ${entry.run}, ${entry.attempt})
    on conflict (app, step, kind, key) do update set digest = excluded.digest,
      size = excluded.size, run = excluded.run, attempt = excluded.attempt, used = now()`
}

/**
 * Deletes the least recently used entries until the others take at most `bytes`, and returns the
 * digests of those.
 */
export async function trimCaches(db: Database, bytes: number): Promise<string[]> {
  await db.query(sql`
    delete from cache where (app, step, kind, key) in (
      select app, step, kind, key from (
        select app, step, kind, key, sum(size) over (order by used desc, key) as total
        from cache) aged
      where total > ${bytes})`)
  const rows = await db.query<{ digest: string }>(
    sql`select distinct digest from cache where digest is not null`,
  )
  return rows.map(({ digest }) => digest)
}
