import type { CanaryFile } from '#contract/pipeline-file/canary-file.ts'
import { getRelease } from '#domains/deployment/store.ts'
import { scaledInstances } from '#domains/scale/rules.ts'
import { scalesOf } from '#domains/scale/store.ts'
import { inProgressOf, needsFresh } from '#domains/verdict/fresh.ts'
import { Failed, type StepContext } from '#engine/workflow.ts'
import { releaseSpec, serviceSpecs } from './release-spec.ts'
import { answering, hostNameOf, targetOfPlan } from './targets.ts'
import { retryWhileUnavailable } from './retry.ts'
import { environmentOf, type PlannedDeployment } from './planned-deployment.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** The number of instances of a service of the canary; undefined when it does not have it. */
const instancesOf = (plan: PlannedDeployment, service: string): number | undefined =>
  plan.definition.services[service] &&
  (environmentOf(plan)?.instances ?? plan.definition.services[service].instances)

/** Number of a second start of a release, with which a canary is compared. */
export const freshOf = (release: number): number => -release

/** Whether the canary must be compared with a second start of the former release. */
export async function isFreshNeeded(
  deps: Dependencies,
  plan: PlannedDeployment,
  { former, canary }: { former: number; canary: CanaryFile },
): Promise<boolean> {
  const { share: traffic } = targetOfPlan(deps, plan)
  if (canary.fresh !== 'auto' || !traffic) return canary.fresh === true
  const release = await getRelease(deps.db, former)
  if (!release) return false
  const { services, environments } = release.definition
  // Without values: a secret of the former release that is gone does not end this one.
  const none = { variables: {}, secrets: {}, files: new Map() }
  const service = serviceSpecs(services, environments[plan.environment], {
    ...{ ...none, settleMs: deps.settleMs },
    host: hostNameOf(deps, release.definition, plan.environment),
  }).find(({ hasTraffic }) => hasTraffic)
  if (!service) return false
  const scales = await scalesOf(deps.db, plan)
  const scaled = (declared: number) => scaledInstances(scales, service.name, declared)
  const instances = {
    baseline: scaled(service.instances),
    canary: scaled(instancesOf(plan, service.name) ?? service.instances),
  }
  const answer = await traffic.served(plan, null).catch(() => null)
  const seconds = answer?.seconds.filter((one) => one.release === former) ?? []
  const own = seconds.filter((one) => one.service === service.name)
  return needsFresh({ canary, instances, inProgress: inProgressOf(own) })
}

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
  const spec = await releaseSpec(deps, former, fence).catch((error: unknown) => {
    if (error instanceof Failed) return error
    throw error
  })
  if (spec instanceof Failed) return noStart(deps, former, spec.message)
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
    return noStart(deps, former, reason)
  }
}

function noStart({ log }: Dependencies, former: number, reason: string | null): false {
  log.warn(
    'the former release could not be started again: the canary is compared with its running ones',
    { release: former, reason },
  )
  return false
}

/** Removes the second start, if there is one. */
export async function removeFresh(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: number,
): Promise<void> {
  const file = environmentOf(plan)
  if (file?.strategy === 'canary' && file.canary.fresh !== false)
    await retryWhileUnavailable(step, async () =>
      (await answering(targetOfPlan(deps, plan))).remove(
        { app: plan.app, environment: plan.environment, release: freshOf(former) },
        { deployment: plan.id, epoch: step.epoch },
      ),
    )
}
