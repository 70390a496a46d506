import type { TargetChoice } from '#contract/deployment/target.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

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

/** Stores whether a target may hold something of an environment, besides data. */
export function setHeld(
  { app, environment }: { app: string; environment: string },
  target: TargetChoice,
  holds: boolean,
): Statement {
  return sql`update environment_target set holds = ${holds}
    where app = ${app} and environment = ${environment} and target = ${target}::jsonb`
}

/** The targets that may hold more than data of an environment. */
export async function listHolding(
  db: Database,
  { app, environment }: { app: string; environment: string },
): Promise<TargetChoice[]> {
  const rows = await db.query<{ target: TargetChoice }>(
    sql`select target from environment_target
      where app = ${app} and environment = ${environment} and holds order by target`,
  )
  return rows.map(({ target }) => target)
}
