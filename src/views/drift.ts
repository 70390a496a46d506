import type { AlertDrift } from '#contract/alert/alert.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/**
 * What had changed outside of a deployment when an alert opened: the differences of its environment
 * that began before, and had not ended when the harm began. The newest first.
 */
export async function driftBefore(db: Database, alert: number): Promise<AlertDrift[]> {
  return db.query<AlertDrift>(sql`
    select d.service, d.kind, d.name, d.since, d.resolved
    from alert a join drift d on d.app = a.app and d.environment = a.environment
    where a.id = ${alert} and d.since <= a.opened
      and (d.resolved is null or d.resolved >= coalesce(a.onset_from, a.opened))
    order by d.since desc, d.id desc limit 20`)
}
