import { FairleadError } from '#contract/errors.ts'
import {
  keptInBoth,
  keptWords,
  onceServices,
  silentWords,
  targetsElsewhere,
} from '#domains/deployment/elsewhere.ts'
import { listHolding } from '#domains/deployment/place-store.ts'
import { getRelease } from '#domains/deployment/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { fenceOf, type FormerDeployment, type PlannedDeployment } from './planned-deployment.ts'
import { releaseSpec } from './release-spec.ts'
import { retryWhileUnavailable } from './retry.ts'
import { targetOfPlan, targetOfRelease } from './targets.ts'

/** Why a release cannot move to its target; null when it can, or when it does not move. */
export async function moveProblem(
  deps: Dependencies,
  { definition }: PlannedDeployment,
  former: FormerDeployment | null,
): Promise<string | null> {
  if (former === null || former.sharesTarget !== false) return null
  const before = await getRelease(deps.db, former.release)
  const [kept] = keptInBoth(before?.definition.services ?? {}, definition.services)
  if (kept === undefined) return null
  return keptWords(kept, (await targetOfRelease(deps, former.release)).title)
}

export const runsOnce = ({ definition }: PlannedDeployment): boolean =>
  onceServices(definition.services).length > 0

/**
 * Stops the services of a release that never run twice on every other target that may run them.
 * Returns why it is not known that they are dead, or null when they are.
 */
export async function stopElsewhere(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
): Promise<string | null> {
  const services = onceServices(plan.definition.services)
  const holding = (await listHolding(deps.db, plan)).map((one) => deps.targets.of(one))
  for (const target of targetsElsewhere(targetOfPlan(deps, plan), holding)) {
    try {
      await retryWhileUnavailable(step, async () =>
        target.stopServices?.(plan, services, fenceOf(plan, step)),
      )
    } catch (error) {
      if (!(error instanceof FairleadError) || error.code !== 'unavailable') throw error
      return silentWords(services, target)
    }
  }
  return null
}

/** Starts what `stopElsewhere` has stopped, after the new release is dead. */
export async function startAgain(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: FormerDeployment,
): Promise<void> {
  const target = await targetOfRelease(deps, former.release)
  const spec = await releaseSpec(deps, former.release, fenceOf(plan, step))
  await retryWhileUnavailable(step, () => target.start(spec))
}
