import type { PendingReport } from '#domains/forge/rules.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

// Only what happened after the forge was connected, and within the last week: nobody reads reports
// on older commits.

/** The newest run of each commit; runs of the branch and of each pull request are apart. */
const runs = sql`
  select distinct on (r.app, r.sha, r.pull_request) r.app,
    'commit/' || r.sha || case when r.pull_request is null then '/fairlead'
      else '/fairlead/pull-request/' || r.pull_request end as subject,
    r.sha, c.branch, r.id as run, r.state,
    case when r.state in ('failed', 'cancelled', 'superseded', 'skipped') then r.reason end
      as reason,
    null as environment, false as "isLast", false as "wasLive", r.pull_request as "pullRequest",
    null::int as port, r.id as number
  from pipeline_run r join forge f on f.app = r.app join change c on c.app = r.app and c.sha = r.sha
  where r.created > greatest(f.created, now() - interval '7 days')
  order by r.app, r.sha, r.pull_request, r.id desc`

const deployments = sql`
  select d.app, 'deployment/' || d.id as subject, l.sha,
    coalesce(case when p.fork is null then p.branch else p.ref end, c.branch) as branch,
    d.run, d.state,
    case when d.state in ('failed', 'rolled_back') then d.reason end as reason, d.environment,
    coalesce(e.pull_request is null and e.position = (
      select max(position) from environment where app = d.app and pull_request is null), false)
      as "isLast",
    d.live is not null as "wasLive", r.pull_request as "pullRequest", e.port, d.id as number
  from deployment d join forge f on f.app = d.app join release l on l.id = d.release
    join change c on c.app = d.app and c.sha = l.sha
    join pipeline_run r on r.id = d.run
    left join environment e on e.app = d.app and e.name = d.environment
    left join pull_request p on p.app = d.app and p.number = r.pull_request
  where d.created > greatest(f.created, now() - interval '7 days')`

/** Runs and deployments whose state differs from the state last reported to the forge. */
const pending = sql`
  select now.*, reported.remote from (${runs}) now
    left join forge_report reported on reported.app = now.app and reported.subject = now.subject
    where reported.state is distinct from now.state
  union all
  select now.*, reported.remote from (${deployments}) now
    left join forge_report reported on reported.app = now.app and reported.subject = now.subject
    where reported.state is distinct from now.state`

/** The apps whose forge lacks a report. */
export async function appsWithPendingReports(db: Database): Promise<string[]> {
  const rows = await db.query<{ app: string }>(sql`select distinct app from (${pending}) pending`)
  return rows.map(({ app }) => app)
}

/** The reports that the forge of an app lacks, the oldest first. */
export async function listPendingReports(
  db: Database,
  app: string,
  limit: number,
): Promise<PendingReport[]> {
  return db.query<PendingReport>(sql`
    select app, subject, sha, branch, run, state, reason, environment, "isLast", "wasLive",
      "pullRequest", port, remote
    from (${pending}) pending where app = ${app} order by number, subject limit ${limit}`)
}
