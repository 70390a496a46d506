import type { Suspect } from '#contract/alert/alert.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** An alert with suspects that cannot open again, and what went live in its time. */
export interface EndedAlert {
  id: number
  deployment: number
  suspects: Suspect[]
  /** whether the deployment that explains it lost its traffic before it had all of it */
  isTakenBack: boolean
  over: string
  /** when its errors were last seen, if nothing but errors fired */
  lastError: string | null
  later: { id: number; live: string }[]
}

/** Alerts that are over and whose cause is not recorded; `minutes` is how long they open again. */
export async function endedAlerts(db: Database, minutes: number): Promise<EndedAlert[]> {
  return db.query<EndedAlert>(sql`
    select a.id, a.deployment, a.suspects,
      d.live is null and d.state in ('failed', 'rolled_back') as "isTakenBack",
      case when a.resolved_by is null then coalesce(s.ended, a.resolved)
        else a.resolved end as over,
      case when a.resolved_by is null and s.errors
        then least(s.seen, a.resolved) end as "lastError",
      coalesce((select json_agg(json_build_object('id', l.id, 'live', l.live)) from deployment l
        where l.app = a.app and l.environment = a.environment and l.id > a.deployment
          and l.live between coalesce(a.onset_from, a.opened) and a.resolved), '[]') as later
    from alert a join deployment d on d.id = a.deployment
      left join lateral (select max(o.ended) as ended, bool_and(v.error is not null) as errors,
          max(v.last_seen) as seen
        from alert_source o left join error_environment v
          on o.source = 'error/' || v.error || '/' || v.environment
        where o.alert = a.id) s on true
    where a.resolved < now() - ${minutes} * interval '1 minute'
      and jsonb_array_length(a.suspects) > 0
      and not exists (select from alert_cause c where c.alert = a.id)
    order by a.id limit 50`)
}
