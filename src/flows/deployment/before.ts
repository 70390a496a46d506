import type { BeforeCheck, RestoreCheck } from '#contract/deployment/before.ts'
import type { HostBefore } from '#contract/host/before.ts'
import { beforeOf, type DeclaredBefore, scriptOf } from '#domains/deployment/before.ts'
import * as store from '#domains/deployment/before-store.ts'
import type { ReleaseReport } from '#domains/deployment/target.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { environmentOf, factsOf, type PlannedDeployment, subject } from './planned-deployment.ts'

/**
 * The command that a deployment runs before the services of its release; none for a rollback, and
 * none when a release of the same run has run it here, such as before a change of the
 * configuration.
 */
export async function beforeSpec(
  { db }: Pick<Dependencies, 'db'>,
  plan: PlannedDeployment,
): Promise<{ before?: HostBefore }> {
  const before = await declaredBefore({ db }, plan)
  if (before === null) return {}
  const { service, timeout } = before
  return { before: { run: scriptOf(before), service, timeout } }
}

/** The same with its backup, as declared; null when it does not run. */
export async function declaredBefore(
  { db }: Pick<Dependencies, 'db'>,
  plan: PlannedDeployment,
): Promise<DeclaredBefore | null> {
  const before =
    plan.policy.kind === 'rollback' ? null : beforeOf(plan.definition, plan.environment)
  if (before === null) return null
  return (await store.hasSucceeded(db, { ...plan, deployment: plan.id })) ? null : before
}

/** What was tried on a copy of the data before a command runs; null for what was not tried. */
export interface Trials {
  check: BeforeCheck | null
  restore: RestoreCheck | null
}

/** Stores the command of a release that has begun, so that it is shown while it runs. */
export async function noteBefore(
  { db }: Pick<Dependencies, 'db'>,
  plan: PlannedDeployment,
  { before }: Pick<ReleaseReport, 'before'>,
  trials: Trials,
): Promise<void> {
  const one = begun(plan, trials)
  if (before?.state === 'running' && one) await db.batch([store.setBefore(one, before)])
}

/** Records how the command of a release ended, and which services the start has restarted. */
export function recordStart(
  step: StepContext,
  plan: PlannedDeployment,
  { before, exclusive = [] }: Pick<ReleaseReport, 'before' | 'exclusive'>,
  trials: Trials,
): void {
  const one = begun(plan, trials)
  if (one && before) {
    step.write(store.setBefore(one, before))
    if (before.state !== 'running')
      step.emit({
        ...subject(plan),
        type: 'dev.cdeventsx.fairlead-deployment.prepared',
        data: {
          ...{ ...factsOf(plan), command: one.command, state: before.state },
          ...{ reason: before.reason, ms: (before.ended ?? before.started) - before.started },
        },
      })
  }
  if (exclusive.length > 0) step.write(store.setPauses(plan.id, exclusive))
  for (const { service, did, pauseMs } of exclusive)
    if (did === 'restarted' && pauseMs !== null)
      step.emit({
        ...subject(plan),
        type: 'dev.cdeventsx.fairlead-deployment.paused',
        data: { ...factsOf(plan), service, pauseMs },
      })
}

function begun(plan: PlannedDeployment, { check, restore }: Trials): store.BegunCommand | null {
  const { app, environment, run, release, id: deployment, definition } = plan
  const before = beforeOf(definition, environment)
  if (before === null) return null
  return {
    ...{ app, environment, run, release, deployment },
    ...{ command: before.run, service: before.service },
    isCompatible: check === null ? !isIncompatible(plan) : check.state === 'compatible',
    ...{ check, restore },
  }
}

const isIncompatible = (plan: PlannedDeployment): boolean =>
  environmentOf(plan)?.before?.compatible === false
