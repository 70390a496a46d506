import type { PullRequest } from '#contract/pull-request/pull-request.ts'
import type { EnvironmentKey, Standing } from '#domains/pull-request/rules.ts'
import { pullRequestColumns, type StoredPullRequest } from '#domains/pull-request/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

const milliseconds = (time: Statement): Statement =>
  sql`(extract(epoch from ${time}) * 1000)::float8`
const runsOfPull = sql`from pipeline_run r where r.app = p.app and r.pull_request = p.number`
const openRunsOfPull = sql`${runsOfPull} and r.state in ('queued', 'running')`
const environmentOfPull = sql`
  from environment e where e.app = p.app and e.pull_request = p.number`

/**
 * The open pull requests of an app, and closed ones that still have a run, an environment or a
 * head. `heads` are the numbers whose head is in the app's repository.
 */
export async function listStandings(
  db: Database,
  app: string,
  heads: number[],
): Promise<Standing[]> {
  const rows = await db.query<Standing>(sql`
    select number, state = 'open' as "isOpen", is_draft as "isDraft", fork is not null as "isFork",
      sha, approved, ${milliseconds(sql`since`)} as since, ${milliseconds(sql`active`)} as active,
      (select json_build_object('id', r.id, 'sha', r.sha, 'isTrusted', r.is_trusted,
          'created', ${milliseconds(sql`r.created`)})
        ${runsOfPull} order by r.id desc limit 1) as run,
      array(select r.id::int ${openRunsOfPull} order by r.id) as "openRuns",
      exists (select ${environmentOfPull}) as "hasPreview",
      number = any(${heads}) as "hasHead"
    from pull_request p where app = ${app} and (state = 'open' or number = any(${heads})
      or exists (select ${openRunsOfPull}) or exists (select ${environmentOfPull}))
    order by number`)
  const unknown = heads.filter((number) => !rows.some((one) => one.number === number))
  return [...rows, ...unknown.map(headOnly)]
}

/** A head that is left of a pull request whose row was deleted. */
const headOnly = (number: number): Standing => ({
  ...{ number, isOpen: false, isDraft: false, isFork: false, sha: null, approved: null },
  ...{ since: 0, active: 0, run: null, openRuns: [], hasPreview: false, hasHead: true },
})

/**
 * The apps that can have pull requests: their forge is connected, a webhook announces them, or some
 * are stored.
 */
export async function appsWithPullRequests(db: Database): Promise<string[]> {
  const rows = await db.query<{ name: string }>(sql`
    select name from app a where repository->>'kind' <> 'hosted'
      and (exists (select from forge where forge.app = a.name)
        or exists (select from webhook where webhook.app = a.name)
        or exists (select from pull_request p where p.app = a.name))`)
  return rows.map(({ name }) => name)
}

/** The preview environments of all apps. */
export async function listPreviews(db: Database): Promise<EnvironmentKey[]> {
  return db.query<EnvironmentKey>(
    sql`select app, name as environment from environment where pull_request is not null`,
  )
}

export async function countPullRequests(
  db: Database,
  app: string,
): Promise<{ open: number; previews: number }> {
  const rows = await db.query<{ open: number; previews: number }>(sql`select
    (select count(*)::int from pull_request where app = ${app} and state = 'open') as open,
    (select count(*)::int from environment where app = ${app} and pull_request is not null)
      as previews`)
  return rows[0] ?? { open: 0, previews: 0 }
}

/** A pull request with its newest run and its preview. */
export interface ListedPullRequest extends StoredPullRequest {
  run: PullRequest['run']
  preview: {
    environment: string
    port: number | null
    sha: string | null
    since: string | null
  } | null
}

/** The open ones first, then the newest. */
export async function listPullRequests(
  db: Database,
  app: string,
  { state, number, limit }: { state?: string | undefined; number?: number; limit: number },
): Promise<ListedPullRequest[]> {
  return db.query<ListedPullRequest>(sql`
    select ${pullRequestColumns},
      (select json_build_object('id', r.id, 'sha', r.sha, 'state', r.state,
          'isTrusted', r.is_trusted)
        ${runsOfPull} order by r.id desc limit 1) as run,
      (select json_build_object('environment', e.name, 'port', e.port, 'sha', l.sha,
          'since', d.live)
        from environment e
        left join deployment d on d.app = e.app and d.environment = e.name and d.state = 'live'
        left join release l on l.id = d.release
        where e.app = p.app and e.pull_request = p.number) as preview
    from pull_request p
    where app = ${app} and (${state ?? null}::text is null or state = ${state ?? null}::text)
      and (${number ?? null}::int is null or number = ${number ?? null}::int)
    order by state = 'open' desc, coalesce(closed, active) desc, number desc limit ${limit}`)
}
