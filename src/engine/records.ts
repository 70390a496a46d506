import { versionOf } from '#contract/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, toJson, type Statement } from '#platform/postgres/sql.ts'
import type { NewWorkflow, WorkflowState } from './workflow.ts'

/** A workflow that a replica has claimed. */
export interface ClaimedWorkflow {
  id: string
  name: string
  version: number
  chain: string
  input: unknown
  epoch: number
  cancel: boolean
}

export type StepOutcome = 'passed' | 'failed' | 'broken'

export interface RecordedStep {
  name: string
  outcome: StepOutcome
  result: unknown
  reason: string | null
}

/** Identifies an epoch of a workflow. Statements with an epoch that is over are refused. */
export interface Fence {
  id: string
  epoch: number
}

export const startWorkflow = (workflow: NewWorkflow): Statement =>
  sql`select start_workflow(${workflow.id}, ${workflow.name}, ${workflow.chain},
    ${toJson(workflow.input)}::json)`

export const beginStep = (fence: Fence, name: string, tries: number): Statement =>
  sql`select begin_step(${fence.id}, ${fence.epoch}, ${name}, ${tries},
    ${versionOf('dev.cdeventsx.fairlead-step.repeated')}) as attempt`

export const flushStep = (fence: Fence, name: string, flush: number): Statement =>
  sql`select flush_step(${fence.id}, ${fence.epoch}, ${name}, ${flush})`

/** `result` is JSON. */
export const endStep = (
  fence: Fence,
  name: string,
  outcome: StepOutcome,
  result: string,
  reason: string | null,
): Statement =>
  sql`select end_step(${fence.id}, ${fence.epoch}, ${name}, ${outcome}, ${result}::json, ${reason})`

/** `output` is JSON. */
export const endWorkflow = (
  fence: Fence,
  state: WorkflowState,
  output: string,
  reason: string | null,
): Statement =>
  sql`select end_workflow(${fence.id}, ${fence.epoch}, ${state}, ${output}::json, ${reason},
    ${versionOf('dev.cdeventsx.fairlead-workflow.broken')})`

export const takeLock = (fence: Fence, name: string, rank: number): Statement =>
  sql`select take_lock(${fence.id}, ${fence.epoch}, ${name}, ${rank}) as held`

export const freeLock = (fence: Fence, name: string, step: string): Statement =>
  sql`select free_lock(${fence.id}, ${fence.epoch}, ${name}, ${step})`

export const leaveQueue = (fence: Fence, name: string): Statement[] => [
  sql`select fence(${fence.id}, ${fence.epoch})`,
  sql`select free_locks(${fence.id}, ${name})`,
]

export function recordedSteps(db: Database, id: string): Promise<RecordedStep[]> {
  return db.query<RecordedStep>(
    sql`select name, outcome, result, reason from workflow_step
      where workflow = ${id} and ended is not null`,
  )
}

export interface Registration {
  id: string
  /** milliseconds */
  lease: number
  /** the names that the process registered under before */
  former?: string[]
  home?: string | null | undefined
}

/** Fails with FL004 while a replica of another home holds its lease. */
export const register = ({ id, lease, former = [], home = null }: Registration): Statement =>
  sql`select register_replica(${id}, ${lease} * interval '1 ms', ${former}::text[],
    ${home}::text)`

/** These replicas did not crash: their process lost its lease and registered again. */
export const retractCrashes = (replicas: string[]): Statement =>
  sql`select retract_crashes(${replicas}::text[],
    ${versionOf('dev.cdeventsx.fairlead-workflow.continued')})`

export const releaseWorkflows = (replica: string): Statement => sql`select give_back(${replica})`

export function claim(
  db: Database,
  replica: string,
  definition: { name: string; version: number },
  slots: number,
): Promise<ClaimedWorkflow[]> {
  return db.query<ClaimedWorkflow>(sql`select id, name, version, chain, input, epoch, cancel
    from claim_workflows(${replica}, ${definition.name}, ${definition.version}, ${slots},
      ${versionOf('dev.cdeventsx.fairlead-workflow.takenover')},
      ${versionOf('dev.cdeventsx.fairlead-workflow.suspended')})`)
}

export interface Beat {
  mine: ClaimedWorkflow[]
  claimable: string[]
}

/**
 * Renews the lease. Returns the workflows that the replica owns, and the definitions that have
 * workflows to claim.
 */
export async function beat(
  db: Database,
  replica: string,
  lease: number,
  names: string[],
): Promise<Beat> {
  const [, mine, claimable] = await db.vital([
    sql`select beat(${replica}, ${lease} * interval '1 ms')`,
    sql`select id, name, version, chain, input, epoch, cancel from workflow
      where owner = ${replica} and state = 'running'`,
    sql`select claimable(${names}) as names`,
  ])
  return {
    mine: mine as unknown as ClaimedWorkflow[],
    claimable: (claimable?.[0]?.['names'] ?? []) as string[],
  }
}

export async function cancelWorkflow(db: Database, id: string): Promise<boolean> {
  const rows = await db.query<{ found: boolean }>(sql`select cancel_workflow(${id}) as found`)
  return rows[0]?.found ?? false
}

/** Lets a suspended workflow be claimed again. */
export const continueWorkflow = (id: string): Statement => sql`select continue_workflow(${id})`

export async function workflowEnd(
  db: Database,
  id: string,
): Promise<{
  state: WorkflowState
  output: unknown
  reason: string | null
  ended: string | null
} | null> {
  const rows = await db.query<{
    state: WorkflowState
    output: unknown
    reason: string | null
    ended: string | null
  }>(sql`select state, output, reason, ended from workflow where id = ${id}`)
  return rows[0] ?? null
}

/**
 * Deletes the steps of workflows that ended more than `days` days ago, in small batches so that no
 * other query waits. The workflows remain, so that their ids stay unique. Returns the number of
 * workflows whose steps were deleted.
 */
export async function deleteOldSteps(db: Database, days: number, batch = 200): Promise<number> {
  for (let cleaned = 0; ;) {
    const [rows] = await db.batch([
      sql`with old as (
        update workflow set steps_kept = false where id in (
          select id from workflow where ended < now() - ${days} * interval '1 day' and steps_kept
          order by ended limit ${batch} for update skip locked)
        returning id
      ), gone as (delete from workflow_step where workflow in (select id from old))
      select count(*) as count from old`,
    ])
    const count = Number(rows?.[0]?.['count'] ?? 0)
    cleaned += count
    if (count < batch) return cleaned
  }
}

/** Returns how those of the workflows ended that have ended. */
export async function endsOf(
  db: Database,
  ids: string[],
): Promise<{ id: string; state: string; reason: string | null }[]> {
  if (ids.length === 0) return []
  return db.query(
    sql`select id, state, reason from workflow
      where id = any(${ids}) and ended is not null`,
  )
}
