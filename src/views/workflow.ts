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

/** Why a host did not get what is live in an environment. */
export interface CatchUpProblem {
  host: string
  app: string
  environment: string
  /** one sentence without its full stop */
  problem: string
}

/** The outcome of the last try for each host and environment within three minutes, if it failed. */
export const catchUpProblems = (db: Database): Promise<CatchUpProblem[]> =>
  db.query<CatchUpProblem>(sql`select * from (
      select distinct on (1, 2, 3) input ->> 'host' as host, input ->> 'app' as app,
        input ->> 'environment' as environment, output ->> 'problem' as problem
      from workflow
      where name = 'catch-up' and steps_kept and ended > now() - interval '3 minutes'
      order by 1, 2, 3, number desc
    ) last where problem is not null`)
