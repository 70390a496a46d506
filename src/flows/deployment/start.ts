import * as store from '#domains/deployment/store.ts'
import type { ReleaseReport, ReleaseSpec, Target } from '#domains/deployment/target.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { beforeSpec, noteBefore, recordStart, type Trials } from './before.ts'
import { factsOf, fenceOf, type PlannedDeployment, subject } from './planned-deployment.ts'
import { releaseSpec } from './release-spec.ts'
import { retryWhileUnavailable } from './retry.ts'
import { targetOfPlan } from './targets.ts'

type Addresses = NonNullable<ReleaseReport['addresses']>
/** `addresses`: on each of several hosts */
export type Started =
  | { reason: null; address: string | null; addresses?: Addresses }
  | { reason: string; address: null }

/**
 * Starts a release, and waits until it is healthy or has failed. Of several hosts, the first one
 * starts alone when a command runs before, so that it runs once.
 */
export async function start(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  trials: Trials,
): Promise<Started> {
  const target = targetOfPlan(deps, plan)
  const spec = await releaseSpec(deps, plan.release, fenceOf(plan, step))
  const release = { ...spec, ...(await beforeSpec(deps, plan)) }
  const [first] = target.hosts?.names ?? []
  const isStaged = release.before !== undefined && target.hosts && first !== undefined
  if (isStaged) {
    const report = await startOn(deps, step, plan, trials, target.hosts.on([first]), release)
    if (report.state === 'failed') return recordEnd(step, plan, report, trials)
  }
  const report = await startOn(deps, step, plan, trials, target, isStaged ? spec : release)
  return recordEnd(step, plan, report, trials)
}

/** Starts a release on a target, or a part of it; returns its report when it is ready or failed. */
async function startOn(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  trials: Trials,
  target: Target,
  release: ReleaseSpec,
): Promise<ReleaseReport> {
  let isNoted = false
  await retryWhileUnavailable(step, () => target.start(release))
  for (;;) {
    if (step.signal.aborted) throw step.signal.reason
    const report = await retryWhileUnavailable(step, () => target.report(plan, 1000))
    if (!isNoted) await noteBefore(deps, plan, report, trials)
    isNoted ||= report.before !== undefined
    if (report.state === 'failed' || report.state === 'ready') return report
    if (report.state !== 'starting') await retryWhileUnavailable(step, () => target.start(release))
  }
}

function recordEnd(
  step: StepContext,
  plan: PlannedDeployment,
  report: ReleaseReport,
  trials: Trials,
): Started {
  recordStart(step, plan, report, trials)
  if (report.state === 'failed')
    return { reason: report.reason ?? 'the release is not healthy', address: null }
  const next = plan.policy.isVerified ? 'verifying' : 'switching'
  step.write(store.setDeploymentState(plan.id, next))
  step.emit({
    ...subject(plan),
    type: 'dev.cdeventsx.fairlead-deployment.healthy',
    data: factsOf(plan),
  })
  const { address, addresses } = report
  return { reason: null, address, ...(addresses && { addresses }) }
}
