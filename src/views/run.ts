import type { Run } from '#contract/run/run.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql } from '#platform/postgres/sql.ts'

/** Columns of a run joined with its change, in the names of the contract. */
const runColumns = sql`
  r.id, r.app, case when w.id is null then r.state else 'suspended' end as state,
  coalesce(w.reason, r.reason, case when r.ended is null then (
    select d.environment || ': ' || d.reason from deployment d
    where d.run = r.id and d.ended is null and d.state in ('waiting', 'canary')
      and d.reason is not null order by d.id limit 1) end) as reason,
  r.created, r.started, r.ended, r.artifact,
  r.retry_of as "retryOf", r.trigger, r.pull_request as "pullRequest", r.is_trusted as "isTrusted",
  json_build_object('app', c.app, 'sha', c.sha, 'base', c.base, 'branch', c.branch,
    'subject', c.subject, 'author', c.author, 'committed', c.committed, 'received', c.received,
    'chain', c.chain) as change`
const fromRuns = sql`from pipeline_run r join change c on c.app = r.app and c.sha = r.sha
  left join workflow w
    on r.ended is null and w.id = 'delivery/' || r.id and w.state = 'suspended'`

export async function getRun(db: Database, id: number): Promise<Run | null> {
  const rows = await db.query<Run>(sql`select ${runColumns} ${fromRuns} where r.id = ${id}`)
  return rows[0] ?? null
}

/** Whether a run of the app built the artifact. Another app may have built the same one. */
export async function hasBuilt(db: Database, app: string, digest: string): Promise<boolean> {
  const rows = await db.query(
    sql`select 1 from pipeline_run where app = ${app} and artifact = ${digest} limit 1`,
  )
  return rows.length > 0
}

export interface RunFilter {
  app?: string | undefined
  /** only runs of these apps; null for all apps */
  apps?: string[] | null
  pullRequest?: number | undefined
  /** without the runs of pull requests */
  isOfBranch?: boolean
  state?: string | undefined
  /** only runs with a lower number */
  before?: number | undefined
  limit: number
}

/** Newest first. */
export async function listRuns(db: Database, filter: RunFilter): Promise<Run[]> {
  const where = [sql`true`]
  if (filter.app !== undefined) where.push(sql`r.app = ${filter.app}`)
  if (filter.apps) where.push(sql`r.app = any(${filter.apps}::text[])`)
  if (filter.pullRequest !== undefined) where.push(sql`r.pull_request = ${filter.pullRequest}`)
  if (filter.isOfBranch) where.push(sql`r.pull_request is null`)
  if (filter.state === 'suspended') where.push(sql`w.id is not null`)
  else if (filter.state !== undefined) where.push(sql`r.state = ${filter.state} and w.id is null`)
  if (filter.before !== undefined) where.push(sql`r.id < ${filter.before}`)
  return db.query<Run>(sql`select ${runColumns} ${fromRuns} where ${join(where, ' and ')}
    order by r.id desc limit ${filter.limit}`)
}

export async function getRuns(db: Database, ids: number[]): Promise<Run[]> {
  return ids.length === 0
    ? []
    : db.query<Run>(sql`select ${runColumns} ${fromRuns} where r.id = any(${ids})`)
}

/** The open runs of the branch and its last `ended` runs, newest first. */
export async function recentRuns(db: Database, app: string, ended: number): Promise<Run[]> {
  return db.query<Run>(sql`select ${runColumns} ${fromRuns} where r.id in (
      (select id from pipeline_run
        where app = ${app} and pull_request is null and state in ('queued', 'running')
        order by id desc limit 50)
      union
      (select id from pipeline_run where app = ${app} and pull_request is null
        order by id desc limit ${ended}))
    order by r.id desc`)
}

/** A run that has not ended. */
export interface OpenRun extends Pick<Run, 'id' | 'app' | 'pullRequest'> {
  chain: string
}

export async function openRuns(db: Database): Promise<OpenRun[]> {
  return db.query<OpenRun>(sql`
    select r.id, r.app, c.chain, r.pull_request as "pullRequest" ${fromRuns}
    where r.state in ('queued', 'running')`)
}

/** The newest run of the branch for a commit; runs of pull requests do not count. */
export async function latestRunOf(db: Database, app: string, sha: string): Promise<Run | null> {
  const rows = await db.query<Run>(sql`select ${runColumns} ${fromRuns}
    where r.app = ${app} and r.sha = ${sha} and r.pull_request is null
    order by r.id desc limit 1`)
  return rows[0] ?? null
}
