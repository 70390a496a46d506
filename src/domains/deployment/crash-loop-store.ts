import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { CrashLoop } from './crash-loop.ts'

export async function openCrashLoops(db: Database): Promise<CrashLoop[]> {
  return db.query<CrashLoop>(sql`select id, app, environment, service, deployment from crash_loop
    where resolved is null order by id`)
}

/** Reserves the id of a crash loop. */
export async function nextCrashLoop(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('crash_loop', 'id')) as id`,
  )
  return rows[0]?.id ?? 0
}

export const insertCrashLoop = (loop: CrashLoop & { reason: string }): Statement =>
  sql`insert into crash_loop (id, app, environment, service, deployment, reason)
    overriding system value values (${loop.id}, ${loop.app}, ${loop.environment},
      ${loop.service}, ${loop.deployment}, ${loop.reason})`

export const resolveCrashLoop = (id: number): Statement =>
  sql`update crash_loop set resolved = now() where id = ${id} and resolved is null`
