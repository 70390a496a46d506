import type { StepContext } from '#engine/workflow.ts'
import { releaseSpec } from './release-spec.ts'
import { targetOfPlan } from './targets.ts'
import { retryWhileUnavailable } from './retry.ts'
import { environmentOf, type PlannedDeployment } from './planned-deployment.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/**
 * The number on the target of another start of a release, for as long as a canary is compared with
 * it.
 */
export const freshOf = (release: number): number => -release

/**
 * Starts the release before once more; false when it does not come up, and the canary is compared
 * with the old instances.
 */
export async function startFresh(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: number,
): Promise<boolean> {
  const fence = { deployment: plan.id, epoch: step.epoch }
  const target = targetOfPlan(deps, plan)
  const release = { ...(await releaseSpec(deps, former, fence)), release: freshOf(former) }
  await retryWhileUnavailable(step, () => target.start(release))
  for (;;) {
    if (step.signal.aborted) throw step.signal.reason
    const { state, reason } = await retryWhileUnavailable(step, () => target.report(release, 1000))
    if (state === 'ready') return true
    if (state === 'starting') continue
    deps.log.warn(
      'no fresh instances of the release before: the canary is compared with its old ones',
      {
        release: former,
        reason,
      },
    )
    return false
  }
}

/** Takes them away; nothing when there are none. */
export async function removeFresh(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: number,
): Promise<void> {
  if (environmentOf(plan)?.canary.fresh)
    await retryWhileUnavailable(step, () =>
      targetOfPlan(deps, plan).remove(
        { app: plan.app, environment: plan.environment, release: freshOf(former) },
        { deployment: plan.id, epoch: step.epoch },
      ),
    )
}
