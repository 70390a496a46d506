import type { RestoreCheck } from '#contract/deployment/before.ts'
import { restoreScriptOf, triedOf } from '#domains/deployment/before.ts'
import { getRelease } from '#domains/deployment/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { declaredBefore } from './before.ts'
import { rehearsalAfter } from './rehearsal-after.ts'
import {
  environmentOf,
  fenceOf,
  type FormerDeployment,
  type PlannedDeployment,
} from './planned-deployment.ts'
import { releaseSpec } from './release-spec.ts'
import { targetOfPlan } from './targets.ts'

/** What a restore on a copy of the data has shown. */
interface Restored {
  /** why the command must not run on the data itself, in one sentence; null when it may */
  refused: string | null
  /** null when there is no command */
  restore: RestoreCheck | null
}

export const hasRestore = (plan: PlannedDeployment): boolean =>
  environmentOf(plan)?.before?.restore !== undefined

/**
 * Makes the backup, runs the command and restores the backup on a copy of the data, and then starts
 * the release with the traffic there. A release that does not work on an untouched copy either says
 * nothing about the restore.
 */
export async function checkRestore(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: FormerDeployment,
): Promise<Restored> {
  const [before, release] = await Promise.all([
    declaredBefore(deps, plan),
    getRelease(deps.db, former.release),
  ])
  const script = before && restoreScriptOf(before)
  if (before === null || script === null || release === null)
    return { refused: null, restore: null }
  const unknown = (reason: string | null): Restored => ({
    refused: null,
    restore: { state: 'unknown', reason },
  })
  const tried = triedOf(release.definition, plan.environment)
  const target = targetOfPlan(deps, plan)
  if (tried === null) return unknown('it has no service with a command to try')
  if (!target.rehearse || former.sharesTarget === false)
    return unknown(`${target.title} has no copy of its data`)
  const { service, timeout } = before
  const next = await releaseSpec(deps, plan.release, fenceOf(plan, step))
  const rehearse = rehearsalAfter(deps, step, plan, tried)
  const report = await rehearse({ ...next, before: { run: script, service, timeout } })
  if (typeof report === 'string') return unknown(report)
  if (report.state === 'returns')
    return { refused: null, restore: { state: 'works', reason: null } }
  const isRefused = report.checks.some(({ name, state }) => name === 'before' && state === 'failed')
  if (isRefused)
    return {
      refused: `the restore was tried before the start, and ${report.reason}`,
      restore: null,
    }
  if (report.state === 'unknown') return unknown(report.reason)
  const without = await rehearse(next)
  if (typeof without === 'string' || without.state !== 'returns')
    return unknown('on a copy, the release with the traffic does not work without a restore either')
  return {
    refused:
      'after a restore on a copy of the data, the release with the traffic does not work: ' +
      `${report.reason}`,
    restore: null,
  }
}
