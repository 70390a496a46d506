import type { Configuration } from '#contract/environment/environment.ts'
import { FairleadError } from '#contract/errors.ts'
import { type Actor, nameOfActor } from '#contract/event/event.ts'
import { isPreviewName } from '#contract/pull-request/pull-request.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { visibleApps } from '#contract/access/grants.ts'
import { applyChange } from '#domains/configuration/configuration.ts'
import {
  getNewest,
  insertConfiguration,
  listConfigurations,
  sealedAs,
} from '#domains/configuration/store.ts'
import * as store from '#domains/deployment/store.ts'
import { askToPromote, getVerdict, listLooks } from '#domains/verdict/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Engine } from '#engine/workflow.ts'
import { startConfiguration } from './configuration.ts'
import { permissionRules } from './permission.ts'
import { planRollback, startRollback } from './rollback.ts'
import { targetOfRelease } from './targets.ts'
import { viewVerdict } from './verdict-view.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { getDeployment, listDeployments, liveDeployment } from '#views/deployment.ts'

type DeploymentEndpoints =
  | 'rollback'
  | 'listDeployments'
  | 'getDeployment'
  | 'getConfiguration'
  | 'listConfigurations'
  | 'changeConfiguration'
  | 'getServiceLog'
  | 'getVerdict'
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
    getDeployment: ({ params }) => mustGet(db, params.deployment),
    getVerdict: async ({ params }) => {
      const stored = await getVerdict(db, params.deployment)
      if (!stored)
        throw new FairleadError('not_found', {
          kind: 'verdict on deployment',
          id: params.deployment,
        })
      return viewVerdict(stored, await listLooks(db, params.deployment), deps.clock.now())
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
      const plan = await planRollback(db, params.app, params.environment, body.to)
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
    getConfiguration: async ({ params }) => {
      await mustHave(db, params.app, params.environment)
      const [inForce] = await listConfigurations(db, params.app, params.environment, 1, 'in_force')
      return inForce ?? emptyConfiguration(params)
    },
    listConfigurations: async ({ params, query }) => {
      await mustHave(db, params.app, params.environment)
      return {
        configurations: await listConfigurations(db, params.app, params.environment, query.limit),
      }
    },
    changeConfiguration: async ({ params, body }, caller) => {
      await mustHave(db, params.app, params.environment)
      refusePreview(params.environment)
      refuseReserved([
        ...Object.keys(body.variables),
        ...Object.keys(body.secrets),
        ...Object.keys(body.references),
      ])
      for (const [name, reference] of Object.entries(body.references)) {
        const problem = deps.references.problem(reference)
        if (problem !== null)
          throw new FairleadError('invalid_input', { field: `references.${name}`, problem })
      }
      const deployment = await change(deps, engine, { ...params, ...body }, caller)
      const configuration =
        (await listConfigurations(db, params.app, params.environment, 1))[0] ??
        emptyConfiguration(params)
      return {
        configuration,
        deployment: deployment === null ? null : await mustGet(db, deployment),
      }
    },
    getServiceLog: async ({ params, query }) => {
      await mustHave(db, params.app, params.environment)
      const deployment =
        query.deployment === undefined
          ? await liveDeployment(db, params.app, params.environment)
          : await mustGet(db, query.deployment)
      if (
        !deployment ||
        deployment.app !== params.app ||
        deployment.environment !== params.environment
      )
        return { lines: [] }
      const { release } = deployment
      const target = await targetOfRelease(deps, release)
      const lines = await target.log?.({ ...params, release }, query.service, query.lines)
      return { lines: lines ?? [] }
    },
  }
}

const emptyConfiguration = (params: { app: string; environment: string }): Configuration => ({
  ...params,
  version: 0,
  state: 'in_force',
  variables: {},
  secrets: [],
  references: {},
  actor: 'fairlead',
  created: new Date(0).toISOString(),
  changed: [],
})

export async function mustGet(db: Database, id: number) {
  const deployment = await getDeployment(db, id)
  if (!deployment) throw new FairleadError('not_found', { kind: 'deployment', id })
  return deployment
}

async function mustHave(db: Database, app: string, environment: string): Promise<void> {
  const known = await store.listAllEnvironments(db, app)
  if (!known.some((one) => one.name === environment))
    throw new FairleadError('not_found', { kind: 'environment', id: `${app}/${environment}` })
}

/** What runs for a pull request is configured where everybody sees it. */
function refusePreview(environment: string): void {
  if (isPreviewName(environment))
    throw new FairleadError('not_now', {
      why: `${environment} is of a pull request; \`pull_requests.preview\` in fairlead.yaml says what it is configured with`,
    })
}

/**
 * Names that Fairlead gives a service itself, or that would change how programs are found and
 * loaded.
 */
function refuseReserved(names: string[]): void {
  for (const name of names) {
    const field = `variables.${name}`
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name))
      throw new FairleadError('invalid_input', {
        field,
        problem: 'must be a variable name such as LOG_LEVEL',
      })
    if (name === 'PORT' || name.startsWith('FAIRLEAD_'))
      throw new FairleadError('invalid_input', {
        field,
        problem: 'is given by Fairlead and cannot be set',
      })
  }
}

interface RequestedChange {
  app: string
  environment: string
  variables: Record<string, string | null>
  secrets: Record<string, string | null>
  references: Record<string, string>
}

/**
 * Stores the next version and, where something is live, starts its delivery; answers the
 * deployment's number.
 */
async function change(
  deps: Dependencies,
  engine: Engine,
  request: RequestedChange,
  by: Actor,
): Promise<number | null> {
  const { app, environment } = request
  const actor = nameOfActor(by)
  const { newest, waiting, highest } = await getNewest(deps.db, app, environment)
  const boundTo = (name: string): string => sealedAs(app, environment, name)
  const result = applyChange(
    newest,
    request,
    (name, value) => deps.secrets.seal(boundTo(name), value),
    (name, sealed) => deps.secrets.open(boundTo(name), sealed, name),
  )
  if (!result) return null
  const live = await liveDeployment(deps.db, app, environment)
  const release = live ? await store.getRelease(deps.db, live.release) : null
  const rules =
    release && (await permissionRules(deps, { app, environment, definition: release.definition }))
  const asksPermission = rules !== null && rules.freezes.length + rules.approvals.length > 0
  const version = highest + 1
  const changed = [...new Set([...waiting, ...result.changed])].sort()
  const chain = live?.change.chain ?? `configuration/${app}/${environment}/${version}`
  const statements: Statement[] = [
    insertConfiguration(
      app,
      environment,
      { ...result.next, version },
      changed,
      actor,
      asksPermission ? 'waiting' : 'in_force',
    ),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-configuration.changed',
      subject: `environment/${app}/${environment}`,
      chain,
      app,
      actor: by,
      data: { version, changed },
    }),
  ]
  if (!release) {
    await storeVersion(deps.db, statements)
    return null
  }
  const next = await startConfiguration(deps.db, release, {
    chain,
    actor,
    by,
    version,
    asksPermission,
  })
  await storeVersion(deps.db, [
    ...statements,
    ...next.writes,
    appendEvent(next.event),
    ...engine.startStatements(next.workflow),
  ])
  return next.deployment
}

/** Somebody else may have stored the same version a moment before. */
async function storeVersion(db: Database, statements: Statement[]): Promise<void> {
  try {
    await db.batch(statements)
  } catch (error) {
    if ((error as { code?: string }).code !== '23505') throw error
    throw new FairleadError('not_now', {
      why: 'Somebody else changed the configuration at the same moment',
    })
  }
}
