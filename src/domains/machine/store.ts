import type {
  Machine,
  MachineMode,
  MachineResult,
  MachineRun,
  MachineTask,
} from '#contract/machine/machine.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement, toJson } from '#platform/postgres/sql.ts'

interface Place {
  app: string
  environment: string
}

/** A run with what the server needs to carry it out. */
export interface StoredMachineRun extends MachineRun {
  /** begins the names of its commands on the target */
  key: string
  /** commands that were started */
  commands: number
  /** whether a person asked it to stop */
  stopping: boolean
}

/** What the API shows of a run. */
export const toMachineRun = ({
  key: _key,
  commands: _commands,
  stopping: _stopping,
  ...run
}: StoredMachineRun): MachineRun => run

export interface NewMachineRun extends Place {
  id: number
  mode: MachineMode
  key: string
  playbook: string
  sha: string
  release: number
  deployment: number | null
  actor: string
}

/** Days, and runs of each mode of an environment, for which runs and their output are kept. */
const kept = { days: 90, runs: 200 }

const columns = sql`id, app, environment, mode, key, commands, playbook, sha, release, deployment,
  state, stopping, reason, machines, changes, total, actor, started, ended`

/** The name of a command of a run on its target; the first one is 0. */
export const commandKey = (key: string, command: number): string => `${key}-${command}`

export async function nextMachineRun(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('machine_run', 'id')) as id`,
  )
  return rows[0]!.id
}

export const insertMachineRun = (run: NewMachineRun): Statement =>
  sql`insert into machine_run (id, app, environment, mode, key, playbook, sha, release, deployment,
      state, machines, changes, total, actor) overriding system value
    values (${run.id}, ${run.app}, ${run.environment}, ${run.mode}, ${run.key}, ${run.playbook},
      ${run.sha}, ${run.release}, ${run.deployment}::bigint, 'running', '[]', '[]', 0,
      ${run.actor})`

/** Stores that a command begins. */
export const beginCommand = (id: number, commands: number): Statement =>
  sql`update machine_run set commands = ${commands} where id = ${id}`

export type MachineProgress = Pick<MachineRun, 'machines' | 'changes' | 'total'>

export const setMachineProgress = (
  id: number,
  { machines, changes, total }: MachineProgress,
): Statement =>
  sql`update machine_run set machines = ${toJson(machines)}::json,
    changes = ${toJson(changes)}::json, total = ${total} where id = ${id} and ended is null`

export const endMachineRun = (
  id: number,
  { state, reason }: Pick<MachineRun, 'state' | 'reason'>,
): Statement =>
  sql`update machine_run set state = ${state}, reason = ${reason}::text, ended = now()
    where id = ${id} and ended is null`

export const askMachineRunToStop = (id: number): Statement =>
  sql`update machine_run set stopping = true where id = ${id} and ended is null`

export async function getMachineRun(
  db: Database,
  app: string,
  id: number,
): Promise<StoredMachineRun | null> {
  const rows = await db.query<StoredMachineRun>(
    sql`select ${columns} from machine_run where app = ${app} and id = ${id}`,
  )
  return rows[0] ?? null
}

/** Runs of an app, the newest first. */
export const listMachineRuns = (
  db: Database,
  {
    app,
    environment = null,
    mode = null,
    sha = null,
    limit,
  }: {
    app: string
    environment?: string | null | undefined
    mode?: MachineMode | null | undefined
    sha?: string | null | undefined
    limit: number
  },
): Promise<StoredMachineRun[]> =>
  db.query<StoredMachineRun>(sql`select ${columns} from machine_run
    where app = ${app} and (${environment}::text is null or environment = ${environment})
      and (${mode}::text is null or mode = ${mode}) and (${sha}::text is null or sha = ${sha})
    order by id desc limit ${limit}`)

export async function listMachines(db: Database, { app, environment }: Place): Promise<Machine[]> {
  const rows = await db.query<Omit<Machine, keyof MachineResult> & { result: MachineResult }>(
    sql`select app, environment, result, run, release, sha, applied, repeating from machine
      where app = ${app} and environment = ${environment} order by name`,
  )
  return rows.map(({ result, ...rest }) => ({ ...rest, ...result }))
}

type Applied = Pick<NewMachineRun, 'id' | 'app' | 'environment' | 'release' | 'sha'>

/**
 * Stores what a run did on machines. One that did not answer keeps the release that it has; one
 * that nothing is known of gets the release of the run, because a part may be applied.
 */
export const saveMachines = (run: Applied, results: readonly MachineResult[]): Statement[] =>
  results
    .filter(({ state }) => state !== 'waiting' && state !== 'running')
    .map(
      (result) => sql`insert into machine as m
          (app, environment, name, result, run, release, sha, applied)
        values (${run.app}, ${run.environment}, ${result.name}, ${toJson(result)}::json, ${run.id},
          ${run.release}, ${run.sha}, now())
        on conflict (app, environment, name) do update set result = excluded.result,
          run = excluded.run,
          release = case when ${result.state} = 'unreachable' then m.release
            else excluded.release end,
          sha = case when ${result.state} = 'unreachable' then m.sha else excluded.sha end,
          applied = case when ${result.state} = 'unreachable' then m.applied
            else excluded.applied end,
          repeating = case when ${result.state} = 'unreachable' then m.repeating end`,
    )

/** Stores the tasks of a machine that report a change at every run. */
export const saveRepeating = (
  { app, environment }: Place,
  name: string,
  repeating: MachineTask[],
): Statement =>
  sql`update machine set repeating = ${toJson(repeating)}::json
    where app = ${app} and environment = ${environment} and name = ${name}`

/** Whether a playbook is being applied in an environment, or was since another run began. */
export async function isAppliedSince(
  db: Database,
  { app, environment }: Place,
  run: number,
): Promise<boolean> {
  const rows = await db.query(sql`select from machine_run
    where app = ${app} and environment = ${environment} and mode = 'apply'
      and (ended is null or ended > (select started from machine_run where id = ${run}))
    limit 1`)
  return rows.length > 0
}

/** Deletes the machines that are no longer in the inventory. */
export const forgetMachines = ({ app, environment }: Place, names: readonly string[]): Statement =>
  sql`delete from machine where app = ${app} and environment = ${environment}
    and not (name = any(${names}::text[]))`

/** Runs that are older than what is kept. */
export const oldMachineRuns = (db: Database): Promise<StoredMachineRun[]> =>
  db.query<StoredMachineRun>(sql`select ${columns} from (
      select *, row_number() over (partition by app, environment, mode order by id desc) as position
      from machine_run where ended is not null
    ) r where position > ${kept.runs} or ended < now() - make_interval(days => ${kept.days})
    limit 100`)

export const deleteMachineRun = (id: number): Statement =>
  sql`delete from machine_run where id = ${id}`

/** Deletes everything of an environment that was removed. */
export const deleteMachines = (app: string, environment: string): Statement[] => [
  sql`delete from machine where app = ${app} and environment = ${environment}`,
  sql`delete from machine_run where app = ${app} and environment = ${environment}`,
]
