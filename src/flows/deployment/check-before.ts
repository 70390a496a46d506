import type { BeforeCheck } from '#contract/deployment/before.ts'
import { triedOf } from '#domains/deployment/before.ts'
import { getRelease } from '#domains/deployment/store.ts'
import type { StepContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { beforeSpec } from './before.ts'
import {
  environmentOf,
  fenceOf,
  type FormerDeployment,
  type PlannedDeployment,
} from './planned-deployment.ts'
import { rehearsalAfter } from './rehearsal-after.ts'
import { releaseSpec } from './release-spec.ts'
import { targetOfPlan } from './targets.ts'

/** What a trial on a copy of the data has shown. */
interface Checked {
  /** why the command must not run on the data itself, in one sentence; null when it may */
  refused: string | null
  /** null when there is no command to try */
  check: BeforeCheck | null
}

export const isChecked = (plan: PlannedDeployment): boolean =>
  environmentOf(plan)?.before?.compatible === 'check'

/**
 * Runs the command of a release on a copy of the data, and then the release with the traffic on the
 * same copy. When that does not work, it is tried without the command, too: a fault that is there
 * in both cases says nothing about the command.
 */
export async function checkBefore(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  former: FormerDeployment,
): Promise<Checked> {
  const { before } = await beforeSpec(deps, plan)
  const release = await getRelease(deps.db, former.release)
  if (before === undefined || release === null) return { refused: null, check: null }
  const found = (state: BeforeCheck['state'], reason: string | null): Checked => ({
    refused: null,
    check: { run: release.run, state, reason },
  })
  const tried = triedOf(release.definition, plan.environment)
  const target = targetOfPlan(deps, plan)
  if (tried === null) return found('unknown', 'it has no service with a command to try')
  if (!target.rehearse || former.sharesTarget === false)
    return found('unknown', `${target.title} has no copy of its data`)
  const next = await releaseSpec(deps, plan.release, fenceOf(plan, step))
  const rehearse = rehearsalAfter(deps, step, plan, tried)
  const report = await rehearse({ ...next, before })
  if (typeof report === 'string') return found('unknown', report)
  if (report.state === 'returns') return found('compatible', null)
  const isRefused = report.checks.some(({ name, state }) => name === 'before' && state === 'failed')
  if (isRefused) return { refused: `the command before the start ${report.reason}`, check: null }
  if (report.state === 'unknown') return found('unknown', report.reason)
  const without = await rehearse(next)
  if (typeof without === 'string') return found('unknown', without)
  return without.state === 'returns'
    ? found('incompatible', report.reason)
    : found('unknown', `on a copy, it does not work without the command either: ${without.reason}`)
}
