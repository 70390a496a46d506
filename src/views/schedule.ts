import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** An app with a schedule in the newest fairlead.yaml of its branch. */
export interface ScheduledApp {
  app: string
  head: string | null
  /** cron expressions in UTC */
  patterns: string[]
  /** when it was last due; null when it has never been checked */
  last: string | null
}

export async function scheduledApps(db: Database): Promise<ScheduledApp[]> {
  return db.query<ScheduledApp>(sql`
    select a.name as app, a.head, f.patterns,
      (select max(due) from scheduled_run s where s.app = a.name) as last
    from app a
    join lateral (
      select definition->'schedule' as patterns from pipeline_run r
      where r.app = a.name and r.pull_request is null and definition is not null
      order by id desc limit 1) f on true
    where json_typeof(f.patterns) = 'array' and json_array_length(f.patterns) > 0`)
}
