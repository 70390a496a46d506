import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

export interface AlertOutcomeRow {
  app: string | null
  service: string | null
  week: string
  messages: number
  passed: number
  takenBy: string | null
  deployed: boolean
}

/** The alerts of the last weeks, and what became of them. `apps` limits them; null for all. */
export async function listAlertOutcomes(
  db: Database,
  { app, apps, weeks }: { app?: string | undefined; apps: string[] | null; weeks: number },
): Promise<AlertOutcomeRow[]> {
  return db.query<AlertOutcomeRow>(sql`select a.app, a.service,
      to_char(date_trunc('week', a.opened at time zone 'UTC'), 'YYYY-MM-DD') as week,
      (select count(*)::int from notification n where n.alert = a.id and n.kind = 'opened'
        and n.person is not null and n.state = 'sent') as messages,
      (select count(*)::int from alert_pass p where p.alert = a.id) as passed,
      (select e.actor from alert_entry e where e.alert = a.id and e.actor <> 'fairlead'
        and e.kind in ('acknowledged', 'resolved') order by e.id limit 1) as "takenBy",
      exists (select from deployment d where d.app = a.app
        and (a.environment is null or d.environment = a.environment)
        and d.created between a.opened and coalesce(a.resolved, now())) as deployed
    from alert a
    where a.opened >= date_trunc('week', now() at time zone 'UTC') at time zone 'UTC'
        - ${weeks - 1} * interval '7 days'
      and (${app ?? null}::text is null or a.app = ${app ?? null}::text)
      and (${apps}::text[] is null or a.app = any(${apps}::text[]))`)
}
