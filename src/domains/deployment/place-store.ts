import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The environments with a deployment under way; one that waits is not. */
export async function placesUnderWay(
  db: Database,
): Promise<{ app: string; environment: string }[]> {
  return db.query(
    sql`select app, environment from deployment
      where state in ('starting', 'verifying', 'canary', 'switching')`,
  )
}

/** The environments that have, or had, a target on several hosts. */
export async function listSeveralHosted(
  db: Database,
): Promise<{ app: string; environment: string }[]> {
  return db.query(
    sql`select distinct app, environment from environment_target
      where target -> 'hosts' is not null order by app, environment`,
  )
}
