import * as store from '#domains/deployment/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { beforeSpec, noteBefore, recordStart, type Trials } from './before.ts'
import { factsOf, fenceOf, type PlannedDeployment, subject } from './planned-deployment.ts'
import { releaseSpec } from './release-spec.ts'
import { retryWhileUnavailable } from './retry.ts'
import { targetOfPlan } from './targets.ts'

type Started = { reason: null; address: string | null } | { reason: string; address: null }

/** Starts a release, and waits until it is healthy or has failed. */
export async function start(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  trials: Trials,
): Promise<Started> {
  const target = targetOfPlan(deps, plan)
  const release = {
    ...(await releaseSpec(deps, plan.release, fenceOf(plan, step))),
    ...(await beforeSpec(deps, plan)),
  }
  let isNoted = false
  await retryWhileUnavailable(step, () => target.start(release))
  for (;;) {
    if (step.signal.aborted) throw step.signal.reason
    const report = await retryWhileUnavailable(step, () => target.report(plan, 1000))
    const { state, reason, address } = report
    if (!isNoted) await noteBefore(deps, plan, report, trials)
    isNoted ||= report.before !== undefined
    if (state === 'failed') {
      recordStart(step, plan, report, trials)
      return { reason: reason ?? 'the release is not healthy', address: null }
    }
    if (state === 'ready') {
      recordStart(step, plan, report, trials)
      const next = plan.policy.isVerified ? 'verifying' : 'switching'
      step.write(store.setDeploymentState(plan.id, next))
      step.emit({
        ...subject(plan),
        type: 'dev.cdeventsx.fairlead-deployment.healthy',
        data: factsOf(plan),
      })
      return { reason: null, address }
    }
    if (state !== 'starting') await retryWhileUnavailable(step, () => target.start(release))
  }
}
