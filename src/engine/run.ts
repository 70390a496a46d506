import { setImmediate as tick } from 'node:timers/promises'
import { toJson } from '#platform/postgres/sql.ts'
import { createContext } from './context.ts'
import { checkpoint, insist, requireLease, type Execution } from './execution.ts'
import { endWorkflow, recordedSteps } from './records.ts'
import { Broken, Cancelled, Failed, LeaseLost, type WorkflowState } from './workflow.ts'

interface End {
  state: WorkflowState
  /** JSON */
  output: string
  reason: string | null
}

/** Runs a workflow here until it ends or its lease is lost. Never throws. */
export async function run(execution: Execution): Promise<void> {
  const { log } = execution.around
  try {
    await load(execution)
    const end = await call(execution)
    await drain(execution)
    requireLease(execution)
    execution.isEnding = true
    await record(execution, end)
  } catch (error) {
    if (error instanceof LeaseLost)
      log.warn('a workflow is left to another replica', {
        workflow: execution.id,
        epoch: execution.epoch,
      })
    else log.error('a workflow cannot be ended', { workflow: execution.id, error: String(error) })
  }
}

async function load(execution: Execution): Promise<void> {
  if (execution.epoch === 1) return
  const steps = await insist(execution, () => recordedSteps(execution.around.db, execution.id), [])
  for (const recorded of steps) execution.recorded.set(recorded.name, recorded)
}

async function call(execution: Execution): Promise<End> {
  const { workflow, definition } = execution
  if (workflow.version !== definition.version) {
    const reason = `it began with version ${workflow.version} of ${workflow.name}, and this Fairlead has version ${definition.version}, which cannot go on with it; start it again`
    return { state: 'broken', output: 'null', reason }
  }
  try {
    const output = await definition.run(createContext(execution), workflow.input)
    return { state: 'succeeded', output: toJson(output), reason: null }
  } catch (error) {
    requireLease(execution)
    const isPlanned =
      error instanceof Failed || error instanceof Cancelled || error instanceof Broken
    if (!isPlanned)
      execution.around.log.error('a workflow threw outside its steps', {
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

function stateOf(error: unknown): WorkflowState {
  if (error instanceof LeaseLost) throw error
  if (error instanceof Failed) return 'failed'
  if (error instanceof Cancelled) return 'cancelled'
  return 'broken'
}

/**
 * Steps that the function did not wait for end before the workflow does, and so do those that
 * follow them.
 */
async function drain(execution: Execution): Promise<void> {
  while (execution.running.size > 0) {
    await Promise.allSettled(execution.running.values())
    await tick()
  }
}

async function record(execution: Execution, end: End): Promise<void> {
  await checkpoint(execution, [endWorkflow(execution, end.state, end.output, end.reason)])
}
