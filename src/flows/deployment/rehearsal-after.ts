import { FairleadError } from '#contract/errors.ts'
import type { RehearsalReport } from '#contract/rehearsal/rehearsal.ts'
import type { ReleaseSpec } from '#domains/deployment/target.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { PlannedDeployment } from './planned-deployment.ts'
import { retryWhileUnavailable } from './retry.ts'
import { targetOfPlan } from './targets.ts'

/**
 * Returns a function that rehearses a service of the release with the traffic after the command
 * before the start of another release; it returns the report, or why there is none.
 */
export function rehearsalAfter(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  { service, ...verify }: { service: string; verify?: string },
): (after: ReleaseSpec) => Promise<RehearsalReport | string> {
  const target = targetOfPlan(deps, plan)
  return (release) =>
    retryWhileUnavailable(step, async () => {
      try {
        const report = await target.rehearse?.(plan, service, undefined, { release, ...verify })
        return report ?? 'it cannot be tried'
      } catch (error) {
        const isMissing = error instanceof FairleadError && error.code !== 'unavailable'
        if (isMissing) return error.message.replace(/\.$/, '')
        throw error
      }
    })
}
