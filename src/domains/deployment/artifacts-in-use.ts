import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/**
 * Digests of the artifacts that a deployment needs: live or in progress anywhere, or among the last
 * `history` that had the traffic of an environment, which are its rollback targets.
 */
export async function artifactsInUse(db: Database, history: number): Promise<string[]> {
  const rows = await db.query<{ artifact: string }>(sql`select artifact from (
      select r.artifact,
        row_number() over (partition by d.app, d.environment order by d.id desc) as age
      from deployment d join release r on r.id = d.release
      join environment e on e.app = d.app and e.name = d.environment and e.pull_request is null
      where d.live is not null) past
    where age <= ${history}
    union select r.artifact from deployment d join release r on r.id = d.release
      where d.state in ('live', 'waiting', 'starting', 'verifying', 'canary', 'switching')`)
  return rows.map(({ artifact }) => artifact)
}
