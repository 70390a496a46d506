import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** A pull request as it is stored. Times are ISO 8601 UTC. */
export interface StoredPullRequest extends ForgePullRequest {
  app: string
  /** head; null until it is fetched */
  sha: string | null
  chain: string
  /** why it was closed */
  reason: string | null
  /** why its head cannot be fetched */
  problem: string | null
  /** the commit that may run with secrets */
  approved: string | null
  approvedBy: string | null
  created: string
  /** latest activity */
  active: string
  closed: string | null
}

export const pullRequestColumns = sql`
  app, number, title, author, state, is_draft as "isDraft", branch, fork, base, ref, url, sha,
  chain, reason, problem, approved, approved_by as "approvedBy", created, active, closed`

export async function getPullRequest(
  db: Database,
  app: string,
  number: number,
): Promise<StoredPullRequest | null> {
  const rows = await db.query<StoredPullRequest>(sql`
    select ${pullRequestColumns} from pull_request where app = ${app} and number = ${number}`)
  return rows[0] ?? null
}

export async function listOpen(db: Database, app: string): Promise<StoredPullRequest[]> {
  return db.query<StoredPullRequest>(sql`
    select ${pullRequestColumns} from pull_request where app = ${app} and state = 'open'
    order by number`)
}

/** Stores an open pull request. Reopening one restarts its times. */
export function putPullRequest(app: string, pull: ForgePullRequest, chain: string): Statement {
  const { number, title, author, isDraft, branch, fork, base, ref, url } = pull
  return sql`
    insert into pull_request as p
      (app, number, title, author, is_draft, branch, fork, base, ref, url, chain)
    values (${app}, ${number}, ${title}, ${author}, ${isDraft}, ${branch}, ${fork}::text, ${base},
      ${ref}, ${url}::text, ${chain})
    on conflict (app, number) do update set title = excluded.title, author = excluded.author,
      is_draft = excluded.is_draft, branch = excluded.branch, fork = excluded.fork,
      base = excluded.base, ref = excluded.ref, url = coalesce(excluded.url, p.url),
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
  return sql`
    update pull_request set state = ${state}, reason = ${reason}, closed = clock_timestamp(),
      active = clock_timestamp()
    where app = ${app} and number = ${number} and state = 'open'`
}

/** Stores the commit on the branch that the merge made; `sha` may be abbreviated. */
export function setMergedAs(app: string, number: number, sha: string): Statement {
  return sql`update pull_request set merged_as = ${sha} where app = ${app} and number = ${number}`
}

export function setHead(app: string, number: number, sha: string): Statement {
  return sql`
    update pull_request set sha = ${sha}, problem = null, active = clock_timestamp()
    where app = ${app} and number = ${number}`
}

export function setProblem(app: string, number: number, problem: string | null): Statement {
  return sql`
    update pull_request set problem = ${problem}::text
    where app = ${app} and number = ${number} and problem is distinct from ${problem}::text`
}

/** Returns no row when the head has moved or the pull request was closed. */
export function approve(app: string, number: number, sha: string, by: string): Statement {
  return sql`
    update pull_request set approved = ${sha}, approved_by = ${by}, active = clock_timestamp()
    where app = ${app} and number = ${number} and sha = ${sha} and state = 'open'
    returning number`
}

/** Makes the next sync run the head again. */
export function requestRun(app: string, number: number): Statement {
  return sql`
    update pull_request set since = clock_timestamp(), active = clock_timestamp()
    where app = ${app} and number = ${number} and state = 'open' returning number`
}

export function deleteClosed(olderThanDays: number): Statement {
  return sql`
    delete from pull_request where closed < now() - make_interval(days => ${olderThanDays})`
}
