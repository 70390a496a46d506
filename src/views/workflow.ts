import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

export interface SuspendedWorkflow {
  id: string
  name: string
  chain: string
  app: string | null
  reason: string
}

/** The suspended workflows of some apps, or of all. */
export async function listSuspended(
  db: Database,
  apps: string[] | null,
): Promise<SuspendedWorkflow[]> {
  return db.query<SuspendedWorkflow>(sql`
    select id, name, chain, input ->> 'app' as app, reason from workflow
    where state = 'suspended'
      and (${apps}::text[] is null or input ->> 'app' = any(${apps}::text[]))
    order by number`)
}

export async function getSuspended(db: Database, id: string): Promise<SuspendedWorkflow | null> {
  const rows = await db.query<SuspendedWorkflow>(sql`
    select id, name, chain, input ->> 'app' as app, reason from workflow
    where state = 'suspended' and id = ${id}`)
  return rows[0] ?? null
}
