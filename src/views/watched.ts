import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The environments whose services are watched: all except those of pull requests. */
export async function watchedEnvironments(db: Database): Promise<{ app: string; name: string }[]> {
  return db.query(sql`select app, name from environment where pull_request is null`)
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
}

/**
 * Everything that should have an alert: monitors, crash loops, and rollbacks that failed in the
 * last week while nothing else went live.
 */
export async function firingSources(db: Database): Promise<FiringRow[]> {
  return db.query<FiringRow>(sql`
    with firing as (
      select 'monitor/' || id as source, app, environment, service, kind, name, reason,
        coalesce(onset_from, since) as from, coalesce(onset_until, since) as until
      from monitor where firing
      union all
      select 'incident/' || id, app, environment, service, 'restarts', 'restarts', reason,
        detected - interval '1 minute', detected
      from incident where resolved is null
      union all
      select 'rollback/' || d.id, d.app, d.environment, null, 'rollback', 'rollback',
        coalesce(d.reason, 'it failed'), d.ended, d.ended
      from deployment d where d.kind = 'rollback' and d.state = 'failed'
        and d.ended > now() - interval '7 days' and not exists (
          select from deployment l where l.app = d.app and l.environment = d.environment
            and l.id > d.id and l.live is not null)
    )
    select f.*, coalesce(e.position = (select max(position) from environment
        where app = f.app and pull_request is null), f.app is null) as "isLast"
    from firing f
      left join environment e on e.app = f.app and e.name = f.environment
    where e.pull_request is null`)
}

/** When the last deployments went live in the environments of the apps, newest first. */
export async function recentlyLive(
  db: Database,
): Promise<{ id: number; app: string; environment: string; live: string }[]> {
  return db.query(sql`select id, app, environment, live from deployment
    where live > now() - interval '1 day' order by live desc`)
}

/** The commit that was live in an environment before a deployment; null for the first one. */
export async function replacedBy(
  db: Database,
  { id, app, environment }: { id: number; app: string; environment: string },
): Promise<{ sha: string } | null> {
  const rows = await db.query<{ sha: string }>(sql`
    select r.sha from deployment d join release r on r.id = d.release
    where d.app = ${app} and d.environment = ${environment} and d.id < ${id}
      and d.live is not null order by d.live desc limit 1`)
  return rows[0] ?? null
}
