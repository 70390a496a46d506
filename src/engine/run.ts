import { setImmediate as tick } from 'node:timers/promises'
import { toJson } from '#platform/postgres/sql.ts'
import { createContext } from './context.ts'
import { checkpoint, requireLease, retryWhileLeased, type Execution } from './execution.ts'
import { type ClaimedWorkflow, endWorkflow, recordedSteps } from './records.ts'
import {
  Broken,
  Cancelled,
  Failed,
  LeaseLost,
  type WorkflowDefinition,
  type WorkflowState,
} from './workflow.ts'

interface End {
  state: WorkflowState
  /** JSON */
  output: string
  reason: string | null
}

/** Runs a workflow on this replica until it ends or the lease is lost. Never throws. */
export async function run(execution: Execution): Promise<void> {
  const { log } = execution.context
  try {
    await load(execution)
    const end = await call(execution)
    await drain(execution)
    requireLease(execution)
    execution.isEnding = true
    await record(execution, end)
  } catch (error) {
    if (error instanceof LeaseLost) {
      if (!execution.context.isClosed())
        log.warn('another replica takes over a workflow', {
          workflow: execution.id,
          epoch: execution.epoch,
        })
    } else
      log.error('the end of a workflow could not be stored', {
        workflow: execution.id,
        error: String(error),
      })
  }
}

async function load(execution: Execution): Promise<void> {
  if (execution.epoch === 1) return
  const steps = await retryWhileLeased(
    execution,
    () => recordedSteps(execution.context.db, execution.id),
    [],
  )
  for (const recorded of steps) execution.recorded.set(recorded.name, recorded)
}

async function call(execution: Execution): Promise<End> {
  const { workflow, definition } = execution
  if (workflow.version !== definition.version) {
    return { state: 'broken', output: 'null', reason: versionProblem(workflow, definition) }
  }
  try {
    const output = await definition.run(createContext(execution), workflow.input)
    return { state: 'succeeded', output: toJson(output), reason: null }
  } catch (error) {
    requireLease(execution)
    const isPlanned =
      error instanceof Failed || error instanceof Cancelled || error instanceof Broken
    if (!isPlanned)
      execution.context.log.error('a workflow threw an error outside its steps', {
        workflow: execution.id,
        error: String(error),
      })
    return {
      state: stateOf(error),
      output: 'null',
      reason: error instanceof Error ? error.message : String(error),
    }
  }
}

function versionProblem(workflow: ClaimedWorkflow, definition: WorkflowDefinition): string {
  const { name, version } = workflow
  return (
    `it started with version ${version} of the workflow ${name}, which this Fairlead ` +
    `(version ${definition.version}) cannot continue; start it again`
  )
}

function stateOf(error: unknown): WorkflowState {
  if (error instanceof LeaseLost) throw error
  if (error instanceof Failed) return 'failed'
  if (error instanceof Cancelled) return 'cancelled'
  return 'broken'
}

/** Waits for steps that the workflow function did not await, and for the steps that follow them. */
async function drain(execution: Execution): Promise<void> {
  while (execution.running.size > 0) {
    await Promise.allSettled(execution.running.values())
    await tick()
  }
}

async function record(execution: Execution, end: End): Promise<void> {
  await checkpoint(execution, [endWorkflow(execution, end.state, end.output, end.reason)])
}
