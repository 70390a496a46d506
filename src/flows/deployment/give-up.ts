import * as store from '#domains/deployment/store.ts'
import { closeBefore } from '#domains/deployment/before-store.ts'
import { setVerdictState } from '#domains/verdict/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { unprovenValues, unprovenWords } from '#views/unproven.ts'
import { removeFresh } from './fresh-baseline.ts'
import {
  factsOf,
  fenceOf,
  type FormerDeployment,
  type PlannedDeployment,
  subject,
} from './planned-deployment.ts'
import { retryWhileUnavailable } from './retry.ts'
import { targetOfPlan } from './targets.ts'

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
  }: { state: EndState; reason: string; baseline: FormerDeployment | null },
): Promise<string> {
  try {
    if (baseline) await returnTraffic(deps, step, plan, baseline.release)
    await discard(deps, step, plan)
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
  baseline: number,
): Promise<void> {
  const target = targetOfPlan(deps, plan)
  await retryWhileUnavailable(step, () =>
    target.route({ ...plan, release: baseline }, fenceOf(plan, step)),
  )
  await removeFresh(deps, step, plan, baseline)
}

async function discard(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
): Promise<void> {
  const target = targetOfPlan(deps, plan)
  const report = await retryWhileUnavailable(step, () => target.report(plan, 0))
  if (report.routed || report.state === 'missing') return
  const fence = fenceOf(plan, step)
  await retryWhileUnavailable(step, () =>
    plan.policy.onFailure === 'stop' ? target.stop(plan, fence) : target.remove(plan, fence),
  )
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
