import { FairleadError } from '#contract/errors.ts'
import { setStays } from '#domains/deployment/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { planRollback, startRollback } from './plan-rollback.ts'

/** A release that does not stay healthy after it got the traffic. */
export interface Setback {
  reason: string
  /** why it is not rolled back, as a sentence; null when it is */
  stays: string | null
}

/**
 * Starts the rollback of a release that does not stay healthy. `running` is the former deployment,
 * if its services still run. The release stays if no other release can replace it; the event and
 * the result contain the reason.
 */
export async function takeBack(
  deps: Dependencies,
  step: StepContext,
  input: { deployment: number; app: string; environment: string },
  reason: string,
  running?: number,
): Promise<Setback> {
  const planned = await planRollback(deps.db, input.app, input.environment, { running }).catch(
    (error: unknown) => {
      if (error instanceof FairleadError) return error
      throw error
    },
  )
  const stays = planned instanceof FairleadError ? planned.message.replace(/\.$/, '') : null
  step.emit({
    type: 'dev.cdeventsx.fairlead-deployment.watched',
    subject: `deployment/${input.deployment}`,
    app: input.app,
    data: {
      ...{ environment: input.environment, outcome: 'harmful' as const, reason },
      ...(stays === null ? {} : { stays }),
    },
  })
  if (planned instanceof FairleadError) {
    step.write(setStays(input.deployment, `${reason}; ${stays}`))
    return { reason, stays }
  }
  const rollback = await startRollback(deps.db, planned, 'fairlead', reason)
  for (const statement of rollback.writes) step.write(statement)
  step.emit(rollback.event)
  step.start(rollback.workflow)
  return { reason, stays }
}
