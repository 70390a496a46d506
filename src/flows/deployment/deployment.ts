import { stepFile } from '#contract/pipeline-file/step-file.ts'
import { decideConfiguration, getStored } from '#domains/configuration/store.ts'
import { findRollbackTarget } from '#domains/deployment/deployment.ts'
import * as store from '#domains/deployment/store.ts'
import { setVerdictState } from '#domains/verdict/store.ts'
import type { Fence, ReleaseReference } from '#domains/deployment/target.ts'
import {
  Broken,
  Cancelled,
  Failed,
  type StepContext,
  type WorkflowContext,
} from '#engine/workflow.ts'
import { runCanary } from './canary.ts'
import { removeFresh } from './fresh-baseline.ts'
import { openSecrets, releaseSpec } from './release-spec.ts'
import { targetOfPlan, targetOfRelease } from './targets.ts'
import { retryWhileUnavailable } from './retry.ts'
import { lookAgainMs, lookForPermission } from './permission.ts'
import { facts, type PlannedDeployment, subject } from './planned-deployment.ts'
import { executeStep } from '#flows/step/step.ts'
import type { Dependencies } from '#flows/dependencies.ts'

export type DeploymentOutcome =
  | { state: 'live'; retired: Promise<void> }
  | { state: 'failed' | 'superseded'; reason: string }

/**
 * Puts a release into an environment: lock → start → healthy → verify → switch → retire the one
 * before. Until the switch the traffic is not touched, so every failure before it leaves the
 * environment as it was. `retired` ends when the one before is drained and stopped; the lock is
 * kept until then.
 */
export async function deploy(
  ctx: WorkflowContext,
  deps: Dependencies,
  plan: PlannedDeployment,
): Promise<DeploymentOutcome> {
  const at = plan.environment
  const reference: ReleaseReference = { app: plan.app, environment: at, release: plan.release }
  /** has traffic while this one is a canary */
  let beside: Former | null = null
  try {
    if (plan.asksPermission) {
      const permission = await ctx.until(`${at}.permission`, lookAgainMs, () =>
        lookForPermission(deps, plan),
      )
      if (permission.end !== null) {
        await ctx.step(`${at}.refused`, (step) => refuse(deps, step, plan, permission))
        return { state: permission.end, reason: permission.reason }
      }
    }
    await ctx.lock(lockName(plan), plan.rank)
    const admitted = await ctx.step(`${at}.admit`, (step) => admit(deps, step, plan))
    if (!admitted.go) {
      await ctx.unlock(lockName(plan))
      return { state: admitted.state, reason: admitted.reason }
    }
    const started = await ctx.step(`${at}.start`, (step) => start(deps, step, plan, reference))
    if (started.reason !== null) return await giveUp(ctx, deps, plan, 'failed', started.reason)
    if (plan.verify && plan.definition.environments[at]?.verify) {
      const reason = await ctx.step(`${at}.verify`, (step) =>
        verify(deps, step, plan, started.address),
      )
      if (reason !== null) return await giveUp(ctx, deps, plan, 'failed', reason)
    }
    const { former } = admitted
    if (
      former &&
      plan.kind !== 'rollback' &&
      plan.definition.environments[at]?.strategy === 'canary' &&
      (await targetOfRelease(deps, former.release)).id === targetOfPlan(deps, plan).id
    ) {
      beside = former
      const canary = await ctx.step(`${at}.canary`, (step) => runCanary(deps, step, plan, former))
      if (canary.end !== 'promote') {
        const state = canary.end === 'take back' ? 'rolled_back' : 'superseded'
        return await giveUp(ctx, deps, plan, state, canary.reason, beside)
      }
    }
    await ctx.step(`${at}.switch`, (step) =>
      switchTraffic(deps, ctx.chain, step, plan, admitted.former),
    )
    return { state: 'live', retired: retire(ctx, deps, plan, admitted.former) }
  } catch (error) {
    if (error instanceof Cancelled)
      await ctx.uncancelled(() => giveUp(ctx, deps, plan, 'cancelled', 'cancelled', beside))
    if (error instanceof Broken || error instanceof Failed)
      return giveUp(ctx, deps, plan, 'failed', error.message, beside)
    throw error
  }
}

const lockName = (plan: { app: string; environment: string }): string =>
  `environment/${plan.app}/${plan.environment}`

interface Former {
  id: number
  release: number
}

