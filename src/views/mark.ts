import type { Mark } from '#contract/signal/signal.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The deployments of an app that went live in a period, oldest first, at most 500. */
export async function listMarks(
  db: Database,
  app: string,
  environment: string | null,
  period: { from: number; until: number },
): Promise<Mark[]> {
  return db.query<Mark>(sql`select d.live as time, d.environment, d.kind, d.id as deployment,
      d.release, case d.kind when 'configuration' then 'configuration ' || r.configuration
        else left(r.sha, 7) || ' ' || c.subject end as text
    from deployment d join release r on r.id = d.release
      join change c on c.app = d.app and c.sha = r.sha
    where d.app = ${app} and (${environment}::text is null or d.environment = ${environment})
      and d.live between ${new Date(period.from).toISOString()}::timestamptz
        and ${new Date(period.until).toISOString()}::timestamptz
    order by d.live limit 500`)
}
