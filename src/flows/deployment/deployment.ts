import { Broken, Cancelled, Failed, type WorkflowContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { deployMachines } from '#flows/machine/deploy.ts'
import { isRehearsed, rehearseRelease } from '#flows/rehearsal/rehearse-release.ts'
import { admit, refuse } from './admit.ts'
import { runCanary } from './canary.ts'
import type { Trials } from './before.ts'
import { checkBefore, isChecked } from './check-before.ts'
import { checkRestore, hasRestore } from './check-restore.ts'
import { runsOnce, stopElsewhere } from './elsewhere.ts'
import { type EndState, giveUp } from './give-up.ts'
import { checkPermission, permissionPollMs } from './permission.ts'
import {
  environmentOf,
  type FormerDeployment,
  type PlannedDeployment,
} from './planned-deployment.ts'
import { retire } from './retire.ts'
import { mustSettle, settle, settleLive, settlesFirst } from './settle.ts'
import { start } from './start.ts'
import { switchTraffic } from './switch.ts'
import { failIfAway, targetOfPlan } from './targets.ts'
import type { Setback } from './take-back.ts'
import { verify } from './verify.ts'

export type DeploymentOutcome =
  | { state: 'live'; settled: Promise<Setback | null>; retired: Promise<void> }
  | { state: 'failed' | 'superseded'; reason: string }

/** Why a release does not get the traffic, and how its deployment ends. */
interface Refusal {
  state: EndState
  reason: string
}

/**
 * Deploys a release: permission → lock → admit → machines → start → verify → canary → switch →
 * settle → retire the former release. A failure before the switch leaves the environment as it
 * was. The former release runs until the new one has settled. `settled` resolves with null, or
 * with the reason why the new one is not healthy; `retired` resolves when the former one is
 * drained and stopped, and the lock is held until then. `earlier` resolves, before the switch,
 * with the reason not to switch, or with null. The lock is held until `used` resolves, too.
 */
export async function deploy(
  ctx: WorkflowContext,
  deps: Dependencies,
  planned: PlannedDeployment,
  earlier: Promise<string | null> = Promise.resolve(null),
  used: Promise<void> = Promise.resolve(),
): Promise<DeploymentOutcome> {
  const { environment, policy } = planned
  let plan = planned
  /** may have the traffic beside this release: during a canary, and a switch of several hosts */
  let baseline: FormerDeployment | null = null
  /** some of several hosts may have switched */
  let isSwitching = false
  /** its services that never run twice may be stopped for this release */
  let moved: FormerDeployment | null = null
  const abandon = async ({ state, reason }: Refusal): Promise<DeploymentOutcome> => {
    const said = await ctx.step(`${environment}.give-up`, (step) =>
      giveUp(deps, step, plan, { state, reason, baseline, isSwitching, moved }),
    )
    await ctx.unlock(lockName(plan))
    return { state: state === 'superseded' ? 'superseded' : 'failed', reason: said }
  }
  try {
    const refused = policy.needsPermission ? await waitForPermission(ctx, deps, plan) : null
    if (refused !== null) return refused
    await ctx.lock(lockName(plan), policy.rank)
    const admitted = await ctx.step(`${environment}.admit`, (step) => admit(deps, step, plan))
    if (!admitted.go) {
      await ctx.unlock(lockName(plan))
      return { state: admitted.state, reason: admitted.reason }
    }
    const { former, leftOut } = admitted
    if (leftOut !== undefined) plan = { ...plan, leftOut }
    if (former?.sharesTarget === false && runsOnce(plan)) moved = former
    const unhealthy = await startAndVerify(ctx, deps, plan, former)
    if (unhealthy !== null) return await abandon({ state: 'failed', reason: unhealthy })
    const hasCanary = former !== null && isCanary(plan, former)
    let isProven = true
    if (hasCanary) {
      baseline = former
      const canary = await ctx.step(`${environment}.canary`, (step) =>
        failIfAway(targetOfPlan(deps, plan), () => runCanary(deps, step, plan, former)),
      )
      if (canary.end !== 'promote')
        return await abandon({
          state: canary.end === 'take back' ? 'rolled_back' : 'superseded',
          reason: canary.reason,
        })
      isProven = canary.isProven
    }
    const setback = await earlier
    if (setback !== null) return await abandon({ state: 'failed', reason: setback })
    if (leftOut !== undefined) [baseline, isSwitching] = [former, true]
    await ctx.step(`${environment}.switch`, (step) =>
      switchTraffic(deps, ctx.chain, step, plan, former, { hasCanary, isProven }),
    )
    // A canary has proven more than that it stays up.
    const settled =
      former && !hasCanary && mustSettle(plan)
        ? ctx.uncancelled(() =>
            ctx.step(`${environment}.settle`, (step) => settleLive(deps, step, plan, former)),
          )
        : Promise.resolve(null)
    return { state: 'live', settled, retired: finish(ctx, deps, plan, { former, settled, used }) }
  } catch (error) {
    if (error instanceof Cancelled)
      await ctx.uncancelled(() => abandon({ state: 'cancelled', reason: 'cancelled' }))
    if (error instanceof Broken || error instanceof Failed)
      return abandon({ state: 'failed', reason: error.message })
    throw error
  }
}

const lockName = (plan: PlannedDeployment): string => `environment/${plan.app}/${plan.environment}`

/** Returns the outcome when the deployment was refused; null when it may begin. */
async function waitForPermission(
  ctx: WorkflowContext,
  deps: Dependencies,
  plan: PlannedDeployment,
): Promise<DeploymentOutcome | null> {
  const answer = await ctx.until(`${plan.environment}.permission`, permissionPollMs, () =>
    checkPermission(deps, plan),
  )
  if (answer.end === null) return null
  await ctx.step(`${plan.environment}.refused`, (step) => refuse(deps, step, plan, answer))
  return { state: answer.end, reason: answer.reason }
}

/** Returns why the release is not fit for traffic; null when it is. */
async function startAndVerify(
  ctx: WorkflowContext,
  deps: Dependencies,
  plan: PlannedDeployment,
  former: FormerDeployment | null,
): Promise<string | null> {
  const { environment, policy } = plan
  // A rollback returns the traffic first.
  const halted = policy.kind === 'rollback' ? null : await deployMachines(ctx, deps, plan)
  if (halted !== null) return halted
  if (former !== null && isRehearsed(plan)) {
    const refused = await ctx.step(`${environment}.rehearse`, (step) =>
      rehearseRelease(deps, step, plan, former),
    )
    if (refused !== null) return refused
  }
  const tried = await tryBefore(ctx, deps, plan, former)
  if ('refused' in tried) return tried.refused
  if (runsOnce(plan)) {
    const twice = await ctx.step(`${environment}.stop-elsewhere`, (step) =>
      stopElsewhere(deps, step, plan),
    )
    if (twice !== null) return twice
  }
  const started = await ctx.step(`${environment}.start`, (step) => start(deps, step, plan, tried))
  if (started.reason !== null) return started.reason
  const problem = settlesFirst(plan, former !== null)
    ? await ctx.step(`${environment}.settle`, (step) => settle(deps, step, plan))
    : null
  if (problem !== null) return problem
  if (!policy.isVerified || !environmentOf(plan)?.verify) return null
  return ctx.step(`${environment}.verify`, (step) => verify(deps, step, plan, started))
}

/** Tries the command before the start and its backup on a copy, or returns why it must not run. */
async function tryBefore(
  ctx: WorkflowContext,
  deps: Dependencies,
  plan: PlannedDeployment,
  former: FormerDeployment | null,
): Promise<Trials | { refused: string }> {
  const { environment } = plan
  if (former === null) return { check: null, restore: null }
  const restored = hasRestore(plan)
    ? await ctx.step(`${environment}.restore`, (step) => checkRestore(deps, step, plan, former))
    : null
  if (restored !== null && restored.refused !== null) return { refused: restored.refused }
  const checked = isChecked(plan)
    ? await ctx.step(`${environment}.check`, (step) => checkBefore(deps, step, plan, former))
    : null
  if (checked !== null && checked.refused !== null) return { refused: checked.refused }
  return { check: checked?.check ?? null, restore: restored?.restore ?? null }
}

const isCanary = (plan: PlannedDeployment, former: FormerDeployment): boolean =>
  plan.policy.mayBeCanary &&
  environmentOf(plan)?.strategy === 'canary' &&
  former.sharesTarget !== false

interface Finish {
  former: FormerDeployment | null
  settled: Promise<Setback | null>
  used: Promise<void>
}

/**
 * Retires the former release, and frees the environment. When the new one is being rolled back, the
 * former one runs on.
 */
async function finish(
  ctx: WorkflowContext,
  deps: Dependencies,
  plan: PlannedDeployment,
  { former, settled, used }: Finish,
): Promise<void> {
  await ctx.uncancelled(async () => {
    const setback = await settled
    if (plan.policy.kind === 'rollback') await deployMachines(ctx, deps, plan)
    if (setback === null || setback.stays !== null)
      await ctx.step(`${plan.environment}.retire`, (step) => retire(deps, step, plan, former))
  })
  await used
  await ctx.uncancelled(() => ctx.unlock(lockName(plan)))
}
