import { type OpenTarget, partsOf } from '#domains/deployment/open-targets.ts'
import * as store from '#domains/deployment/store.ts'
import { closeBefore } from '#domains/deployment/before-store.ts'
import { setVerdictState } from '#domains/verdict/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { unprovenValues, unprovenWords } from '#views/unproven.ts'
import { startAgain } from './elsewhere.ts'
import { removeFresh } from './fresh-baseline.ts'
import {
  factsOf,
  fenceOf,
  type FormerDeployment,
  type PlannedDeployment,
  subject,
} from './planned-deployment.ts'
import { retryWhileUnavailable } from './retry.ts'
import { answering, targetOfPlan, targetOfRelease } from './targets.ts'

/** How a deployment ends that did not get all of the traffic. */
export type EndState = 'failed' | 'cancelled' | 'superseded' | 'rolled_back'

/**
 * Ends a deployment before the switch: returns the traffic of a canary to its baseline, and removes
 * the release. A target that fails here does not keep the deployment open. Returns the
 * reason that is recorded.
 */
export async function giveUp(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  {
    state,
    reason,
    baseline,
    isSwitching,
    moved,
  }: {
    state: EndState
    reason: string
    baseline: FormerDeployment | null
    /** some of several hosts may have switched */
    isSwitching: boolean
    /** runs on another target, where services that never run twice may be stopped */
    moved: FormerDeployment | null
  },
): Promise<string> {
  try {
    if (baseline) await returnTraffic(deps, step, plan, baseline)
    else if (isSwitching) await removeNew(deps, step, plan, null)
    const isGone = await discard(deps, step, plan)
    if (moved && isGone) await startAgain(deps, step, plan, moved)
  } catch (error) {
    deps.log.warn('a failed release could not be removed from its target', {
      release: plan.release,
      error: String(error),
    })
  }
  step.write(closeBefore(plan.release))
  if (baseline) step.write(setVerdictState(plan.id, 'given_up'))
  const unproven = state === 'failed' ? await unprovenValues(deps.db, plan.release) : []
  const said = `${reason}${unprovenWords(unproven, plan)}`
  recordEnd(step, plan, state, said)
  return said
}

async function returnTraffic(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  { release, sharesTarget }: FormerDeployment,
): Promise<void> {
  const isElsewhere = sharesTarget === false
  const target = isElsewhere ? await targetOfRelease(deps, release) : targetOfPlan(deps, plan)
  await retryWhileUnavailable(step, async () =>
    (await answering(target)).route({ ...plan, release }, fenceOf(plan, step)),
  )
  await removeFresh(deps, step, plan, release)
  if (isElsewhere) await removeNew(deps, step, plan, target)
}

/** Removes the environment from the hosts that the former release was not on. */
async function removeNew(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: OpenTarget | null,
): Promise<void> {
  const own = targetOfPlan(deps, plan)
  const apart = former === null ? own : partsOf(own, former).apart
  if (apart)
    await retryWhileUnavailable(step, async () =>
      (await answering(apart)).removeEnvironment(plan, fenceOf(plan, step)),
    )
}

/** Removes a release, unless it has the traffic; returns whether it is gone. */
async function discard(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
): Promise<boolean> {
  const target = targetOfPlan(deps, plan)
  const fence = fenceOf(plan, step)
  return retryWhileUnavailable(step, async () => {
    const able = await answering(target)
    const report = await able.report(plan, 0)
    if (report.state === 'missing') return true
    if (report.routed) return false
    await (plan.policy.onFailure === 'stop' ? able.stop(plan, fence) : able.remove(plan, fence))
    return true
  })
}

/** Records the end of a deployment that did not become live. */
export function recordEnd(
  step: StepContext,
  plan: PlannedDeployment,
  state: EndState,
  reason: string,
): null {
  step.write(store.endDeployment(plan.id, state, reason))
  step.emit({
    ...subject(plan),
    type: 'dev.cdeventsx.fairlead-deployment.finished',
    data: { ...factsOf(plan), state, reason },
  })
  return null
}
