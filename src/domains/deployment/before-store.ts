import type { BeforeCommand, DeploymentDetail, ServicePause } from '#contract/deployment/before.ts'
import type { HostBeforeStatus } from '#contract/host/before.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** A command that has begun, with its place. */
export interface BegunCommand extends Pick<
  BeforeCommand,
  'release' | 'run' | 'command' | 'service' | 'isCompatible' | 'check' | 'restore'
> {
  app: string
  environment: string
  deployment: number
}

const columns = sql`release, run, command, service, is_compatible as "isCompatible", state, code,
  reason, started, ended, checked as "check", restore`

const jsonOrNull = (value: unknown): string | null =>
  value === null ? null : JSON.stringify(value)

/** Stores the state of the command of a release. */
export function setBefore(one: BegunCommand, status: HostBeforeStatus): Statement {
  const { state, code, reason } = status
  const started = new Date(status.started).toISOString()
  const ended = status.ended === null ? null : new Date(status.ended).toISOString()
  return sql`insert into before_command (release, app, environment, run, deployment, command,
      service, is_compatible, state, code, reason, started, ended, checked, restore)
    values (${one.release}, ${one.app}, ${one.environment}, ${one.run}, ${one.deployment},
      ${one.command}, ${one.service}, ${one.isCompatible}, ${state}, ${code}::int, ${reason}::text,
      ${started}::timestamptz, ${ended}::timestamptz,
      ${jsonOrNull(one.check)}::json, ${jsonOrNull(one.restore)}::json)
    on conflict (release) do update set state = excluded.state, code = excluded.code,
      reason = excluded.reason, ended = excluded.ended`
}

/** Ends the command of a release whose deployment ended while it ran. */
export const closeBefore = (release: number): Statement =>
  sql`update before_command set state = 'unknown', ended = now(),
      reason = 'the deployment ended while it ran; it may have run in part'
    where release = ${release} and state = 'running'`

/** Whether the command of another release of the run has succeeded in the environment. */
export async function hasSucceeded(
  db: Database,
  {
    app,
    environment,
    run,
    release,
  }: Omit<BegunCommand, 'command' | 'service' | 'isCompatible' | 'check' | 'restore'>,
): Promise<boolean> {
  const rows = await db.query(sql`select 1 from before_command
    where app = ${app} and environment = ${environment} and run = ${run}
      and release <> ${release} and state = 'succeeded' limit 1`)
  return rows.length > 0
}

export async function getBefore(db: Database, release: number): Promise<BeforeCommand | null> {
  const rows = await db.query<BeforeCommand>(
    sql`select ${columns} from before_command where release = ${release}`,
  )
  return rows[0] ?? null
}

/** The commands that began in an environment after a time, newest first. */
export async function listBeforeSince(
  db: Database,
  { app, environment, since }: { app: string; environment: string; since: string },
): Promise<BeforeCommand[]> {
  return db.query<BeforeCommand>(sql`select ${columns} from before_command
    where app = ${app} and environment = ${environment} and started > ${since}::timestamptz
    order by started desc`)
}

export const setPauses = (deployment: number, pauses: ServicePause[]): Statement =>
  sql`update deployment set pauses = ${JSON.stringify(pauses)}::json where id = ${deployment}`

export async function getPauses(db: Database, deployment: number): Promise<ServicePause[]> {
  const rows = await db.query<{ pauses: ServicePause[] | null }>(
    sql`select pauses from deployment where id = ${deployment}`,
  )
  return rows[0]?.pauses ?? []
}

/** How long clients waited at the last restart of each service of an environment. */
export async function lastPauses(
  db: Database,
  app: string,
  environment: string,
): Promise<DeploymentDetail['expectedPauses']> {
  return db.query(sql`select distinct on (p->>'service') p->>'service' as service,
      (p->>'pauseMs')::float8 as "pauseMs", d.id as deployment
    from deployment d, json_array_elements(d.pauses) p
    where d.app = ${app} and d.environment = ${environment} and d.pauses is not null
      and p->>'did' = 'restarted' and p->>'pauseMs' is not null
    order by p->>'service', d.id desc`)
}
