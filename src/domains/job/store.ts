import type { JobRun, JobRunState } from '#contract/job/job.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** Names a job in an environment. */
export interface JobPlace {
  app: string
  environment: string
  name: string
}

/** Until when the times of a schedule were considered. */
export interface Cursor extends JobPlace {
  schedule: string
  due: string
}

/** A run with what the server needs to carry it out. */
export interface StoredJobRun extends JobRun {
  /** names it on its target */
  key: string
  timeout: number
  overlaps: boolean
}

export interface NewJobRun extends Pick<
  StoredJobRun,
  | 'app'
  | 'environment'
  | 'job'
  | 'command'
  | 'service'
  | 'trigger'
  | 'actor'
  | 'reason'
  | 'terminal'
> {
  id: number
  key: string
  /** milliseconds */
  timeout: number
  late: number
  overlaps: boolean
  due: Date | null
  /** the host that a person asked for */
  host: string | null
  state: 'waiting' | 'skipped'
}

/** Days, and runs of each job, for which runs and their output are kept. */
const kept = { days: 30, runs: 1000 }

export const listCursors = (db: Database): Promise<Cursor[]> =>
  db.query<Cursor>(sql`select app, environment, name, schedule, due from job`)

/** Considers the times of a schedule from `due` on. */
export const setCursor = ({ app, environment, name }: JobPlace, schedule: string, due: Date) =>
  sql`insert into job (app, environment, name, schedule, due)
    values (${app}, ${environment}, ${name}, ${schedule}, ${due.toISOString()})
    on conflict (app, environment, name) do update
      set schedule = excluded.schedule, due = excluded.due`

export const deleteCursor = ({ app, environment, name }: JobPlace): Statement =>
  sql`delete from job where app = ${app} and environment = ${environment} and name = ${name}`

export async function nextJobRun(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('job_run', 'id')) as id`,
  )
  return rows[0]!.id
}

/** Stores a run; fails with SQLSTATE 23505 when its job already has one for that time. */
export const insertJobRun = (run: NewJobRun): Statement =>
  sql`insert into job_run (id, app, environment, job, key, command, service, timeout, late,
      may_overlap, trigger, actor, due, host, state, reason, terminal, ended)
    overriding system value
    values (${run.id}, ${run.app}, ${run.environment}, ${run.job}::text, ${run.key},
      ${run.command}, ${run.service}::text, ${run.timeout}, ${run.late}, ${run.overlaps},
      ${run.trigger}, ${run.actor}, ${run.due?.toISOString() ?? null}::timestamptz,
      ${run.host}::text, ${run.state},
      ${run.reason}::text, ${run.terminal && JSON.stringify(run.terminal)}::json,
      case when ${run.state} = 'skipped' then now() end)`

/**
 * Begins a run in a release. Fails with SQLSTATE 22012 when it does not wait any more, and with
 * 23505 when another run of a job that may not overlap is in progress.
 */
export const beginJobRun = (id: number, release: number, host: string | null): Statement =>
  sql`with changed as (update job_run set state = 'running', release = ${release},
        host = ${host}::text, started = now()
      where id = ${id} and state = 'waiting' returning id)
    select 1 / count(*)::int from changed`

/** Ends a run that has the state `from`; fails with SQLSTATE 22012 when it has another one. */
export const endJobRun = (
  id: number,
  from: JobRunState,
  end: { state: JobRunState; exit: number | null; reason: string | null },
): Statement =>
  sql`with changed as (update job_run set state = ${end.state}, exit = ${end.exit}::int,
      reason = ${end.reason}::text, ended = now()
      where id = ${id} and state = ${from} returning id)
    select 1 / count(*)::int from changed`

export const askJobRunToStop = (id: number): Statement =>
  sql`update job_run set stopping = true where id = ${id} and ended is null`

const columns = sql`id, app, environment, job, key, command, service, timeout,
  may_overlap as "overlaps", trigger,
  actor, due, release, host, state, stopping, reason, exit, terminal, created, started, ended`

/** The runs that have not ended, oldest first. */
export const openJobRuns = (db: Database): Promise<StoredJobRun[]> =>
  db.query<StoredJobRun>(sql`select ${columns} from job_run where ended is null order by id`)

export async function getJobRun(
  db: Database,
  app: string,
  id: number,
): Promise<StoredJobRun | null> {
  const rows = await db.query<StoredJobRun>(
    sql`select ${columns} from job_run where app = ${app} and id = ${id}`,
  )
  return rows[0] ?? null
}

export interface JobRunFilter {
  app: string
  environment?: string | undefined
  job?: string | undefined
  before?: number | undefined
  limit: number
}

/** Newest first. */
export const listJobRuns = (db: Database, filter: JobRunFilter): Promise<StoredJobRun[]> => {
  const { app, environment = null, job = null, before = null, limit } = filter
  return db.query<StoredJobRun>(sql`select ${columns} from job_run where app = ${app}
      and (${environment}::text is null or environment = ${environment}::text)
      and (${job}::text is null or job = ${job}::text)
      and (${before}::bigint is null or id < ${before}::bigint)
    order by id desc limit ${limit}`)
}

/** The last run of each job of an environment. */
export const lastJobRuns = (
  db: Database,
  app: string,
  environment: string,
): Promise<StoredJobRun[]> =>
  db.query<StoredJobRun>(sql`select distinct on (job) ${columns} from job_run
    where app = ${app} and environment = ${environment} and job is not null
    order by job, id desc`)

/** Runs that ended long ago, or are not among the newest of their job. */
export const oldJobRuns = (db: Database): Promise<StoredJobRun[]> =>
  db.query<StoredJobRun>(sql`select ${columns} from (
      select *, row_number() over (partition by app, environment, job order by id desc) as place
      from job_run) as numbered
    where ended is not null
      and (ended < now() - ${kept.days} * interval '1 day' or place > ${kept.runs})
    order by id limit 1000`)

export const deleteJobRun = (id: number): Statement => sql`delete from job_run where id = ${id}`

/** Deletes the jobs of an environment that was removed, and their runs. */
export const deleteJobs = (app: string, environment: string): Statement[] => [
  sql`delete from job where app = ${app} and environment = ${environment}`,
  sql`delete from job_run where app = ${app} and environment = ${environment}`,
]
