import { join } from 'node:path'
import * as deployments from '#domains/deployment/store.ts'
import type { StepContext, WorkflowContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { deploy } from '#flows/deployment/deployment.ts'
import { permissionRules } from '#flows/deployment/permission.ts'
import { facts } from '#flows/deployment/planned-deployment.ts'
import { deliveryPolicy } from '#flows/deployment/policy.ts'
import type { Setback } from '#flows/deployment/take-back.ts'
import { missingEvidenceSentence, signVerdict } from '#flows/evidence/evidence.ts'
import { planDeployedMachines } from '#flows/machine/deploy.ts'
import type { Background } from './background.ts'
import { type Delivered, tryExperiments } from './try-experiments.ts'
import { type BuiltChange, type RunEnd, workspaceOf } from './input.ts'

/**
 * Deploys a change to each environment in order. An environment that requires evidence waits for
 * the signatures that are under way, among them the verdicts of the environments before it.
 */
export async function deployToEnvironments(
  ctx: WorkflowContext,
  deps: Dependencies,
  change: BuiltChange,
  signatures: Promise<unknown>[],
  background: Background,
): Promise<RunEnd> {
  const signed = [...signatures]
  let settled: Promise<string | null> = Promise.resolve(null)
  for (const [environment, file] of Object.entries(change.definition.environments)) {
    const request = { ...change, environment }
    if (file.evidence.length > 0) {
      await Promise.all(signed)
      const lack = await ctx.step(`${environment}.policy`, () =>
        missingEvidenceSentence(deps, request),
      )
      if (lack !== null) return { state: 'failed', reason: `${environment}: ${lack}` }
    }
    const plan = await ctx.step(`${environment}.plan`, (step) =>
      planDeployment(ctx, deps, step, request),
    )
    const deployment = {
      ...request,
      ...{ id: plan.id, release: plan.release },
      folder: join(workspaceOf(deps, change.run), change.folder),
      policy: deliveryPolicy(change.run, plan.asksPermission),
    }
    await planDeployedMachines(ctx, deps, deployment)
    const used = Promise.withResolvers<void>()
    const outcome = await deploy(ctx, deps, deployment, settled, used.promise)
    if (outcome.state !== 'live') {
      const setback = await settled
      return setback === null
        ? { state: outcome.state, reason: `${environment}: ${outcome.reason}` }
        : { state: 'failed', reason: setback }
    }
    // The replaced release may drain while this change goes on to the next environment.
    void background.start(outcome.retired)
    settled = background.start(firstSetback(settled, environment, outcome.settled))
    const delivered = { ...request, release: plan.release }
    const stop = await passExperiments(ctx, deps, delivered, settled)
    used.resolve()
    if (stop !== null) return { state: 'failed', reason: stop }
    if (file.strategy === 'canary')
      signed.push(background.start(signVerdict(ctx, deps, { ...request, deployment: plan.id })))
  }
  const setback = await settled
  return setback === null
    ? { state: 'succeeded', reason: null }
    : { state: 'failed', reason: setback }
}

/** Why a change goes no further after a deployment; null when it does, or need not wait. */
async function passExperiments(
  ctx: WorkflowContext,
  deps: Dependencies,
  delivered: Delivered,
  settled: Promise<string | null>,
): Promise<string | null> {
  const { experiments = [] } = delivered.definition.environments[delivered.environment] ?? {}
  if (experiments.length === 0) return null
  return (await settled) ?? tryExperiments(ctx, deps, delivered)
}

/** Why a change does not stay healthy in this environment or one before it; null when it does. */
async function firstSetback(
  earlier: Promise<string | null>,
  environment: string,
  settled: Promise<Setback | null>,
): Promise<string | null> {
  const before = await earlier
  if (before !== null) return before
  const setback = await settled
  if (setback === null) return null
  const { reason, stays } = setback
  return stays === null
    ? `${environment}: the release is rolled back: ${reason}`
    : `${environment}: the release stays, although ${reason}: ${stays}`
}

/** Stores a release and its waiting deployment. */
async function planDeployment(
  ctx: WorkflowContext,
  deps: Dependencies,
  step: StepContext,
  request: BuiltChange & { environment: string },
): Promise<{ id: number; release: number; asksPermission: boolean }> {
  const ids = await deployments.nextIds(deps.db)
  const { app, environment, run, sha, definition, artifact, actor } = request
  step.write(
    deployments.insertRelease({
      id: ids.release,
      app,
      environment,
      artifact,
      configuration: 0,
      run,
      sha,
      definition,
    }),
  )
  step.write(
    deployments.insertDeployment({
      id: ids.deployment,
      app,
      environment,
      kind: 'delivery',
      run,
      release: ids.release,
      actor,
      workflow: ctx.id,
    }),
  )
  step.emit({
    type: 'dev.cdeventsx.fairlead-deployment.waiting',
    subject: `deployment/${ids.deployment}`,
    app,
    actor,
    data: facts({ environment, kind: 'delivery', run, release: ids.release, sha }),
  })
  const { freezes, approvals } = await permissionRules(deps, request)
  return {
    id: ids.deployment,
    release: ids.release,
    asksPermission: freezes.length + approvals.length > 0,
  }
}
