import type { StepContext } from '#engine/workflow.ts'
import { releaseSpec } from './release-spec.ts'
import { targetOfPlan } from './targets.ts'
import { retryWhileUnavailable } from './retry.ts'
import { environmentOf, type PlannedDeployment } from './planned-deployment.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** The number of instances of a service of the canary; undefined when it does not have it. */
const instancesOf = (plan: PlannedDeployment, service: string): number | undefined =>
  plan.definition.services[service] &&
  (environmentOf(plan)?.instances ?? plan.definition.services[service].instances)

/** Number of a second start of a release, with which a canary is compared. */
export const freshOf = (release: number): number => -release

/**
 * Starts the former release a second time. Returns false when that fails; the canary is then
 * compared with the running instances.
 */
export async function startFresh(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: number,
): Promise<boolean> {
  const fence = { deployment: plan.id, epoch: step.epoch }
  const target = targetOfPlan(deps, plan)
  const spec = await releaseSpec(deps, former, fence)
  const release = {
    ...{ ...spec, release: freshOf(former) },
    // Of equal size, so that the load of each instance is the same.
    services: spec.services.map((service) => ({
      ...service,
      instances: instancesOf(plan, service.name) ?? service.instances,
    })),
  }
  await retryWhileUnavailable(step, () => target.start(release))
  for (;;) {
    if (step.signal.aborted) throw step.signal.reason
    const { state, reason } = await retryWhileUnavailable(step, () => target.report(release, 1000))
    if (state === 'ready') return true
    if (state === 'starting') continue
    deps.log.warn(
      'the former release could not be started again: the canary is compared with its running ones',
      {
        release: former,
        reason,
      },
    )
    return false
  }
}

/** Removes the second start, if there is one. */
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
