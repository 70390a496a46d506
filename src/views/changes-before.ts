import type { Candidate } from '#domains/incident/changes.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

const ms = (time: Statement): Statement => sql`(extract(epoch from ${time}) * 1000)::float8`

/**
 * What changed in a period before harm, in its environment: deployments and, in the last hour,
 * those of other apps to the environment of that name or to their last one, which may share the
 * machine; switches; restarts; numbers of instances; changes that other tools reported; drift;
 * certificates; playbooks; jobs; faults of experiments; and what the machine lacked. Harm of the
 * installation may come from every app.
 */
export async function changesBefore(
  db: Database,
  { app, environment }: { app: string | null; environment: string | null },
  { from, until }: { from: number; until: number },
): Promise<Candidate[]> {
  const [begin, end] = [from, until].map((time) => new Date(time).toISOString())
  const within = (time: Statement, hours: number): Statement => sql`${time} between
    ${begin!}::timestamptz - ${hours} * interval '1 hour' and ${end!}::timestamptz`
  const isHere = (one: Statement): Statement =>
    sql`${one}.app = ${app}::text and ${one}.environment = ${environment}::text`
  return db.query<Candidate>(sql`
    select c.kind, c.ref, c.app, c.environment, c.service, c.text, ${ms(sql`c.time`)} as time from (
      select d.kind, d.id::text as ref, d.app, d.environment, null as service,
        case d.kind when 'configuration' then 'configuration ' || r.configuration || ' of '
            || d.actor
          else d.kind || ' of ' || left(r.sha, 7) || ' ' || h.subject end as text, d.live as time
      from deployment d join release r on r.id = d.release
        join change h on h.app = d.app and h.sha = r.sha
      where ${isHere(sql`d`)} and ${within(sql`d.live`, 24)}
        or d.app is distinct from ${app}::text and ${within(sql`d.live`, 1)}
          and (d.environment = ${environment}::text or exists (select from environment n
            where n.app = d.app and n.name = d.environment and n.pull_request is null
              and n.position = (select max(l.position) from environment l
                where l.app = d.app and l.pull_request is null)))
      union all
      select 'switch', v.data->>'name', v.app, v.data->>'environment', null,
        concat('switch ', v.data->>'name', ' set to ', coalesce(v.data->>'to', 'off'), ' by ',
          coalesce(v.data->>'monitor', v.actor)), v.time
      from event v where v.app = ${app}::text and v.data->>'environment' = ${environment}::text
        -- A rollout that is taken back ends harm; its beginning is the change.
        and v.type like 'dev.cdeventsx.fairlead-switch.%' and v.type not like '%.rolledback'
        and ${within(sql`v.time`, 24)}
      union all
      select 'restart', v.data->>'service', v.app, ${environment}::text, v.data->>'service',
        concat('restart of ', v.data->>'service', ' by ', v.actor,
          case when (v.data->>'isForced')::boolean then ' without a rehearsal' end), v.time
      from event v where v.subject = ${`environment/${app ?? ''}/${environment ?? ''}`}
        and v.type = 'dev.cdeventsx.fairlead-service.restarting' and ${within(sql`v.time`, 24)}
      union all
      select 'scale', v.data->>'service', v.app, ${environment}::text, v.data->>'service',
        concat('instances of ', v.data->>'service', ' from ', v.data->>'from', ' to ',
          v.data->>'to', ' by ', v.actor), v.time
      from event v where v.subject = ${`environment/${app ?? ''}/${environment ?? ''}`}
        and (v.type = 'dev.cdeventsx.fairlead-scale.changed'
          or v.type = 'dev.cdeventsx.fairlead-scale.ended'
            and not (v.data->>'isReleased')::boolean) and ${within(sql`v.time`, 24)}
      union all
      select 'external', x.id::text, x.app, x.environment, x.service,
        concat(nullif(x.source, '') || ': ', x.summary), x.time
      from external_change x where (x.app is null or x.app = ${app}::text)
        and (x.environment is null or x.environment = ${environment}::text)
        and ${within(sql`x.time`, 24)}
      union all
      select 'drift', y.id::text, y.app, y.environment, y.service,
        concat_ws(' ', y.machine || ':', y.kind, y.name, '(' || y.object || ')',
          'changed outside of a deployment'), y.since
      from drift y where ${isHere(sql`y`)} and ${within(sql`y.since`, 24)}
        and (y.resolved is null or y.resolved > ${begin!}::timestamptz)
      union all
      -- A check finds what was so before.
      select 'certificate', m.id::text, m.app, m.environment, m.service,
        concat(m.name, ': ', m.reason), least(m.since, ${end!}::timestamptz)
      from monitor m where m.kind = 'tls' and m.state in ('degraded', 'down')
        and (m.app is null or m.app = ${app}::text)
        and (m.environment is null or m.environment = ${environment}::text)
      union all
      select 'dependency', m.id::text, m.app, m.environment, m.service,
        concat(m.name, ': ', m.reason), least(m.since, ${end!}::timestamptz)
      from monitor m where m.kind = 'dependency' and m.state in ('degraded', 'down')
        and (m.app is null or m.app = ${app}::text)
        and (m.environment is null or m.environment = ${environment}::text)
      union all
      select 'playbook', p.id::text, p.app, p.environment, null,
        concat('playbook ', p.playbook, ' changed ', p.total,
          case p.total when 1 then ' thing' else ' things' end), p.started
      from machine_run p where ${isHere(sql`p`)} and p.mode = 'apply'
        and (p.total > 0 or p.ended is null) and ${within(sql`p.started`, 24)}
      union all
      select 'job', j.id::text, j.app, j.environment, j.service,
        concat('job ', coalesce(j.job, j.command)), j.started
      from job_run j where ${isHere(sql`j`)} and ${within(sql`j.started`, 1)}
      union all
      select 'experiment', x.id::text, x.app, x.environment, x.plan ->> 'service',
        concat('experiment ', x.name, ' made the fault ', x.plan ->> 'action'), x.made
      from experiment_run x where ${isHere(sql`x`)} and ${within(sql`x.made`, 1)}
      union all
      select 'machine', a.id::text, null, null, null, a.title, a.opened
      from alert a where a.app is null and ${within(sql`a.opened`, 1)}
    ) c order by c.time desc limit 200`)
}
