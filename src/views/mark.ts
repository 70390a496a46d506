import type { Mark } from '#contract/signal/signal.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/**
 * The deployments of an app that went live in a period, the switches that were set, and the
 * silences, incidents and faults of experiments that began or ended in it, oldest first, at most
 * 500.
 */
export async function listMarks(
  db: Database,
  app: string,
  environment: string | null,
  period: { from: number; until: number },
): Promise<Mark[]> {
  const [from, until] = [period.from, period.until].map((ms) => new Date(ms).toISOString())
  return db.query<Mark>(sql`select * from (
      select d.live as time, d.environment, d.kind, d.id as deployment,
        d.release, case d.kind when 'configuration' then 'configuration ' || r.configuration
          else left(r.sha, 7) || ' ' || c.subject end as text
      from deployment d join release r on r.id = d.release
        join change c on c.app = d.app and c.sha = r.sha
      where d.app = ${app}
      union all
      select time, data->>'environment', 'switch', null, null,
        concat_ws(' ', data->>'name', coalesce(data->>'to', 'off by ' || (data->>'monitor')))
      from event where app = ${app}
        and time between ${from!}::timestamptz and ${until!}::timestamptz
        and type in ('dev.cdeventsx.fairlead-switch.changed',
          'dev.cdeventsx.fairlead-switch.pulled', 'dev.cdeventsx.fairlead-switch.rolledback')
      union all
      select case kind when 'silence' then starts else until end, environment, kind, null, null,
        actor || ': ' || reason
      from silence, unnest(array['silence', 'silence-end']) as kind
      where app = ${app} and matchers = '[]'
      union all
      select case kind when 'experiment' then made else undone end, environment, kind, null, null,
        'experiment ' || name || ': ' || (plan ->> 'action') || ' of ' || (plan ->> 'service')
      from experiment_run, unnest(array['experiment', 'experiment-end']) as kind
      where app = ${app} and made is not null
      union all
      select case kind when 'incident' then coalesce(onset_until, detected) else over end,
        environment, kind, null, null, 'incident ' || id || ': ' || title
      from incident, unnest(array['incident', 'incident-end']) as kind
      where app = ${app} and merged_into is null
    ) as mark
    where (${environment}::text is null or environment is null or environment = ${environment})
      and time between ${from!}::timestamptz and ${until!}::timestamptz
    order by time limit 500`)
}
