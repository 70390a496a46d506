import type { Run, Step } from '#contract/run/run.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'

/** Columns of a run joined with its change, in the names of the contract. */
const runColumns = sql`r.id, r.app, r.state, r.reason, r.created, r.started, r.ended, r.artifact, r.retry_of as "retryOf", r.trigger,
  r.pull_request as "pullRequest", r.is_trusted as "isTrusted",
  json_build_object('app', c.app, 'sha', c.sha, 'base', c.base, 'branch', c.branch, 'subject', c.subject, 'author', c.author,
    'committed', c.committed, 'received', c.received, 'chain', c.chain) as change`
const fromRuns = sql`from pipeline_run r join change c on c.app = r.app and c.sha = r.sha`

export async function nextRunId(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('pipeline_run', 'id')) as id`,
  )
  return rows[0]?.id ?? 0
}

export interface NewRun extends Pick<Run, 'id' | 'app' | 'retryOf' | 'trigger'> {
  sha: string
  parameters: Record<string, string>
  /** when it is the head of one */
  pullRequest?: { number: number; isTrusted: boolean } | undefined
}

export function insertRun(run: NewRun): Statement {
  return sql`insert into pipeline_run (id, app, sha, retry_of, trigger, parameters, pull_request, is_trusted)
    values (${run.id}, ${run.app}, ${run.sha}, ${run.retryOf}::bigint, ${run.trigger}, ${JSON.stringify(run.parameters)}::json,
      ${run.pullRequest?.number ?? null}::int, ${run.pullRequest?.isTrusted ?? true})`
}

export async function getRun(db: Database, id: number): Promise<Run | null> {
  const rows = await db.query<Run>(sql`select ${runColumns} ${fromRuns} where r.id = ${id}`)
  return rows[0] ?? null
}

export interface RunFilter {
  app?: string | undefined
  /** only of these; null for all */
  apps?: string[] | null
  pullRequest?: number | undefined
  state?: string | undefined
  before?: number | undefined
  limit: number
}

/** What a run was given when it began. */
export async function getParameters(db: Database, id: number): Promise<Record<string, string>> {
  const rows = await db.query<{ parameters: Record<string, string> }>(
    sql`select parameters from pipeline_run where id = ${id}`,
  )
  return rows[0]?.parameters ?? {}
}

/** Newest first. */
export async function listRuns(db: Database, filter: RunFilter): Promise<Run[]> {
  const where = [sql`true`]
  if (filter.app !== undefined) where.push(sql`r.app = ${filter.app}`)
  if (filter.apps) where.push(sql`r.app = any(${filter.apps}::text[])`)
  if (filter.pullRequest !== undefined) where.push(sql`r.pull_request = ${filter.pullRequest}`)
  if (filter.state !== undefined) where.push(sql`r.state = ${filter.state}`)
  if (filter.before !== undefined) where.push(sql`r.id < ${filter.before}`)
  return db.query<Run>(
    sql`select ${runColumns} ${fromRuns} where ${join(where, ' and ')} order by r.id desc limit ${filter.limit}`,
  )
}

/**
 * The runs of the branch on their way, and beside them the last few that ended: what the home page
 * shows of an app.
 */
export async function recentRuns(db: Database, app: string, ended: number): Promise<Run[]> {
  return db.query<Run>(sql`select ${runColumns} ${fromRuns} where r.id in (
      (select id from pipeline_run where app = ${app} and pull_request is null and state in ('queued', 'running') order by id desc limit 50)
      union (select id from pipeline_run where app = ${app} and pull_request is null order by id desc limit ${ended}))
    order by r.id desc`)
}

export async function openRuns(
  db: Database,
): Promise<{ id: number; app: string; chain: string; pullRequest: number | null }[]> {
  return db.query(sql`select r.id, r.app, c.chain, r.pull_request as "pullRequest" from pipeline_run r join change c on c.app = r.app and c.sha = r.sha
    where r.state in ('queued', 'running')`)
}

/** Of the branch: what a pull request ran goes nowhere. */
export async function latestRunOf(db: Database, app: string, sha: string): Promise<Run | null> {
  const rows = await db.query<Run>(
    sql`select ${runColumns} ${fromRuns} where r.app = ${app} and r.sha = ${sha} and r.pull_request is null order by r.id desc limit 1`,
  )
  return rows[0] ?? null
}

/**
 * The newest open run that is newer than this one, of the branch or of the same pull request, when
 * there is one.
 */
export async function newerOpenRun(
  db: Database,
  { app, id, pullRequest }: { app: string; id: number; pullRequest: number | null },
): Promise<number | null> {
  const rows = await db.query<{ id: number }>(
    sql`select id from pipeline_run where app = ${app} and id > ${id} and pull_request is not distinct from ${pullRequest}::int
      and state in ('queued', 'running') order by id desc limit 1`,
  )
  return rows[0]?.id ?? null
}

/** The newest run of a pull request that is newer than this one, ended or not. */
export async function newerRunOf(
  db: Database,
  { app, id, pullRequest }: { app: string; id: number; pullRequest: number },
): Promise<number | null> {
  const rows = await db.query<{ id: number | null }>(
    sql`select max(id) as id from pipeline_run where app = ${app} and id > ${id} and pull_request = ${pullRequest}`,
  )
  return rows[0]?.id ?? null
}

export function startRun(id: number, definition: PipelineFile): Statement {
  return sql`update pipeline_run set state = 'running', reason = null, started = coalesce(started, now()), definition = ${definition}::json where id = ${id}`
}

/** Says why a run waits. */
export function setRunReason(id: number, reason: string | null): Statement {
  return sql`update pipeline_run set reason = ${reason}::text where id = ${id}`
}

export function setRunArtifact(id: number, digest: string): Statement {
  return sql`update pipeline_run set artifact = ${digest} where id = ${id}`
}

export function endRun(id: number, state: Run['state'], reason: string | null): Statement {
  return sql`update pipeline_run set state = ${state}, reason = ${reason}::text, started = coalesce(started, now()), ended = now()
    where id = ${id} and state in ('queued', 'running')`
}

export function insertStep(
  run: number,
  position: number,
  step: { name: string; command: string; needs: string[] },
): Statement {
  return sql`insert into step (run, name, position, command, needs)
    values (${run}, ${step.name}, ${position}, ${step.command}, ${JSON.stringify(step.needs)}::jsonb) on conflict do nothing`
}

export function beginStep(
  run: number,
  name: string,
  { cache, isolation }: Pick<Step, 'cache' | 'isolation'>,
): Statement {
  return sql`update step set state = 'running', attempt = attempt + 1, cache = ${cache}::text, isolation = ${isolation}::text, started = now(), ended = null, exit_code = null, reason = null
    where run = ${run} and name = ${name}`
}

export function endStep(
  run: number,
  name: string,
  end: Pick<Step, 'state' | 'exitCode' | 'reason' | 'lines'>,
): Statement {
  return sql`update step set state = ${end.state}, exit_code = ${end.exitCode}::int, reason = ${end.reason}::text, lines = ${end.lines}, ended = now()
    where run = ${run} and name = ${name}`
}

/** The result of an earlier run stands for a step. */
export function reuseStep(run: number, name: string, from: number): Statement {
  return sql`update step set state = 'passed', attempt = 1, started = now(), ended = now(), lines = 1, reused = ${from}
    where run = ${run} and name = ${name}`
}

/** A step that is not for runs that began so. */
export function passOver(run: number, name: string, reason: string): Statement {
  return sql`update step set state = 'skipped', reason = ${reason}, ended = now() where run = ${run} and name = ${name}`
}

/** What did not start by the end of a run never will. */
export function closeSteps(run: number, running: 'cancelled' | 'failed'): Statement {
  return sql`update step set state = case when state = 'running' then ${running} else 'skipped' end, ended = now()
    where run = ${run} and state in ('waiting', 'running')`
}

export async function listSteps(db: Database, run: number): Promise<Step[]> {
  return db.query<Step>(sql`select name, command, needs, state, attempt, started, ended, exit_code as "exitCode", reason, lines, reused, cache, isolation
    from step where run = ${run} order by position`)
}

export async function getStep(db: Database, run: number, name: string): Promise<Step | null> {
  const rows =
    await db.query<Step>(sql`select name, command, needs, state, attempt, started, ended, exit_code as "exitCode", reason, lines, reused, cache, isolation
    from step where run = ${run} and name = ${name}`)
  return rows[0] ?? null
}

export async function getDefinition(db: Database, run: number): Promise<PipelineFile | null> {
  const rows = await db.query<{ definition: PipelineFile | null }>(
    sql`select definition from pipeline_run where id = ${run}`,
  )
  return rows[0]?.definition ?? null
}
