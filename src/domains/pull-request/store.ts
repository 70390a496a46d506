import type { ForgePullRequest, PullRequest } from '#contract/pull-request/pull-request.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { Place, Standing } from './rules.ts'

/** A pull request as it is stored. Times are ISO 8601 UTC. */
export interface StoredPullRequest extends ForgePullRequest {
  app: string
  /** null until it was fetched */
  sha: string | null
  chain: string
  reason: string | null
  problem: string | null
  approved: string | null
  approvedBy: string | null
  created: string
  active: string
  closed: string | null
}

const columns = sql`app, number, title, author, state, is_draft as "isDraft", branch, fork, base, ref, url, sha, chain, reason, problem,
  approved, approved_by as "approvedBy", created, active, closed`

export async function getPullRequest(
  db: Database,
  app: string,
  number: number,
): Promise<StoredPullRequest | null> {
  const rows = await db.query<StoredPullRequest>(
    sql`select ${columns} from pull_request where app = ${app} and number = ${number}`,
  )
  return rows[0] ?? null
}

export async function listOpen(db: Database, app: string): Promise<StoredPullRequest[]> {
  return db.query<StoredPullRequest>(
    sql`select ${columns} from pull_request where app = ${app} and state = 'open' order by number`,
  )
}

/** Stores what is seen of one; one that is seen open again begins anew. */
export function putPullRequest(app: string, seen: ForgePullRequest, chain: string): Statement {
  const { number, title, author, isDraft, branch, fork, base, ref, url } = seen
  return sql`insert into pull_request as p (app, number, title, author, is_draft, branch, fork, base, ref, url, chain)
    values (${app}, ${number}, ${title}, ${author}, ${isDraft}, ${branch}, ${fork}::text, ${base}, ${ref}, ${url}::text, ${chain})
    on conflict (app, number) do update set title = excluded.title, author = excluded.author, is_draft = excluded.is_draft,
      branch = excluded.branch, fork = excluded.fork, base = excluded.base, ref = excluded.ref, url = coalesce(excluded.url, p.url),
      state = 'open', closed = null, reason = null,
      since = case when p.state = 'open' then p.since else clock_timestamp() end,
      active = case when p.state = 'open' then p.active else clock_timestamp() end`
}

export function closePullRequest(
  app: string,
  number: number,
  state: 'merged' | 'closed',
  reason: string,
): Statement {
  return sql`update pull_request set state = ${state}, reason = ${reason}, closed = clock_timestamp(), active = clock_timestamp()
    where app = ${app} and number = ${number} and state = 'open'`
}

export function moveHead(app: string, number: number, sha: string): Statement {
  return sql`update pull_request set sha = ${sha}, problem = null, active = clock_timestamp() where app = ${app} and number = ${number}`
}

export function setProblem(app: string, number: number, problem: string | null): Statement {
  return sql`update pull_request set problem = ${problem}::text
    where app = ${app} and number = ${number} and problem is distinct from ${problem}::text`
}

export function approve(app: string, number: number, sha: string, by: string): Statement {
  return sql`update pull_request set approved = ${sha}, approved_by = ${by}, active = clock_timestamp()
    where app = ${app} and number = ${number} and sha = ${sha} and state = 'open' returning number`
}

/** It is wanted anew: its head is run again. */
export function bringBack(app: string, number: number): Statement {
  return sql`update pull_request set since = clock_timestamp(), active = clock_timestamp()
    where app = ${app} and number = ${number} and state = 'open' returning number`
}

/** Closed ones are remembered for so many days. */
export function forgetClosed(days: number): Statement {
  return sql`delete from pull_request where closed < now() - make_interval(days => ${days})`
}

const milliseconds = (time: Statement): Statement =>
  sql`(extract(epoch from ${time}) * 1000)::float8`
const isOpenRun = sql`r.state in ('queued', 'running')`
const runsOf = sql`from pipeline_run r where r.app = p.app and r.pull_request = p.number`

/**
 * Those that are open, and those of which something is left. `heads` are the numbers whose head is
 * kept in the repository.
 */
export async function listStandings(
  db: Database,
  app: string,
  heads: number[],
): Promise<Standing[]> {
  const rows =
    await db.query<Standing>(sql`select number, state = 'open' as "isOpen", is_draft as "isDraft",
      fork is not null as "isFork", sha, approved, ${milliseconds(sql`since`)} as since, ${milliseconds(sql`active`)} as active,
      (select json_build_object('id', r.id, 'sha', r.sha, 'isTrusted', r.is_trusted, 'created', ${milliseconds(sql`r.created`)})
        ${runsOf} order by r.id desc limit 1) as run,
      array(select r.id::int ${runsOf} and ${isOpenRun} order by r.id) as "openRuns",
      exists (select from environment e where e.app = p.app and e.pull_request = p.number) as "hasPreview",
      number = any(${heads}) as "hasHead"
    from pull_request p where app = ${app} and (state = 'open' or number = any(${heads})
      or exists (select ${runsOf} and ${isOpenRun}) or exists (select from environment e where e.app = p.app and e.pull_request = p.number))
    order by number`)
  const stray = heads.filter((number) => !rows.some((one) => one.number === number))
  return [...rows, ...stray.map(strayHead)]
}

