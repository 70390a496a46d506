import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import type { ServiceOutput } from '#contract/environment/environment.ts'
import type { DeploymentDetail } from '#contract/deployment/before.ts'
import type { Deployment } from '#contract/run/run.ts'
import { visibleApps } from '#contract/access/grants.ts'
import { getBefore, getPauses } from '#domains/deployment/before-store.ts'
import * as store from '#domains/deployment/store.ts'
import { askToPromote, getVerdict, listLooks } from '#domains/verdict/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Engine } from '#engine/workflow.ts'
import { planRollback, startRollback } from './plan-rollback.ts'
import { expectedPauses } from './service-changes.ts'
import { targetOfRelease } from './targets.ts'
import { replayWatch } from './watch-counts.ts'
import { replayVerdict } from '#domains/verdict/replay.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { firstErrors, lastOfEach } from '#platform/process/output-error.ts'
import { getDeployment, lastFailure, listDeployments, liveDeployment } from '#views/deployment.ts'

type DeploymentEndpoints =
  | 'rollback'
  | 'listDeployments'
  | 'getDeployment'
  | 'getServiceLog'
  | 'getVerdict'
  | 'getWatch'
  | 'promoteCanary'

export function deploymentHandlers(
  deps: Dependencies,
  engine: Engine,
): SomeHandlers<DeploymentEndpoints> {
  const { db } = deps
  return {
    listDeployments: async ({ query }, caller) => {
      const deployments = await listDeployments(db, { ...query, apps: visibleApps(caller) })
      return {
        deployments,
        next: deployments.length === query.limit ? (deployments.at(-1)?.id ?? null) : null,
      }
    },
    getDeployment: async ({ params }) => readDetail(deps, await mustGet(db, params.deployment)),
    getVerdict: async ({ params }) => {
      const stored = await getVerdict(db, params.deployment)
      if (!stored)
        throw new FairleadError('not_found', {
          kind: 'canary analysis of deployment',
          id: params.deployment,
        })
      return replayVerdict(stored, await listLooks(db, params.deployment), deps.clock.now())
    },
    getWatch: async ({ params }) => {
      const replayed = await replayWatch(db, params.deployment)
      if (!replayed)
        throw new FairleadError('not_found', { kind: 'watch of deployment', id: params.deployment })
      const { stored, judge } = replayed
      const { reason, before, proven, after } = judge.judge()
      const { deployment, state, started, until, ended } = stored
      return {
        ...{ deployment, state, started, until, ended, before, proven, after },
        reason: stored.reason ?? reason,
      }
    },
    promoteCanary: async ({ params }, caller) => {
      const { state, app, environment, run, change } = await mustGet(db, params.deployment)
      const { ask, isUnderWay } = askToPromote(params.deployment, caller.name)
      if (!(await db.query(isUnderWay)).length)
        throw new FairleadError('not_now', {
          why: `Deployment ${params.deployment} is ${state}, not a canary`,
        })
      await db.batch([
        ask,
        appendEvent({
          type: 'dev.cdeventsx.fairlead-verdict.promoterequested',
          subject: `deployment/${params.deployment}`,
          chain: change.chain,
          app,
          actor: caller,
          data: { environment, run },
        }),
      ])
      return { done: true as const }
    },
    rollback: async ({ params, body }, caller) => {
      await mustHave(db, params.app, params.environment)
      if (body.force && (body.reason ?? '').trim() === '')
        throw new FairleadError('invalid_input', {
          field: 'reason',
          problem: 'must say why the rollback is forced',
        })
      const plan = await planRollback(db, params.app, params.environment, {
        ...{ to: body.to, isForced: body.force },
      })
      const rollback = await startRollback(
        db,
        plan,
        caller,
        body.reason ?? `rolled back by ${caller.name}`,
      )
      await db.batch([
        ...rollback.writes,
        appendEvent(rollback.event),
        ...engine.startStatements(rollback.workflow),
      ])
      return mustGet(db, rollback.deployment)
    },
    getServiceLog: async ({ params, query }) => {
      const { app, environment } = params
      await mustHave(db, app, environment)
      if (query.deployment !== undefined) {
        const deployment = await mustGet(db, query.deployment)
        const isHere = deployment.app === app && deployment.environment === environment
        return { ...(await outputOf(deps, isHere ? deployment : null, query)), failed: null }
      }
      const failed = await lastFailure(db, app, environment)
      return {
        ...(await outputOf(deps, await liveDeployment(db, app, environment), query)),
        failed: failed && { ...(await outputOf(deps, failed, query)), reason: failed.reason },
      }
    },
  }
}

/** What the deployment did beyond switching the traffic, and what it is expected to do. */
async function readDetail(deps: Dependencies, deployment: Deployment): Promise<DeploymentDetail> {
  const [before, pauses, expected] = await Promise.all([
    getBefore(deps.db, deployment.release),
    getPauses(deps.db, deployment.id),
    expectedPauses(deps, deployment),
  ])
  return {
    ...deployment,
    before: before?.run === deployment.run ? before : null,
    pauses,
    expectedPauses: expected,
  }
}

/** The last output of the release of a deployment; no lines when its target keeps none. */
async function outputOf(
  deps: Pick<Dependencies, 'db' | 'targets'>,
  deployment: Deployment | null,
  { service, lines: count }: { service?: string | undefined; lines: number },
): Promise<ServiceOutput> {
  if (!deployment) return { deployment: null, lines: [], errors: [] }
  const target = await targetOfRelease(deps, deployment.release)
  const lines = await target.log?.(deployment, service, mostLines).catch((error: unknown) => {
    if (error instanceof FairleadError && error.code === 'not_found') return []
    throw error
  })
  const all = lines ?? []
  return {
    deployment: deployment.id,
    lines: lastOfEach(all, count),
    errors: firstErrors(all),
  }
}

/** Lines of each instance in which the first error is searched. */
const mostLines = 2000

export async function mustGet(db: Database, id: number) {
  const deployment = await getDeployment(db, id)
  if (!deployment) throw new FairleadError('not_found', { kind: 'deployment', id })
  return deployment
}

export async function mustHave(db: Database, app: string, environment: string): Promise<void> {
  const known = await store.listAllEnvironments(db, app)
  if (!known.some((one) => one.name === environment))
    throw new FairleadError('not_found', { kind: 'environment', id: `${app}/${environment}` })
}
