import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/**
 * When the first canary began of those that newer deployments have superseded, one after the other,
 * since a canary of the environment was decided; null when there is none.
 */
export async function supersededSince(db: Database, deployment: number): Promise<string | null> {
  const rows = await db.query<{ since: string | null }>(sql`select min(v.started) as since
    from deployment mine
    join deployment d on d.app = mine.app and d.environment = mine.environment and d.id < mine.id
      and d.state = 'superseded'
    join verdict v on v.deployment = d.id
    where mine.id = ${deployment} and v.started > coalesce((
      select max(w.ended) from deployment e join verdict w on w.deployment = e.id
      where e.app = mine.app and e.environment = mine.environment
        and w.state in ('promoted', 'taken_back')), '-infinity')`)
  return rows[0]?.since ?? null
}
