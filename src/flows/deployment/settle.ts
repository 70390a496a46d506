import { judgeSettling } from '#domains/deployment/settle.ts'
import * as store from '#domains/deployment/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import {
  environmentOf,
  type FormerDeployment,
  type PlannedDeployment,
} from './planned-deployment.ts'
import { pause, retryWhileUnavailable } from './retry.ts'
import { targetOfPlan } from './targets.ts'
import { type Setback, takeBack } from './take-back.ts'

/** Milliseconds between two looks at a release that settles. */
const pollMs = 50

type Plan = Pick<PlannedDeployment, 'policy' | 'definition' | 'environment'>

/** Whether a release must prove that it stays up; a rollback returns to one that did. */
export const mustSettle = (plan: Plan): boolean =>
  plan.policy.isWatched && (environmentOf(plan)?.watch ?? 0) > 0

/**
 * Whether a release settles before it gets the traffic: when no former one can answer in its place,
 * or when none would be put back.
 */
export const settlesFirst = (plan: Plan, hasFormer: boolean): boolean =>
  plan.policy.settlesFirst || (!hasFormer && mustSettle(plan))

/**
 * Waits until a release has stayed up for its settling time. Returns why it did not, or null. Ends
 * early when a newer deployment waits for the environment.
 */
export async function settle(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
): Promise<string | null> {
  const target = targetOfPlan(deps, plan)
  const began = deps.clock.monotonic()
  for (;;) {
    if (step.signal.aborted) throw step.signal.reason
    const report = await retryWhileUnavailable(step, () => target.report(plan, 0))
    const problem = judgeSettling(report)
    if (problem !== null || report.instances.length === 0) return problem
    const left = began + Math.max(deps.settleMs, report.settleMs) - deps.clock.monotonic()
    if (left <= 0 || (await store.hasNewerDeployment(deps.db, plan.id))) return null
    await pause(step, Math.min(pollMs, left))
  }
}

/**
 * Waits until the release with the traffic has settled; when it crashes, starts its rollback to the
 * former one, which answers meanwhile.
 */
export async function settleLive(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: FormerDeployment | null,
): Promise<Setback | null> {
  const problem = await settle(deps, step, plan)
  if (problem === null) return null
  return takeBack(deps, step, { ...plan, deployment: plan.id }, problem, former?.id)
}