async function admit(deps: Dependencies, step: StepContext, plan: PlannedDeployment) {
  const live = await store.liveDeployment(deps.db, plan.app, plan.environment)
  const decision = plan.admit({ live, heldIn: await heldIn(deps, plan) })
  if (!decision.go) {
    end(step, plan, decision.state, decision.reason)
    return decision
  }
  if (plan.refreshConfiguration) {
    const own = await ownConfiguration(deps, plan)
    const { version } = await getStored(deps.db, plan.app, plan.environment)
    step.write(store.setReleaseConfiguration(plan.release, Math.max(version, own)))
    step.write(decideConfiguration(plan.app, plan.environment, own, 'in_force'))
  }
  step.write(store.beginDeployment(plan.id, live?.id ?? null))
  step.emit({
    ...subject(plan),
    type: 'dev.cdeventsx.fairlead-deployment.started',
    data: facts(plan),
  })
  return { go: true as const, former: live ? { id: live.id, release: live.release } : null }
}

/**
 * The version that a deployment of a configuration brings; 0 for any other, which takes what is in
 * force.
 */
async function ownConfiguration(deps: Dependencies, plan: PlannedDeployment): Promise<number> {
  const release =
    plan.kind === 'configuration' ? await store.getRelease(deps.db, plan.release) : null
  return release?.configuration ?? 0
}

/**
 * A configuration that may not come is not brought by the next change either. One that gave way to
 * a later one is part of that.
 */
async function refuse(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  answer: { end: 'failed' | 'superseded'; reason: string },
): Promise<null> {
  if (answer.end === 'failed')
    step.write(
      decideConfiguration(
        plan.app,
        plan.environment,
        await ownConfiguration(deps, plan),
        'refused',
      ),
    )
  return end(step, plan, answer.end, answer.reason)
}

function end(
  step: StepContext,
  plan: PlannedDeployment,
  state: 'failed' | 'cancelled' | 'superseded' | 'rolled_back',
  reason: string,
): null {
  step.write(store.endDeployment(plan.id, state, reason))
  step.emit({
    ...subject(plan),
    type: 'dev.cdeventsx.fairlead-deployment.finished',
    data: { ...facts(plan), state, reason },
  })
  return null
}

/** The environment, this one or an earlier one, that the change was taken back from. */
async function heldIn(deps: Dependencies, plan: PlannedDeployment): Promise<string | null> {
  const order = Object.keys(plan.definition.environments)
  const here = order.indexOf(plan.environment)
  const holds = await store.heldChanges(deps.db, plan.app)
  return (
    holds.find((held) => held.sha === plan.sha && order.indexOf(held.environment) <= here)
      ?.environment ?? null
  )
}

async function start(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  reference: ReleaseReference,
) {
  const target = targetOfPlan(deps, plan)
  const release = await releaseSpec(deps, plan.release, fence(plan, step))
  await retryWhileUnavailable(step, () => target.start(release))
  for (;;) {
    if (step.signal.aborted) throw step.signal.reason
    const report = await retryWhileUnavailable(step, () => target.report(reference, 1000))
    if (report.state === 'ready') {
      step.write(store.setDeploymentState(plan.id, plan.verify ? 'verifying' : 'switching'))
      step.emit({
        ...subject(plan),
        type: 'dev.cdeventsx.fairlead-deployment.healthy',
        data: facts(plan),
      })
      return { reason: null, address: report.address }
    }
    if (report.state === 'failed')
      return { reason: report.reason ?? 'the release does not become healthy', address: null }
    if (report.state !== 'starting') await retryWhileUnavailable(step, () => target.start(release))
  }
}

/** The reason it failed, or null. */
async function verify(
  deps: Dependencies,
  step: StepContext,
  plan: PlannedDeployment,
  address: string | null,
): Promise<string | null> {
  const command = plan.definition.environments[plan.environment]?.verify
  if (!command) return null
  const secrets = await openSecrets(deps, plan.app, plan.environment)
  const result = await executeStep(deps, step, {
    run: plan.run,
    app: plan.app,
    sha: plan.sha,
    pullRequest: null,
    isTrusted: true,
    name: `verify-${plan.environment}`,
    file: stepFile.parse({ run: command.run, timeout: `${command.timeout}ms` }),
    workspace: plan.folder,
    directory: plan.folder,
    env: {
      ...plan.definition.environments[plan.environment]?.env,
      FAIRLEAD_ENVIRONMENT: plan.environment,
      FAIRLEAD_RELEASE: String(plan.release),
      ...(address === null ? {} : { FAIRLEAD_URL: address }),
    },
    masks: Object.values(secrets),
  })
  if (!result.passed) return `the verification said no: ${result.reason ?? 'it failed'}`
  step.write(store.setDeploymentState(plan.id, 'switching'))
  step.emit({
    ...subject(plan),
    type: 'dev.cdeventsx.fairlead-deployment.verified',
    data: facts(plan),
  })
  return null
}

