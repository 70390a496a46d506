import type { StoredSummary } from '#domains/gate/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The newest summaries of the branch of an app, oldest first: its trends. */
export async function listSummaries(
  db: Database,
  app: string,
  limit: number,
): Promise<(StoredSummary & { time: string })[]> {
  const rows = await db.query<StoredSummary & { time: string }>(sql`select s.run,
      json_build_object('run', s.base_run, 'sha', s.base_sha) as base, s.numbers, s.gates, s.time
    from summary s join pipeline_run r on r.id = s.run and r.pull_request is null
    where s.app = ${app} order by s.run desc limit ${limit}`)
  return rows.reverse()
}
