import type { Deployment } from '#contract/run/run.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The environments whose services are watched: all except those of pull requests. */
export async function watchedEnvironments(db: Database): Promise<{ app: string; name: string }[]> {
  return db.query(sql`select app, name from environment where pull_request is null`)
}

/**
 * The hosts whose edges may get the requests of an environment, also while it moves from some to
 * others; `local` names the machine of the server.
 */
export async function hostsOfEnvironments(
  db: Database,
  local: string,
): Promise<{ app: string; environment: string; hosts: string[] }[]> {
  return db.query(sql`select d.app, d.environment,
      array_agg(distinct coalesce(h.name, ${local})) as hosts
    from deployment d join release r on r.id = d.release cross join lateral
      jsonb_array_elements_text(coalesce(r.target -> 'hosts',
        jsonb_build_array(r.target -> 'host'))) as h (name)
    where d.state in ('live', 'starting', 'verifying', 'canary', 'switching')
    group by d.app, d.environment`)
}

/** A release that is live in an environment. */
export interface LiveRelease {
  app: string
  environment: string
  deployment: number
  release: number
  /** the host on another machine that runs it; null for the machine of the server */
  host: string | null
}

/** What is live in the environments that are watched. */
export async function liveReleases(db: Database): Promise<LiveRelease[]> {
  return db.query(sql`select d.app, d.environment, d.id as deployment, d.release,
      coalesce(r.target ->> 'host', (select t.name
        from jsonb_array_elements_text(r.target -> 'hosts') with ordinality as t (name, position)
          left join host h on h.name = t.name
        order by h.drained is not null, t.position limit 1)) as host
    from deployment d join environment e on e.app = d.app and e.name = d.environment
      join release r on r.id = d.release
    where d.state = 'live' and e.pull_request is null order by d.app, d.environment`)
}

/** What is live in all environments, also in those of pull requests. */
export async function allLiveReleases(
  db: Database,
): Promise<{ app: string; environment: string; release: number }[]> {
  return db.query(sql`select app, environment, release from deployment
    where state = 'live' order by app, environment`)
}

/** What releases watch by their fairlead.yaml. */
export async function definitionsOf(
  db: Database,
  releases: number[],
): Promise<{ release: number; definition: unknown }[]> {
  return db.query(sql`select id as release, json_build_object(
      'monitors', coalesce(definition -> 'monitors', '{}'),
      'switches', coalesce(definition -> 'switches', '{}'),
      'slo', coalesce(definition -> 'slo', '{}'),
      'services', coalesce(definition -> 'services', '{}'),
      'environments', coalesce(definition -> 'environments', '{}')) as definition
    from release where id = any(${releases}::bigint[])`)
}

/** Something that fires, and the environment that it fires in. */
export interface FiringRow {
  source: string
  app: string | null
  environment: string | null
  service: string | null
  kind: string
  name: string
  reason: string
  /** ISO 8601; when the harm began, with 90 % */
  from: string
  until: string
  /** whether the environment is the last one of its app */
  isLast: boolean
  /** as fairlead.yaml or another tool says; null when it does not */
  urgency: 'low' | 'high' | null
  /** the deployment that brought an error, or that stays; null for others, or when it is old */
  deployment: number | null
  /** the switches that it turns off */
  pulls: string[]
}

/**
 * Everything that should have an alert: monitors, crash loops, rollbacks that failed in the last
 * week while nothing else went live, live releases with harm that were not rolled back, jobs with a
 * schedule whose last run failed, runs that start late, servers that were lost within a day,
 * promised updates of the status page that are late, rollouts of switches that harmed, and errors
 * that go on: those that a deployment
 * brought, those that came back, and other new ones that were seen ten times. What other tools
 * report is one source for each cause.
 */
