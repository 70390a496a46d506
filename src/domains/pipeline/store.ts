import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { Run, Step } from '#contract/run/run.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export async function nextRunId(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('pipeline_run', 'id')) as id`,
  )
  return rows[0]?.id ?? 0
}

export interface NewRun extends Pick<Run, 'id' | 'app' | 'retryOf' | 'trigger'> {
  sha: string
  parameters: Record<string, string>
  /** set when the run tests the head of a pull request */
  pullRequest?: { number: number; isTrusted: boolean } | undefined
}

export function insertRun(run: NewRun): Statement {
  return sql`
    insert into pipeline_run
      (id, app, sha, retry_of, trigger, parameters, pull_request, is_trusted)
    values (${run.id}, ${run.app}, ${run.sha}, ${run.retryOf}::bigint, ${run.trigger},
      ${JSON.stringify(run.parameters)}::json, ${run.pullRequest?.number ?? null}::int,
      ${run.pullRequest?.isTrusted ?? true})`
}

/** The parameters that were set when the run was requested. */
export async function getParameters(db: Database, id: number): Promise<Record<string, string>> {
  const rows = await db.query<{ parameters: Record<string, string> }>(
    sql`select parameters from pipeline_run where id = ${id}`,
  )
  return rows[0]?.parameters ?? {}
}

/** The definition with which a run was started; null when it has not been read yet. */
export async function getDefinition(db: Database, run: number): Promise<PipelineFile | null> {
  const rows = await db.query<{ definition: PipelineFile | null }>(
    sql`select definition from pipeline_run where id = ${run}`,
  )
  return rows[0]?.definition ?? null
}

/** The newest runs that ended more than `hours` ago. */
export async function listEndedRuns(
  db: Database,
  { hours, limit }: { hours: number; limit: number },
): Promise<number[]> {
  const rows = await db.query<{ id: number }>(sql`select id from pipeline_run
    where ended < now() - make_interval(hours => ${hours}) order by id desc limit ${limit}`)
  return rows.map(({ id }) => id)
}

/** The definition of the newest earlier run of the app's branch that read one. */
export async function definitionBefore(
  db: Database,
  app: string,
  run: number,
): Promise<PipelineFile | null> {
  const rows = await db.query<{ definition: PipelineFile }>(sql`
    select definition from pipeline_run
    where app = ${app} and id < ${run} and pull_request is null and definition is not null
    order by id desc limit 1`)
  return rows[0]?.definition ?? null
}

/**
 * The newest open run of the same branch or pull request that is newer than this run; null when
 * there is none.
 */
export async function newerOpenRun(
  db: Database,
  { app, id, pullRequest }: { app: string; id: number; pullRequest: number | null },
): Promise<number | null> {
  const rows = await db.query<{ id: number }>(sql`
    select id from pipeline_run
    where app = ${app} and id > ${id} and pull_request is not distinct from ${pullRequest}::int
      and state in ('queued', 'running')
    order by id desc limit 1`)
  return rows[0]?.id ?? null
}

/** The newest run of a pull request that is newer than this run, open or ended. */
export async function newerRunOf(
  db: Database,
  { app, id, pullRequest }: { app: string; id: number; pullRequest: number },
): Promise<number | null> {
  const rows = await db.query<{ id: number | null }>(sql`
    select max(id) as id from pipeline_run
    where app = ${app} and id > ${id} and pull_request = ${pullRequest}`)
  return rows[0]?.id ?? null
}

export function startRun(id: number, definition: PipelineFile): Statement {
  return sql`
    update pipeline_run set state = 'running', reason = null, definition = ${definition}::json,
      started = coalesce(started, now())
    where id = ${id}`
}

/** Stores why a run waits. */
export function setRunReason(id: number, reason: string | null): Statement {
  return sql`update pipeline_run set reason = ${reason}::text where id = ${id}`
}

export function setRunArtifact(id: number, digest: string): Statement {
  return sql`update pipeline_run set artifact = ${digest} where id = ${id}`
}

/** Adds the sentences that the run does not have yet. */
export function addWarnings(id: number, warnings: string[]): Statement {
  return sql`
    update pipeline_run set warnings = (
      select coalesce(jsonb_agg(distinct one), '[]')
      from jsonb_array_elements_text(warnings || ${JSON.stringify(warnings)}::jsonb) one)
    where id = ${id}`
}

export async function getWarnings(db: Database, id: number): Promise<string[]> {
  const rows = await db.query<{ warnings: string[] }>(
    sql`select warnings from pipeline_run where id = ${id}`,
  )
  return rows[0]?.warnings ?? []
}

/** Changes nothing when the run has ended already. */
export function endRun(id: number, state: Run['state'], reason: string | null): Statement {
  return sql`
    update pipeline_run set state = ${state}, reason = ${reason}::text, ended = now(),
      started = coalesce(started, now())
    where id = ${id} and state in ('queued', 'running')`
}

export function insertStep(
  run: number,
  position: number,
  step: Pick<Step, 'name' | 'command' | 'needs'>,
): Statement {
  return sql`
    insert into step (run, name, position, command, needs)
    values (${run}, ${step.name}, ${position}, ${step.command},
      ${JSON.stringify(step.needs)}::jsonb)
    on conflict do nothing`
}

/** Stores why a step waits. */
export function setStepReason(run: number, name: string, reason: string): Statement {
  return sql`update step set reason = ${reason} where run = ${run} and name = ${name}`
}

/** Starts the next attempt of a step. */
export function beginStep(
  run: number,
  name: string,
  { cache, isolation }: Pick<Step, 'cache' | 'isolation'>,
): Statement {
  return sql`
    update step set state = 'running', attempt = attempt + 1, cache = ${cache}::text,
      isolation = ${isolation}::text, started = now(), ended = null, exit_code = null, reason = null
    where run = ${run} and name = ${name}`
}

export function endStep(
  run: number,
  name: string,
  end: Pick<Step, 'state' | 'exitCode' | 'reason' | 'lines'>,
): Statement {
  return sql`
    update step set state = ${end.state}, exit_code = ${end.exitCode}::int,
      reason = ${end.reason}::text, lines = ${end.lines}, ended = now()
    where run = ${run} and name = ${name}`
}

/** Passes a step with the result that the run `from` had; its log has the one line that says so. */
export function reuseStep(run: number, name: string, from: number): Statement {
  return sql`
    update step set state = 'passed', attempt = 1, started = now(), ended = now(), lines = 1,
      reused = ${from}
    where run = ${run} and name = ${name}`
}

export function skipStep(run: number, name: string, reason: string): Statement {
  return sql`
    update step set state = 'skipped', reason = ${reason}, ended = now()
    where run = ${run} and name = ${name}`
}

/** Ends the steps of a run that has ended: running steps as `running`, the others as skipped. */
export function closeSteps(run: number, running: 'cancelled' | 'failed'): Statement {
  return sql`
    update step set ended = now(),
      state = case when state = 'running' then ${running} else 'skipped' end
    where run = ${run} and state in ('waiting', 'running')`
}

const stepColumns = sql`name, command, needs, state, attempt, started, ended,
  exit_code as "exitCode", reason, lines, reused, cache, isolation`

/** In the order of the file. */
export async function listSteps(db: Database, run: number): Promise<Step[]> {
  return db.query<Step>(sql`select ${stepColumns} from step where run = ${run} order by position`)
}

export async function getStep(db: Database, run: number, name: string): Promise<Step | null> {
  const rows = await db.query<Step>(
    sql`select ${stepColumns} from step where run = ${run} and name = ${name}`,
  )
  return rows[0] ?? null
}
