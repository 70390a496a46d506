import type { TargetChoice } from '#contract/deployment/target.ts'
import type { OpenCrashLoop } from '#contract/home/home.ts'
import type { Deployment, Run } from '#contract/run/run.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { deploymentsOfRuns } from './deployment.ts'
import { listRuns } from './run.ts'

/** The state of an environment in the database, without what its target says. */
export interface StandingEnvironment {
  app: string
  name: string
  position: number
  isInFile: boolean
  port: number | null
  domains: string[]
  /** what is live */
  live: {
    id: number
    release: number
    target: TargetChoice
    run: number
    sha: string
    subject: string
    since: string
  } | null
  /** the newest deployment that has not ended */
  pending: {
    id: number
    run: number
    kind: Deployment['kind']
    state: Deployment['state']
    sha: string
    subject: string
    reason: string | null
    blocked: 'freeze' | 'approval' | null
    since: string
    /** of a canary */
    canary: { state: 'running' | 'waiting'; started: string; most: number } | null
  } | null
  /** the newest delivery that reached its target, whatever became of it */
  last: {
    id: number
    run: number
    state: Deployment['state']
    sha: string
    subject: string
    reason: string | null
    ended: string | null
  } | null
  /** the services of what is live whose last rehearsal failed */
  notReturning: { service: string; reason: string; since: string }[]
  /** how many things of what is live differ from what is declared; null for none */
  drift: { count: number; atRestart: number; first: string; since: string } | null
  /** the switches that a monitor turned off, until a person sets them */
  pulled: { name: string; by: string; reason: string; since: string }[]
  /** the switches of what is live that should not exist any more */
  expired: { name: string; expires: string }[]
}

/**
 * The environments of some apps, without those of pull requests, in order. Of the deployments that
 * have not ended, one that waits for a person comes before a newer one.
 */
export async function standingEnvironments(
  db: Database,
  apps: string[],
): Promise<StandingEnvironment[]> {
  return db.query<StandingEnvironment>(sql`
    select e.app, e.name, e.position, e.is_in_file as "isInFile", e.port,
      array(select n.name from environment_domain n where n.app = e.app
        and n.environment = e.name order by n.position) as domains, l.live, p.pending, x.last,
      coalesce(h.failed, '[]') as "notReturning", g.drift,
      coalesce(w.pulled, '[]') as pulled, coalesce(o.expired, '[]') as expired
    from environment e
    left join lateral (
      select json_build_object('id', d.id, 'release', d.release, 'target', r.target,
          'run', r.run, 'sha', r.sha, 'subject', c.subject, 'since', d.live) as live
      from deployment d join release r on r.id = d.release
        join change c on c.app = d.app and c.sha = r.sha
      where d.app = e.app and d.environment = e.name and d.state = 'live') l on true
    left join lateral (
      select json_build_object('id', d.id, 'run', d.run, 'kind', d.kind, 'state', d.state,
          'sha', r.sha, 'subject', c.subject, 'reason', d.reason, 'blocked', d.blocked,
          'since', coalesce(d.blocked_since, d.started, d.created),
          'canary', case when v.deployment is not null then json_build_object('state', v.state,
            'started', v.started, 'most', v.most) end) as pending
      from deployment d join release r on r.id = d.release
        join change c on c.app = d.app and c.sha = r.sha
        left join verdict v on v.deployment = d.id and v.state in ('running', 'waiting')
      where d.app = e.app and d.environment = e.name
        and d.state in ('waiting', 'starting', 'verifying', 'canary', 'switching')
      order by v.state = 'waiting' desc nulls last, d.blocked = 'approval' desc nulls last,
        d.id desc limit 1) p on true
    left join lateral (
      select json_build_object('id', d.id, 'run', d.run, 'state', d.state, 'sha', r.sha,
          'subject', c.subject, 'reason', d.reason, 'ended', d.ended) as last
      from deployment d join release r on r.id = d.release
        join change c on c.app = d.app and c.sha = r.sha
      where d.app = e.app and d.environment = e.name and d.kind = 'delivery'
        and d.state in ('live', 'replaced', 'failed', 'rolled_back')
      order by d.id desc limit 1) x on true
    left join lateral (
      select json_agg(json_build_object('service', r.service, 'reason', r.reason,
          'since', r.ended) order by r.service) as failed
      from (select distinct on (service) service, state, reason, release, ended from rehearsal
        where app = e.app and environment = e.name order by service, id desc) r
      where r.state = 'fails' and r.release = (l.live->>'release')::bigint) h on true
    left join lateral (
      select json_build_object('count', count(*), 'since', min(y.since),
          'atRestart', count(*) filter (where y.at_restart),
          'first', (array_agg(concat_ws(' ', y.service, y.machine, y.kind, y.name)
            order by y.since, y.id))[1]) as drift
      from drift y where y.app = e.app and y.environment = e.name and y.resolved is null
        and y.release = (l.live->>'release')::bigint having count(*) > 0) g on true
    left join lateral (
      select json_agg(json_build_object('name', s.name, 'by', s.pulled_by, 'reason', s.reason,
          'since', s.changed) order by s.name) as pulled
      from switch s
      where s.app = e.app and s.environment = e.name and s.pulled_by is not null) w on true
    left join lateral (
      select json_agg(json_build_object('name', k.key, 'expires', k.value ->> 'expires')
          order by k.key) as expired
      from release r, json_each(coalesce(r.definition -> 'switches', '{}')) k
      where r.id = (l.live->>'release')::bigint
        and (k.value ->> 'expires')::date <= now()) o on true
    where e.pull_request is null and e.app = any(${apps}::text[])
    order by e.app, e.position, e.name`)
}

/** The numbers of the newest run of an app's branch, and of the newest one that has begun. */
export interface NewestRuns {
  app: string
  newest: number | null
  begun: number | null
  openPullRequests: number
}

export async function newestRuns(db: Database, apps: string[]): Promise<NewestRuns[]> {
  return db.query<NewestRuns>(sql`select a.name as app,
      (select count(*)::int from pull_request q
        where q.app = a.name and q.state = 'open') as "openPullRequests",
      (select r.id from pipeline_run r where r.app = a.name and r.pull_request is null
        order by r.id desc limit 1) as newest,
      (select r.id from pipeline_run r where r.app = a.name and r.pull_request is null
        and r.started is not null order by r.id desc limit 1) as begun
    from app a where a.name = any(${apps}::text[])`)
}

/** The newest runs of the branches, with their deployments. */
export async function latestRuns(
  db: Database,
  apps: string[] | null,
  limit: number,
): Promise<(Run & { deployments: Deployment[] })[]> {
  const runs = await listRuns(db, { apps, isOfBranch: true, limit })
  const all = await deploymentsOfRuns(
    db,
    runs.map(({ id }) => id),
  )
  return runs.map((run) => ({ ...run, deployments: all.filter((one) => one.run === run.id) }))
}

/** The crash loops that have not ended, of some apps. */
export async function listOpenCrashLoops(db: Database, apps: string[]): Promise<OpenCrashLoop[]> {
  return db.query<OpenCrashLoop>(sql`
    select id, app, environment, service, deployment, reason, detected from crash_loop
    where resolved is null and app = any(${apps}::text[]) order by id`)
}

/** The apps with open pull requests from forks whose head nobody has approved. */
export async function appsWithForks(db: Database, apps: string[]): Promise<string[]> {
  const rows = await db.query<{ app: string }>(sql`
    select distinct app from pull_request
    where state = 'open' and fork is not null and sha is not null
      and approved is distinct from sha and app = any(${apps}::text[])`)
  return rows.map(({ app }) => app)
}
