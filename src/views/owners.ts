import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The team that `owners` of the newest file on the branch names for a service; null for none. */
export async function ownersOf(
  db: Database,
  { app, service }: { app: string | null; service: string | null },
): Promise<string | null> {
  const rows = await db.query<{ team: string | null }>(sql`
    select coalesce(definition->'owners'->'services'->>${service ?? ''}::text,
      definition->'owners'->>'team') as team
    from pipeline_run
    where app = ${app}::text and pull_request is null and definition is not null
    order by id desc limit 1`)
  return rows[0]?.team ?? null
}
