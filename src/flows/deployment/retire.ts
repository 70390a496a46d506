import { findRollbackTarget, type PastDeployment } from '#domains/deployment/deployment.ts'
import { partsOf } from '#domains/deployment/open-targets.ts'
import { setHeld } from '#domains/deployment/place-store.ts'
import * as store from '#domains/deployment/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { removeFresh } from './fresh-baseline.ts'
import { fenceOf, type FormerDeployment, type PlannedDeployment } from './planned-deployment.ts'
import { retryWhileUnavailable } from './retry.ts'
import { answering, targetOfPlan, targetOfRelease } from './targets.ts'
import { pastDeployments } from '#views/deployment.ts'

/** Past deployments whose releases may still be on a target, and past ones that were proven. */
const pastDeploymentsChecked = 8

/** Stops the former release, and removes every release that is no longer a rollback target. */
export async function retire(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: FormerDeployment | null,
): Promise<null> {
  const fence = fenceOf(plan, step)
  if (former && former.release !== plan.release) await stopFormer(deps, step, plan, former.release)
  for (const { release, target } of await obsoleteReleases(deps, plan))
    await retryWhileUnavailable(step, async () =>
      (await answering(deps.targets.of(target))).remove({ ...plan, release }, fence),
    )
  return null
}

async function stopFormer(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: number,
): Promise<void> {
  const fence = fenceOf(plan, step)
  const target = await targetOfRelease(deps, former)
  const own = targetOfPlan(deps, plan)
  const { shared, apart } = partsOf(target, own)
  if (target.id === own.id) await removeFresh(deps, step, plan, former)
  if (shared)
    await retryWhileUnavailable(step, async () =>
      (await answering(shared)).stop({ ...plan, release: former }, fence),
    )
  // There, the former target still routes its own traffic to the release: it cannot stop it alone.
  if (apart)
    await retryWhileUnavailable(step, async () =>
      (await answering(apart)).removeEnvironment(plan, fence),
    )
  // One of several hosts may not have answered.
  if (apart && !shared && !target.hosts) {
    const choice = (await store.getRelease(deps.db, former))?.target
    if (choice) step.write(setHeld(plan, choice, false))
  }
}

async function obsoleteReleases(
  deps: Dependencies,
  plan: PlannedDeployment,
): Promise<PastDeployment[]> {
  const history = await pastDeployments(deps.db, plan.app, plan.environment)
  const holds = await store.heldChanges(deps.db, plan.app)
  const held = holds.filter((hold) => hold.environment === plan.environment)
  const rollback = findRollbackTarget(
    history,
    held.map((hold) => hold.sha),
  )
  const kept = [plan.release, history.find((past) => past.id === rollback.to)?.release]
  // A proven release stays for as long as no later one is proven.
  const obsolete = [history, history.filter((past) => past.isProven)]
    .flatMap((some) => some.slice(0, pastDeploymentsChecked))
    .filter((past) => !kept.includes(past.release))
  return [...new Map(obsolete.map((past) => [past.release, past])).values()]
}
