import { basename } from 'node:path'
import { FairleadError } from '#contract/errors.ts'
import type { RehearsalReport } from '#contract/rehearsal/rehearsal.ts'
import { insertRehearsal } from '#domains/rehearsal/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import {
  fenceOf,
  type FormerDeployment,
  type PlannedDeployment,
} from '#flows/deployment/planned-deployment.ts'
import { releaseSpec } from '#flows/deployment/release-spec.ts'
import { serviceChanges } from '#flows/deployment/service-changes.ts'
import { retryWhileUnavailable } from '#flows/deployment/retry.ts'
import { targetOfPlan } from '#flows/deployment/targets.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** Whether a deployment changes a service that keeps data; a rollback does not wait. */
export const isRehearsed = ({ definition, policy }: PlannedDeployment): boolean =>
  policy.kind !== 'rollback' && Object.values(definition.services).some(({ keeps }) => keeps)

/**
 * Rehearses the services that keep data and that a release changes, before it starts: they stop
 * before they start again, so that a fault would be an outage. Returns why one would not come back,
 * or null.
 */
export async function rehearseRelease(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: FormerDeployment,
): Promise<string | null> {
  const { app, environment, release, actor } = plan
  const target = targetOfPlan(deps, plan)
  const next = await releaseSpec(deps, release, fenceOf(plan, step))
  const changes = await serviceChanges(deps, former.release, release)
  for (const [service, { keeps }] of Object.entries(plan.definition.services)) {
    const isChanged = keeps && changes.get(service) !== 'nothing'
    const report = isChanged
      ? await retryWhileUnavailable(step, () => tryService(target.rehearse, plan, service, next))
      : null
    if (report === null) continue
    const { state, reason, place } = report
    const cause = 'deployment'
    for (const write of insertRehearsal({
      ...{ app, environment, service, release, cause, actor, report },
    }))
      step.write(write)
    step.emit({
      type: 'dev.cdeventsx.fairlead-service.rehearsed',
      subject: `environment/${app}/${environment}`,
      ...{ app, actor },
      data: { service, release, cause, state, reason },
    })
    const where = place === null ? '' : ` (${basename(place.file)}:${place.line}: ${place.text})`
    if (state === 'fails') return `${service} would not come back: ${reason}${where}`
  }
  return null
}

/** Null for a service that the live release does not have, and without the capability. */
async function tryService(
  rehearse: ReturnType<typeof targetOfPlan>['rehearse'],
  plan: PlannedDeployment,
  service: string,
  next: Awaited<ReturnType<typeof releaseSpec>>,
): Promise<RehearsalReport | null> {
  try {
    return (await rehearse?.(plan, service, next)) ?? null
  } catch (error) {
    if (error instanceof FairleadError && error.code === 'not_found') return null
    throw error
  }
}
