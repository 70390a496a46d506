import type { Trend } from '#contract/change/change.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The numbers of a run that has none, such as one that failed before its first report. */
const nothing: Trend['numbers'] = {
  tests: null,
  coverage: null,
  findings: null,
  measurements: null,
  materials: null,
  code: null,
}

/** The newest runs of the branch of an app with their numbers, oldest first; also failed runs. */
export async function listSummaries(db: Database, app: string, limit: number): Promise<Trend[]> {
  type Row = Omit<Trend, 'numbers'> & { numbers: Trend['numbers'] | null }
  const rows = await db.query<Row>(sql`select r.id as run, r.state, s.numbers,
      coalesce(s.time, r.ended) as time
    from pipeline_run r left join summary s on s.run = r.id
    where r.app = ${app} and r.pull_request is null and (s.run is not null or r.state = 'failed')
    order by r.id desc limit ${limit}`)
  return rows.reverse().map((row) => ({ ...row, numbers: row.numbers ?? nothing }))
}
