import { rm } from 'node:fs/promises'
import * as runs from '#domains/pipeline/store.ts'
import type { WorkflowContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { endOfCancelled } from '#flows/pull-request/run.ts'
import { removeTmp } from '#flows/step/confinement.ts'
import { type DeliveryInput, type RunEnd, workspaceOf } from './input.ts'

/** Ends the run and its steps, and removes its files. */
export async function finish(
  ctx: WorkflowContext,
  deps: Dependencies,
  input: DeliveryInput,
  reached: RunEnd,
): Promise<RunEnd> {
  const { run, app, sha, actor, pullRequest } = input
  const end = await ctx.step('finish', async (step): Promise<RunEnd> => {
    const end =
      pullRequest && reached.state === 'cancelled'
        ? await endOfCancelled(deps.db, { app, run, pullRequest: pullRequest.number })
        : reached
    step.write(runs.closeSteps(run, end.state === 'cancelled' ? 'cancelled' : 'failed'))
    step.write(runs.endRun(run, end.state, end.reason))
    step.emit({
      type: 'dev.cdevents.pipelinerun.finished',
      subject: `run/${run}`,
      app,
      actor,
      data: {
        sha,
        outcome: end.state === 'succeeded' ? 'success' : 'failure',
        state: end.state,
        reason: end.reason,
        ...(pullRequest ? { pullRequest: pullRequest.number } : {}),
      },
    })
    return end
  })
  await removeTmp(deps, run)
  // The workspace of a failed run is kept for inspection until the next clean-up.
  if (end.state !== 'failed')
    await rm(workspaceOf(deps, run), { recursive: true, force: true }).catch(() => undefined)
  return end
}