/** A head whose pull request is forgotten. */
const strayHead = (number: number): Standing => ({
  ...{
    number,
    isOpen: false,
    isDraft: false,
    isFork: false,
    sha: null,
    approved: null,
    since: 0,
    active: 0,
  },
  ...{ run: null, openRuns: [], hasPreview: false, hasHead: true },
})

export interface Look {
  app: string
  /** grows with each look at the app */
  claim: number
}

/**
 * Apps that can have some are looked at from now on: their forge is connected, it announces them,
 * or there are some already.
 */
export function addLooks(): Statement {
  return sql`insert into pull_request_look (app) select name from app a where repository->>'kind' <> 'hosted'
    and (exists (select from forge where forge.app = a.name) or exists (select from webhook where webhook.app = a.name)
      or exists (select from pull_request p where p.app = a.name))
    on conflict do nothing`
}

/**
 * So many apps whose pull requests are to be looked at now, each to one replica at a time: it has
 * so many seconds.
 */
export async function claimLooks(db: Database, seconds: number, most: number): Promise<Look[]> {
  return db.query<Look>(sql`update pull_request_look set claim = claim + 1, claimed = now() + make_interval(secs => ${seconds}), asked = null
    where (claimed is null or claimed <= now()) and app in (select app from pull_request_look
      where (claimed is null or claimed <= now()) and (asked is not null or due <= now()) order by asked nulls last, due limit ${most})
    returning app, claim`)
}

export function askForLook(app: string): Statement {
  return sql`insert into pull_request_look (app, asked) values (${app}, now()) on conflict (app) do update set asked = now()`
}

export function endLook(
  { app, claim }: Look,
  { problem, seconds }: { problem: string | null; seconds: number },
): Statement {
  return sql`update pull_request_look set claimed = null, due = now() + make_interval(secs => ${seconds}), problem = ${problem}::text,
      looked = case when ${problem}::text is null then now() else looked end
    where app = ${app} and claim = ${claim}`
}

/** The look goes on. */
export function keepLook({ app, claim }: Look, seconds: number): Statement {
  return sql`update pull_request_look set claimed = now() + make_interval(secs => ${seconds}) where app = ${app} and claim = ${claim}`
}

/** Divides by zero, and so undoes the batch, when somebody else has looked meanwhile. */
export function mustStillLook({ app, claim }: Look): Statement {
  return sql`select 1 / count(*) from pull_request_look where app = ${app} and claim = ${claim}`
}

export async function getLook(
  db: Database,
  app: string,
): Promise<{ looked: string | null; problem: string | null; previews: number }> {
  const rows = await db.query<{ looked: string | null; problem: string | null; previews: number }>(
    sql`select looked, problem, (select count(*)::int from environment where app = ${app} and pull_request is not null) as previews
      from (select) one left join pull_request_look on app = ${app}`,
  )
  return rows[0] ?? { looked: null, problem: null, previews: 0 }
}

/** Of all apps. */
export async function listPreviews(db: Database): Promise<Place[]> {
  return db.query<Place>(
    sql`select app, name as environment from environment where pull_request is not null`,
  )
}

export async function countPullRequests(
  db: Database,
  app: string,
): Promise<{ open: number; previews: number }> {
  const rows = await db.query<{ open: number; previews: number }>(sql`select
    (select count(*)::int from pull_request where app = ${app} and state = 'open') as open,
    (select count(*)::int from environment where app = ${app} and pull_request is not null) as previews`)
  return rows[0] ?? { open: 0, previews: 0 }
}

/** What the API tells, but for what `rules.ts` decides. */
export interface Listed extends StoredPullRequest {
  run: PullRequest['run']
  preview: { environment: string; port: number; sha: string | null; since: string | null } | null
}

/** Those that are open first, then the newest. */
export async function listPullRequests(
  db: Database,
  app: string,
  { state, number, limit }: { state?: string | undefined; number?: number; limit: number },
): Promise<Listed[]> {
  return db.query<Listed>(sql`select ${columns},
      (select json_build_object('id', r.id, 'sha', r.sha, 'state', r.state, 'isTrusted', r.is_trusted)
        ${runsOf} order by r.id desc limit 1) as run,
      (select json_build_object('environment', e.name, 'port', e.port, 'sha', l.sha, 'since', d.live) from environment e
        left join deployment d on d.app = e.app and d.environment = e.name and d.state = 'live'
        left join release l on l.id = d.release
        where e.app = p.app and e.pull_request = p.number) as preview
    from pull_request p where app = ${app} and (${state ?? null}::text is null or state = ${state ?? null}::text)
      and (${number ?? null}::int is null or number = ${number ?? null}::int)
    order by state = 'open' desc, coalesce(closed, active) desc, number desc limit ${limit}`)
}
