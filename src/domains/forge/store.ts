import type { Forge, ForgeReport } from '#contract/forge/forge.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { SealedValue } from '#platform/secret/secret-box.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { PendingReport } from './rules.ts'

export interface StoredForge extends Forge {
  /** sealed */
  token: string
  failures: number
}

const columns = sql`app, kind, url, repository, app_id as "appId", token, created, failures,
  case when paused > now() then paused end as paused, problem`

export async function getForge(db: Database, app: string): Promise<StoredForge | null> {
  return (
    (await db.query<StoredForge>(sql`select ${columns} from forge where app = ${app}`))[0] ?? null
  )
}

/** What another forge or repository was told counts for nothing at this one. */
export function putForge(
  forge: Pick<StoredForge, 'app' | 'kind' | 'url' | 'repository' | 'appId' | 'token'>,
): Statement[] {
  const { app, kind, url, repository, appId, token } = forge
  return [
    sql`delete from forge where app = ${app} and (kind, url, repository) is distinct from (${kind}, ${url}, ${repository})`,
    // What was not taken may be with another token.
    sql`delete from forge_report where app = ${app} and problem is not null`,
    sql`insert into forge (app, kind, url, repository, app_id, token) values (${app}, ${kind}, ${url}, ${repository}, ${appId}, ${token})
      on conflict (app) do update set token = excluded.token, app_id = excluded.app_id, paused = null, failures = 0, problem = null`,
  ]
}

/** What a forge's token is bound to. */
export const sealedAs = (app: string): string => `forge/${app}`

/** The tokens, for a new key. */
export async function sealedTokens(db: Database): Promise<SealedValue[]> {
  const rows = await db.query<{ app: string; token: string }>(sql`select app, token from forge`)
  return rows.map(({ app, token }) => ({
    name: sealedAs(app),
    sealed: token,
    put: (resealed) =>
      sql`update forge set token = ${resealed} where app = ${app} and token = ${token}`,
  }))
}

export function deleteForge(app: string): Statement {
  return sql`delete from forge where app = ${app}`
}

/**
 * The forges that may be told something now, each to one replica at a time: it has so many seconds.
 */
export async function claimForges(db: Database, seconds: number): Promise<StoredForge[]> {
  return db.query<StoredForge>(sql`update forge set claimed = now() + make_interval(secs => ${seconds})
    where (paused is null or paused <= now()) and (claimed is null or claimed <= now())
      and app in (select app from (${untoldSql}) untold)
    returning ${columns}`)
}

export function renewClaim(app: string, seconds: number): Statement {
  return sql`update forge set claimed = now() + make_interval(secs => ${seconds}) where app = ${app}`
}

/**
 * Newer than the connection, because nobody looks for what came before, and a week old at most. The
 * newest run speaks for its commit.
 */
const untoldSql = sql`
  select wanted.*, told.remote from (
    select distinct on (r.app, r.sha, r.pull_request) r.app, 'commit/' || r.sha || case when r.pull_request is null then '/fairlead'
        else '/fairlead/pull-request/' || r.pull_request end as subject, r.sha, c.branch, r.id as run, r.state,
      case when r.state in ('failed', 'cancelled', 'superseded', 'skipped') then r.reason end as reason,
      null as environment, false as "isLast", false as "wasLive", r.pull_request as "pullRequest", null::int as port, r.id as number
    from pipeline_run r join forge f on f.app = r.app join change c on c.app = r.app and c.sha = r.sha
    where r.created > greatest(f.created, now() - interval '7 days')
    order by r.app, r.sha, r.pull_request, r.id desc) wanted
  left join forge_report told on told.app = wanted.app and told.subject = wanted.subject
  where told.state is distinct from wanted.state
  union all
  select wanted.*, told.remote from (
    select d.app, 'deployment/' || d.id as subject, l.sha, coalesce(case when p.fork is null then p.branch else p.ref end, c.branch) as branch, d.run, d.state,
      case when d.state in ('failed', 'rolled_back') then d.reason end as reason, d.environment,
      coalesce(e.pull_request is null and e.position = (
        select max(position) from environment where app = d.app and pull_request is null), false) as "isLast",
      d.live is not null as "wasLive", r.pull_request as "pullRequest", e.port, d.id as number
    from deployment d join forge f on f.app = d.app join release l on l.id = d.release
      join change c on c.app = d.app and c.sha = l.sha
      join pipeline_run r on r.id = d.run
      left join environment e on e.app = d.app and e.name = d.environment
      left join pull_request p on p.app = d.app and p.number = r.pull_request
    where d.created > greatest(f.created, now() - interval '7 days')) wanted
  left join forge_report told on told.app = wanted.app and told.subject = wanted.subject
  where told.state is distinct from wanted.state`

export async function listPendingReports(
  db: Database,
  app: string,
  limit: number,
): Promise<PendingReport[]> {
  return db.query<PendingReport>(sql`select app, subject, sha, branch, run, state, reason, environment, "isLast", "wasLive", "pullRequest", port, remote
    from (${untoldSql}) untold where app = ${app} order by number, subject limit ${limit}`)
}

/** What a forge was told, or will not take. */
export function keepReport(
  { app, subject, state }: Pick<PendingReport, 'app' | 'subject' | 'state'>,
  { remote, problem }: { remote: string | null; problem: string | null },
): Statement {
  return sql`insert into forge_report (app, subject, state, remote, problem)
    select app, ${subject}, ${state}, ${remote}, ${problem} from forge where app = ${app}
    on conflict (app, subject) do update set state = excluded.state, remote = coalesce(excluded.remote, forge_report.remote),
      problem = excluded.problem, told = clock_timestamp()`
}

export function releaseForge(app: string, isWell: boolean): Statement {
  return isWell
    ? sql`update forge set claimed = null, failures = 0, paused = null, problem = null where app = ${app}`
    : sql`update forge set claimed = null where app = ${app}`
}

export function pauseForge(app: string, pauseMs: number, problem: string): Statement {
  return sql`update forge set claimed = null, failures = failures + 1, problem = ${problem},
    paused = now() + make_interval(secs => ${pauseMs / 1000}) where app = ${app}`
}

export async function listReports(
  db: Database,
  app: string,
  limit: number,
): Promise<ForgeReport[]> {
  return db.query<ForgeReport>(sql`select subject, state, told, problem from forge_report where app = ${app}
    order by told desc, subject limit ${limit}`)
}
