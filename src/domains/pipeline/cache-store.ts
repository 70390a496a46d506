import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export interface CacheEntry {
  app: string
  step: string
  /** folders that are kept, or the result of a step with what it made */
  kind: 'cache' | 'result'
  key: string
  digest: string | null
  /** bytes on the disk */
  size: number
  run: number
  attempt: number
}

const columns = sql`app, step, kind, key, digest, size, run, attempt`

/**
 * The entry of a key; for folders else the newest one of the step: what nearly fits saves most of
 * the work, too.
 */
export async function findCache(
  db: Database,
  of: Pick<CacheEntry, 'app' | 'step' | 'kind' | 'key'>,
): Promise<CacheEntry | null> {
  const rows =
    await db.query<CacheEntry>(sql`update cache set used = now() where (app, step, kind, key) = (
      select app, step, kind, key from cache where app = ${of.app} and step = ${of.step} and kind = ${of.kind}
        and (key = ${of.key} or kind = 'cache') order by key = ${of.key} desc, used desc limit 1)
    returning ${columns}`)
  return rows[0] ?? null
}

export function putCache(entry: CacheEntry): Statement {
  return sql`insert into cache (${columns}) values (${entry.app}, ${entry.step}, ${entry.kind}, ${entry.key}, ${entry.digest}::text,
      ${entry.size}, ${entry.run}, ${entry.attempt})
    on conflict (app, step, kind, key) do update set digest = excluded.digest, size = excluded.size, run = excluded.run,
      attempt = excluded.attempt, used = now()`
}

/**
 * Forgets what was not used for longest, until the rest takes no more than so many bytes. Answers
 * what is still needed.
 */
export async function trimCaches(db: Database, bytes: number): Promise<string[]> {
  await db.query(sql`delete from cache where (app, step, kind, key) in (
    select app, step, kind, key from (
      select app, step, kind, key, sum(size) over (order by used desc, key) as total from cache) aged where total > ${bytes})`)
  const rows = await db.query<{ digest: string }>(
    sql`select distinct digest from cache where digest is not null`,
  )
  return rows.map(({ digest }) => digest)
}