export async function firingSources(db: Database): Promise<FiringRow[]> {
  return db.query<FiringRow>(sql`
    with firing as (
      select 'monitor/' || id || case when state = 'down'
            and (kind in ('slo', 'certificate') or settings -> 'from' is not null
              or jsonb_array_length(settings -> 'pulls') > 0)
          then '/page' else '' end as source, app, environment, service,
        case when state = 'degraded'
            and kind in ('http', 'tcp', 'tls', 'dns', 'command', 'dependency')
          then 'degraded' else kind end as kind, name, reason,
        coalesce(onset_from, since) as from, coalesce(onset_until, since) as until,
        null::bigint as deployment,
        case when kind in ('clock', 'memory') or state = 'degraded'
              and (kind in ('slo', 'certificate') or settings -> 'from' is not null) then 'low'
          else urgency end as urgency
      from monitor where firing
      union all
      select 'crash-loop/' || id, app, environment, service, 'restarts', 'restarts', reason,
        detected - interval '1 minute', detected, null, null
      from crash_loop where resolved is null
      union all
      select 'rollback/' || d.id, d.app, d.environment, null, 'rollback', 'rollback',
        coalesce(d.reason, 'it failed'), d.ended, d.ended, null, null
      from deployment d where d.kind = 'rollback' and d.state = 'failed'
        and d.ended > now() - interval '7 days' and not exists (
          select from deployment l where l.app = d.app and l.environment = d.environment
            and l.id > d.id and l.live is not null)
      union all
      select 'stays/' || d.id, d.app, d.environment, null, 'stays', 'stays', d.stays,
        d.stays_since, d.stays_since, d.id, null
      from deployment d where d.state = 'live' and d.stays is not null
      union all
      select 'replica/' || l.name, null, null, null, 'replica', l.name, 'it has not answered since '
          || to_char(l.lost at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC',
        l.lost, l.lost, null, 'low'
      from lost_replica l
      where l.lost between now() - interval '1 day' and now() - interval '1 minute'
        and not exists (select from replica r
          where split_part(r.id, '/', 1) = l.name and r.lease > now())
      union all
      select 'job/' || j.app || '/' || j.environment || '/' || j.name, j.app, j.environment, null,
        'job', j.name, coalesce(last.reason, 'it failed'), last.ended, last.ended, null, null
      from job j join lateral (select r.state, r.reason, r.ended from job_run r
          where r.app = j.app and r.environment = j.environment and r.job = j.name
            and r.state in ('passed', 'failed', 'timed_out', 'lost')
          order by r.id desc limit 1) last on last.state <> 'passed'
      union all
      select distinct on (r.app, r.environment, r.job)
        'job-late/' || r.app || '/' || r.environment || '/' || r.job, r.app, r.environment, null,
        'job-late', r.job, 'run ' || r.id || ' has not started', coalesce(r.due, r.created),
        coalesce(r.due, r.created), null::bigint, null
      from job_run r where r.state = 'waiting' and r.job is not null
        and coalesce(r.due, r.created) + r.late * interval '1 millisecond' < now()
      union all
      select 'error/' || v.error || '/' || v.environment, r.app, v.environment,
        nullif(v.service, ''), case when v.regressed is null then 'error' else 'regression' end,
        r.type, concat(left(r.message, 200), ' in ' || r.place),
        coalesce(v.regressed, v.first_seen), coalesce(v.regressed, v.first_seen),
        case when b.brought then b.id end, null
      from error_environment v join error r on r.id = v.error
        left join lateral (select d.id, d.ended is null as runs,
            coalesce(v.regressed, v.first_seen)
              between d.created and coalesce(d.live, now()) + interval '1 hour' as brought
          from deployment d where d.app = r.app and d.environment = v.environment
            and d.release = coalesce(v.regressed_release, v.first_release)
          order by d.id desc limit 1) b on true
      where r.state = 'open' and v.last_seen > now() - interval '15 minutes'
        and coalesce(b.runs, true)
        and coalesce(v.regressed, v.first_seen) > now() - interval '1 day'
        and (coalesce(b.brought, false) or v.regressed is not null or 10 <= (
          select sum(c.count) from error_count c where c.error = v.error
            and c.environment = v.environment and c.hour > now() - interval '2 hours'))
      union all
      select 'promise/' || u.id, i.app, i.environment, null, 'promise', i.id::text,
        'customers were promised an update by '
          || to_char(u.promised at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC',
        u.promised, u.promised, null, 'high'
      from status_update u join incident i on i.id = u.incident
      where u.state = 'published' and u.promised < now() and u.phase <> 'resolved'
        and i.closed is null and not exists (select from status_update l
          where l.incident = u.incident and l.state = 'published' and l.id > u.id)
      union all
      -- A rollout that harmed, for a while after its switch was set back.
      select 'rollout/' || o.id || '/' || o.name, o.app, o.environment, null, 'rollout', o.name,
        o.reason, o.started, s.changed, null, 'high'
      from switch_rollout o join switch s on (s.app, s.environment, s.name, s.version)
          = (o.app, o.environment, o.name, o.version)
      where o.state = 'harmful' and s.changed > now() - interval '10 minutes'
      union all
      select source, app, environment, service, 'external',
        (array_agg(title order by starts, id))[1],
        concat((array_agg(reason order by starts, id))[1],
          ', and ' || nullif(count(*) - 1, 0) || ' more'),
        min(starts), min(starts), null,
        case when bool_or(urgency = 'high') then 'high'
          when bool_and(coalesce(urgency = 'low', false)) then 'low' end
      from external_alert
      where (ends is null or ends > now()) and urgency is distinct from 'none'
      group by source, app, environment, service
    )
    select f.*,
      coalesce(e.position = (select max(position) from environment
        where app = f.app and pull_request is null), f.app is null) as "isLast",
      coalesce((select m.settings -> 'pulls' from monitor m
        where f.source = 'monitor/' || m.id || '/page'), '[]') as pulls
    from firing f left join environment e on e.app = f.app and e.name = f.environment
    where e.pull_request is null order by f.from, f.source`)
}

/** What the monitors of addresses check, as fairlead.yaml says it. */
export async function failingChecks(db: Database, monitors: number[]): Promise<unknown[]> {
  if (monitors.length === 0) return []
  const rows = await db.query<{ check: unknown }>(sql`select settings -> 'check' as check
    from monitor where id = any(${monitors}::bigint[]) and kind = 'http'`)
  return rows.map(({ check }) => check)
}

/** The routes of which monitors say that they fail or are slow. */
export async function failingRoutesOf(db: Database, monitors: number[]): Promise<string[]> {
  if (monitors.length === 0) return []
  const rows = await db.query<{ route: string }>(sql`select distinct unnest(routes) as route
    from monitor where id = any(${monitors}::bigint[]) order by route`)
  return rows.map(({ route }) => route)
}

/** When the last deployments went live in the environments of the apps, newest first. */
export async function recentlyLive(
  db: Database,
): Promise<{ id: number; app: string; environment: string; live: string }[]> {
  return db.query(sql`select id, app, environment, live from deployment
    where live > now() - interval '1 day' order by live desc`)
}

/** What was live in an environment before a deployment; null for the first one. */
export async function replacedBy(
  db: Database,
  { id, app, environment }: { id: number; app: string; environment: string },
): Promise<{ sha: string; kind: Deployment['kind']; actor: string } | null> {
  const rows = await db.query<{ sha: string; kind: Deployment['kind']; actor: string }>(sql`
    select r.sha, d.kind, d.actor from deployment d join release r on r.id = d.release
    where d.app = ${app} and d.environment = ${environment} and d.id < ${id}
      and d.live is not null order by d.live desc limit 1`)
  return rows[0] ?? null
}
