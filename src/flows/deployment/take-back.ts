import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { planRollback, startRollback } from './plan-rollback.ts'

/** Starts the rollback of a release that does not stay healthy. */
export async function takeBack(
  deps: Dependencies,
  step: StepContext,
  input: { deployment: number; app: string; environment: string },
  reason: string,
): Promise<{ outcome: string }> {
  const data = { environment: input.environment, outcome: 'harmful' as const, reason }
  step.emit({
    type: 'dev.cdeventsx.fairlead-deployment.watched',
    subject: `deployment/${input.deployment}`,
    app: input.app,
    data,
  })
  try {
    const plan = await planRollback(deps.db, input.app, input.environment)
    const rollback = await startRollback(deps.db, plan, 'fairlead', reason)
    for (const statement of rollback.writes) step.write(statement)
    step.emit(rollback.event)
    step.start(rollback.workflow)
    return { outcome: `rolled back: ${reason}` }
  } catch (error) {
    return { outcome: `${reason}; the rollback failed: ${(error as Error).message}` }
  }
}