async function switchTraffic(
  deps: Dependencies,
  chain: string,
  step: StepContext,
  plan: PlannedDeployment,
  former: Former | null,
) {
  await retryWhileUnavailable(step, () => targetOfPlan(deps, plan).route(plan, fence(plan, step)))
  for (const statement of store.switchDeployments(
    plan.id,
    plan.app,
    plan.environment,
    plan.formerState,
    plan.formerReason,
  ))
    step.write(statement)
  const type = plan.kind === 'rollback' ? 'rolledback' : former ? 'upgraded' : 'deployed'
  const artifact = (await store.getRelease(deps.db, plan.release))?.artifact
  step.emit({
    ...subject(plan),
    type: `dev.cdevents.service.${type}`,
    data: {
      ...{ ...facts(plan), former: former?.id ?? null },
      ...(artifact === undefined ? {} : { artifact }),
    },
  })
  step.emit({
    ...subject(plan),
    type: 'dev.cdeventsx.fairlead-deployment.finished',
    data: { ...facts(plan), state: 'live', reason: null },
  })
  const watch = plan.definition.environments[plan.environment]?.watch ?? 0
  if (watch > 0 && plan.kind !== 'rollback') {
    step.start({
      id: `watch/${plan.id}`,
      name: 'watch',
      chain,
      input: {
        deployment: plan.id,
        app: plan.app,
        environment: plan.environment,
        release: plan.release,
        watch,
      },
    })
  }
}

/**
 * Stops the release that had the traffic, keeps it when it is the one to roll back to, and removes
 * what is older.
 */
async function retire(
  ctx: WorkflowContext,
  deps: Dependencies,
  plan: PlannedDeployment,
  former: Former | null,
): Promise<void> {
  await ctx.uncancelled(async () => {
    await ctx.step(`${plan.environment}.retire`, async (step) => {
      const at = { app: plan.app, environment: plan.environment }
      const target = targetOfPlan(deps, plan)
      if (former && former.release !== plan.release) {
        const formerTarget = await targetOfRelease(deps, former.release)
        if (formerTarget.id === target.id) {
          await removeFresh(deps, step, plan, former.release)
          await retryWhileUnavailable(step, () =>
            target.stop({ ...at, release: former.release }, fence(plan, step)),
          )
        } else {
          // The traffic went to another target: the former release still has that of its own.
          await retryWhileUnavailable(step, () =>
            formerTarget.removeEnvironment(at, fence(plan, step)),
          )
        }
      }
      const history = await store.pastDeployments(deps.db, plan.app, plan.environment)
      const holds = await store.heldChanges(deps.db, plan.app)
      const rollback = findRollbackTarget(
        history,
        holds.filter((held) => held.environment === plan.environment).map((held) => held.sha),
      )
      const keep = new Set([plan.release, history.find((past) => past.id === rollback.to)?.release])
      const old = history.slice(0, 8).filter((past) => !keep.has(past.release))
      for (const past of new Map(old.map((one) => [one.release, one])).values())
        await retryWhileUnavailable(step, () =>
          deps.targets.of(past.target).remove({ ...at, release: past.release }, fence(plan, step)),
        )
      return null
    })
    await ctx.unlock(lockName(plan))
  })
}

/** Takes away what was started; what traffic it had as a canary goes back to the one beside it. */
async function giveUp(
  ctx: WorkflowContext,
  deps: Dependencies,
  plan: PlannedDeployment,
  state: 'failed' | 'cancelled' | 'superseded' | 'rolled_back',
  reason: string,
  beside: Former | null = null,
): Promise<DeploymentOutcome> {
  await ctx.step(`${plan.environment}.give-up`, async (step) => {
    const reference = { app: plan.app, environment: plan.environment, release: plan.release }
    const target = targetOfPlan(deps, plan)
    try {
      if (beside) {
        await retryWhileUnavailable(step, () =>
          target.route({ ...reference, release: beside.release }, fence(plan, step)),
        )
        await removeFresh(deps, step, plan, beside.release)
      }
      const report = await retryWhileUnavailable(step, () => target.report(reference, 0))
      if (!report.routed && report.state !== 'missing') {
        await retryWhileUnavailable(step, () =>
          plan.kind === 'rollback'
            ? target.stop(reference, fence(plan, step))
            : target.remove(reference, fence(plan, step)),
        )
      }
    } catch (error) {
      deps.log.warn('a failed release could not be removed from its host', {
        release: plan.release,
        error: String(error),
      })
    }
    if (beside) step.write(setVerdictState(plan.id, 'given_up'))
    return end(step, plan, state, reason)
  })
  await ctx.unlock(lockName(plan))
  return { state: state === 'superseded' ? 'superseded' : 'failed', reason }
}

const fence = (plan: PlannedDeployment, step: StepContext): Fence => ({
  deployment: plan.id,
  epoch: step.epoch,
})
