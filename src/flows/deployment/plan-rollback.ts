import type { Deployment } from '#contract/run/run.ts'
import { FairleadError } from '#contract/errors.ts'
import { findRollbackTarget } from '#domains/deployment/deployment.ts'
import * as store from '#domains/deployment/store.ts'
import { type Actor, nameOfActor } from '#contract/event/event.ts'
import type { NewEvent } from '#contract/events.ts'
import type { NewWorkflow } from '#engine/workflow.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { facts } from './planned-deployment.ts'
import { incompatibility } from '#views/before.ts'
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

/**
 * The deployments a rollback goes from and to. `to` is chosen by a user; `running` still runs, and
 * is preferred. Throws a FairleadError when there is none, and, unless it is forced, when the
 * release does not work with what ran before later ones.
 */
export async function planRollback(
  db: Database,
  app: string,
  environment: string,
  {
    to,
    running,
    isForced = false,
  }: { to?: number | undefined; running?: number | undefined; isForced?: boolean } = {},
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
          running,
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
  const why = isForced ? null : await incompatibility(db, target)
  if (why !== null) throw new FairleadError('incompatible_rollback', { environment, why })
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
