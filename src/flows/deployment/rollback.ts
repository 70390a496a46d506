import type { Deployment } from '#contract/run/run.ts'
import { FairleadError } from '#contract/errors.ts'
import {
  decideConfiguration,
  getNewest,
  getStored,
  insertConfiguration,
} from '#domains/configuration/store.ts'
import { findRollbackTarget } from '#domains/deployment/deployment.ts'
import * as store from '#domains/deployment/store.ts'
import { type Actor, nameOfActor } from '#contract/event/event.ts'
import type { NewEvent } from '#contract/events.ts'
import type {
  NewWorkflow,
  StepContext,
  WorkflowContext,
  WorkflowDefinition,
} from '#engine/workflow.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { deploy } from './deployment.ts'
import { facts } from './planned-deployment.ts'
import { rollbackPolicy } from './policy.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { getDeployment, liveDeployment, pastDeployments } from '#views/deployment.ts'

export interface RollbackInput {
  /** the new deployment, whose row is stored */
  deployment: number
  release: number
  app: string
  environment: string
  /** the deployment to roll back; the rollback is superseded when another has the traffic */
  from: number
  fromSha: string
  actor: string
  reason: string
}

/** The deployments a rollback goes from and to. Throws a FairleadError when there is none. */
export async function planRollback(
  db: Database,
  app: string,
  environment: string,
  to?: number,
): Promise<{ from: Deployment; to: Deployment }> {
  const live = await liveDeployment(db, app, environment)
  if (!live) throw new FairleadError('nothing_to_roll_back', { app, environment })
  const history = await pastDeployments(db, app, environment)
  const holds = await store.heldChanges(db, app)
  const chosen =
    to === undefined
      ? findRollbackTarget(
          history,
          holds.filter((held) => held.environment === environment).map((held) => held.sha),
        ).to
      : (history.find((past) => past.id === to && past.artifactKept)?.id ?? null)
  if (chosen === null && to !== undefined)
    throw new FairleadError('not_found', {
      kind: `deployment that was live in ${environment} with the number`,
      id: to,
    })
  const target = chosen === null ? null : await getDeployment(db, chosen)
  if (!target) throw new FairleadError('nothing_to_roll_back', { app, environment })
  if (target.release === live.release)
    throw new FairleadError('not_now', {
      why: `Deployment ${target.id} is already live in ${environment}`,
    })
  return { from: live, to: target }
}

/** The rows, the event and the workflow of a rollback, to be stored in one transaction. */
export async function startRollback(
  db: Database,
  plan: { from: Deployment; to: Deployment },
  by: Actor,
  reason: string,
): Promise<{ deployment: number; writes: Statement[]; event: NewEvent; workflow: NewWorkflow }> {
  const { deployment } = await store.nextIds(db)
  const { app, environment } = plan.from
  const actor = nameOfActor(by)
  const workflow = `rollback/${deployment}`
  const input: RollbackInput = {
    deployment,
    release: plan.to.release,
    app,
    environment,
    from: plan.from.id,
    fromSha: plan.from.change.sha,
    actor,
    reason,
  }
  return {
    deployment,
    writes: [
      store.insertDeployment({
        id: deployment,
        app,
        environment,
        kind: 'rollback',
        run: plan.to.run ?? 0,
        release: plan.to.release,
        actor,
        workflow,
      }),
    ],
    event: {
      type: 'dev.cdeventsx.fairlead-deployment.waiting',
      subject: `deployment/${deployment}`,
      chain: plan.from.change.chain,
      app,
      actor: by,
      data: {
        ...facts({
          environment,
          kind: 'rollback',
          run: plan.to.run ?? 0,
          release: plan.to.release,
          sha: plan.to.change.sha,
        }),
        reason,
      },
    },
    workflow: { id: workflow, name: 'rollback', chain: plan.from.change.chain, input },
  }
}

/** Returns an environment to an earlier release, and holds the change that is rolled back. */
export function rollbackWorkflow(
  deps: Dependencies,
): WorkflowDefinition<RollbackInput, { state: string; reason: string | null }> {
  return {
    name: 'rollback',
    version: 1,
    concurrency: 8,
    run: (ctx, input) => rollback(ctx, deps, input),
  }
}

async function rollback(
  ctx: WorkflowContext,
  deps: Dependencies,
  input: RollbackInput,
): Promise<{ state: string; reason: string | null }> {
  const release = await ctx.step('read', () => store.getRelease(deps.db, input.release))
  if (!release) return { state: 'failed', reason: `release ${input.release} no longer exists` }
  const outcome = await deploy(ctx, deps, {
    id: input.deployment,
    release: release.id,
    app: input.app,
    environment: input.environment,
    run: release.run,
    sha: release.sha,
    definition: release.definition,
    actor: input.actor,
    folder: '',
    policy: rollbackPolicy(input),
  })
  if (outcome.state !== 'live') return outcome
  if (release.sha !== input.fromSha) await ctx.step('hold', async (step) => holdChange(step, input))
  else
    await ctx.step('restore', (step) =>
      restoreConfiguration(deps, step, input, release.configuration),
    )
  await outcome.retired
  return { state: 'live', reason: null }
}

async function holdChange(step: StepContext, input: RollbackInput): Promise<null> {
  step.write(store.hold(input.app, input.environment, input.fromSha, input.reason))
  step.emit({
    type: 'dev.cdeventsx.fairlead-change.held',
    subject: `change/${input.fromSha}`,
    app: input.app,
    actor: input.actor,
    data: { environment: input.environment, reason: input.reason },
  })
  return null
}

/**
 * When a configuration is rolled back, stores the former one as the newest, so that the next
 * delivery does not deploy the bad one again.
 */
async function restoreConfiguration(
  deps: Dependencies,
  step: StepContext,
  input: RollbackInput,
  version: number,
): Promise<null> {
  const newest = await getStored(deps.db, input.app, input.environment)
  if (newest.version === version) return null
  const { highest } = await getNewest(deps.db, input.app, input.environment)
  const good = await getStored(deps.db, input.app, input.environment, version)
  const names = new Set(
    [newest, good].flatMap((stored) => [
      ...Object.keys(stored.variables),
      ...Object.keys(stored.secrets),
    ]),
  )
  const value = (stored: typeof good, name: string) =>
    stored.variables[name] ?? stored.secrets[name]
  const changed = [...names].filter((name) => value(newest, name) !== value(good, name)).sort()
  // Waiting versions are based on the version that is rolled back.
  step.write(decideConfiguration(input.app, input.environment, highest, 'refused'))
  step.write(
    insertConfiguration(
      input.app,
      input.environment,
      { ...good, version: highest + 1 },
      changed,
      input.actor,
    ),
  )
  step.emit({
    type: 'dev.cdeventsx.fairlead-configuration.changed',
    subject: `environment/${input.app}/${input.environment}`,
    app: input.app,
    actor: input.actor,
    data: { version: highest + 1, changed, restored: version },
  })
  return null
}
