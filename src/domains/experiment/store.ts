import type {
  Detection,
  ExperimentPlan,
  ExperimentRun,
  ExperimentState,
} from '#contract/experiment/experiment.ts'
import type { Radius } from '#contract/experiment/fault.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** Names an experiment in an environment. */
export interface ExperimentPlace {
  app: string
  environment: string
  name: string
}

export interface NewExperimentRun extends ExperimentPlace {
  id: number
  plan: ExperimentPlan
  release: number
  trigger: ExperimentRun['trigger']
  actor: string
}

/** Days for which runs are kept. */
const keptDays = 400

const columns = sql`id, app, environment, name, plan, release, trigger, actor, state, reason,
  refusals, radius, detection, aborted_by as "abortedBy", created, made, undone, ended`

export async function nextExperimentRun(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('experiment_run', 'id')) as id`,
  )
  return rows[0]!.id
}

/** Fails with SQLSTATE 23505 while another experiment runs in the environment. */
export const insertExperimentRun = (run: NewExperimentRun): Statement =>
  sql`insert into experiment_run (id, app, environment, name, plan, release, trigger, actor)
    overriding system value values (${run.id}, ${run.app}, ${run.environment}, ${run.name},
      ${JSON.stringify(run.plan)}::jsonb, ${run.release}, ${run.trigger}, ${run.actor})`

export async function getExperimentRun(
  db: Database,
  app: string,
  id: number,
): Promise<ExperimentRun | null> {
  const rows = await db.query<ExperimentRun>(
    sql`select ${columns} from experiment_run where app = ${app} and id = ${id}`,
  )
  return rows[0] ?? null
}

export const listExperimentRuns = (
  db: Database,
  filter: {
    app: string
    environment?: string | undefined
    experiment?: string | undefined
    before?: number | undefined
    limit: number
  },
): Promise<ExperimentRun[]> =>
  db.query<ExperimentRun>(sql`select ${columns} from experiment_run
    where app = ${filter.app}
      and (${filter.environment ?? null}::text is null
        or environment = ${filter.environment ?? null}::text)
      and (${filter.experiment ?? null}::text is null or name = ${filter.experiment ?? null}::text)
      and (${filter.before ?? null}::bigint is null or id < ${filter.before ?? null}::bigint)
    order by id desc limit ${filter.limit}`)

/** The runs that deliveries of these releases requested. */
export const experimentsOfReleases = (db: Database, releases: number[]): Promise<ExperimentRun[]> =>
  releases.length === 0
    ? Promise.resolve([])
    : db.query<ExperimentRun>(sql`select ${columns} from experiment_run
        where release = any(${releases}) and trigger = 'delivery' order by id desc`)

/** The last run of each experiment of an app. */
export const lastExperimentRuns = (db: Database, app: string): Promise<ExperimentRun[]> =>
  db.query<ExperimentRun>(sql`select distinct on (environment, name) ${columns}
    from experiment_run where app = ${app} order by environment, name, id desc`)

/** The runs that have not ended, oldest first. */
export const openExperimentRuns = (db: Database): Promise<ExperimentRun[]> =>
  db.query<ExperimentRun>(
    sql`select ${columns} from experiment_run where ended is null order by id`,
  )

/** When the last fault of an environment ended, in milliseconds; null when there was none. */
export async function lastFaultEnd(
  db: Database,
  { app, environment }: Omit<ExperimentPlace, 'name'>,
): Promise<number | null> {
  const rows = await db.query<{ ended: string }>(sql`select ended from experiment_run
    where app = ${app} and environment = ${environment} and made is not null
      and ended is not null order by ended desc limit 1`)
  return rows[0] ? Date.parse(rows[0].ended) : null
}

/** What a step of a run has found; null and missing values leave what is stored. */
export interface ExperimentChange {
  state: ExperimentState
  radius?: Radius | null
  detection?: Detection | null
  isMade?: boolean
  isUndone?: boolean
}

export const changeExperimentRun = (id: number, change: ExperimentChange): Statement =>
  sql`update experiment_run set state = ${change.state},
      radius = coalesce(${json(change.radius)}::jsonb, radius),
      detection = coalesce(${json(change.detection)}::jsonb, detection),
      made = coalesce(made, case when ${change.isMade ?? false} then now() end),
      undone = coalesce(undone,
        case when ${change.isUndone ?? false} and made is not null then now() end)
    where id = ${id} and ended is null`

const json = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value)

/** Ends a run; one that has ended stays as it is. */
export const endExperimentRun = (
  id: number,
  end: { state: ExperimentState; reason: string | null; refusals?: string[] },
): Statement =>
  sql`update experiment_run set state = ${end.state}, reason = ${end.reason}::text,
      refusals = ${JSON.stringify(end.refusals ?? [])}::jsonb, ended = now()
    where id = ${id} and ended is null`

/** Asks a run to end early; the first one who asks is recorded. */
export const abortExperimentRun = (id: number, by: string): Statement =>
  sql`update experiment_run set aborted_by = coalesce(aborted_by, ${by})
    where id = ${id} and ended is null`

export interface ExperimentStop {
  reason: string
  actor: string
  since: string
}

export async function getExperimentStop(db: Database): Promise<ExperimentStop | null> {
  const rows = await db.query<ExperimentStop>(sql`select reason, actor, since from experiment_stop`)
  return rows[0] ?? null
}

/** Stops all experiments; those in progress are asked to end. */
export const stopAllExperiments = (reason: string, actor: string): Statement[] => [
  sql`insert into experiment_stop (reason, actor) values (${reason}, ${actor})
    on conflict (one) do update set reason = excluded.reason, actor = excluded.actor,
      since = now()`,
  sql`update experiment_run set aborted_by = coalesce(aborted_by, ${actor})
    where ended is null`,
]

export const allowAllExperiments = (): Statement => sql`delete from experiment_stop`

/** Faults that should have raised an alert and ran to their end in the last days. */
export async function readCoverage(
  db: Database,
  app: string,
  days: number,
): Promise<{ expected: number; noticed: number; medianMs: number | null }> {
  const [row] = await db.query<{ expected: number; noticed: number; medianMs: number | null }>(sql`
    select count(*)::int as expected, count(*) filter (where state = 'passed'
        or (detection ->> 'afterMs')::float8 <= (plan -> 'expect' ->> 'within')::float8 * 1000
      )::int as noticed,
      (percentile_cont(0.5) within group
        (order by (detection ->> 'afterMs')::float8))::float8 as "medianMs"
    from experiment_run where app = ${app} and jsonb_typeof(plan -> 'expect') = 'object'
      and state in ('passed', 'failed') and ended > now() - ${days} * interval '1 day'`)
  return row ?? { expected: 0, noticed: 0, medianMs: null }
}

/** Removes runs that ended long ago. */
export const deleteOldExperimentRuns = (): Statement =>
  sql`delete from experiment_run where ended < now() - ${keptDays} * interval '1 day'`

/** Forgets the runs of an environment that is removed. */
export const deleteExperimentRuns = (app: string, environment: string): Statement =>
  sql`delete from experiment_run where app = ${app} and environment = ${environment}`
