import type { WorkflowContext, WorkflowDefinition } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { applyMachines, planMachines } from './apply.ts'
import type { MachineWork } from './work.ts'

/** An application or a check outside of a deployment. Its row is stored. */
export type MachinesInput = MachineWork & {
  /** the run of the live release, which orders it among deployments */
  rank: number
}

export const machinesWorkflow = (
  deps: Dependencies,
): WorkflowDefinition<MachinesInput, { reason: string | null }> => ({
  ...{ name: 'machines', version: 1, concurrency: 8 },
  run: (ctx, input) => runMachines(ctx, deps, input),
})

async function runMachines(
  ctx: WorkflowContext,
  deps: Dependencies,
  input: MachinesInput,
): Promise<{ reason: string | null }> {
  // A deployment must not wait for a check.
  if (input.mode !== 'apply') return { reason: await planMachines(ctx, deps, input) }
  // No deployment starts services on machines that are being changed.
  const lock = `environment/${input.app}/${input.environment}`
  await ctx.lock(lock, input.rank)
  const reason = await applyMachines(ctx, deps, input, input.rank)
  await ctx.unlock(lock)
  return { reason }
}
