import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** Whether an app exists, or existed: the events of a deleted app remain. */
export async function isKnownApp(db: Database, name: string): Promise<boolean> {
  const [row] = await db.query<{ known: boolean }>(
    sql`select exists (select from app where name = ${name})
      or exists (select from event where app = ${name}) as known`,
  )
  return row?.known === true
}
