import { isDeepStrictEqual } from 'node:util'
import type { Configuration } from '#contract/environment/environment.ts'
import { FairleadError } from '#contract/errors.ts'
import { may } from '#contract/access/grants.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import { isPreviewName } from '#contract/pull-request/pull-request.ts'
import type { StoredConfiguration } from '#domains/configuration/configuration.ts'
import { isAllowed } from '#domains/configuration/prefixes.ts'
import { changePrefixes, listPrefixes } from '#domains/configuration/prefix-store.ts'
import { changeProblem } from '#domains/configuration/rules.ts'
import { getStored, listConfigurations } from '#domains/configuration/store.ts'
import type { Deployment } from '#contract/run/run.ts'
import * as store from '#domains/deployment/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Engine } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { liveDeployment } from '#views/deployment.ts'
import { mustGet } from './handlers.ts'
import { planChange, type PlannedChange, type RequestedChange } from './plan-change.ts'

/** The endpoints of the configuration of an environment. */
export function configurationHandlers(
  deps: Dependencies,
  engine: Engine,
): SomeHandlers<'getConfiguration' | 'listConfigurations' | 'changeConfiguration'> {
  const { db } = deps
  return {
    getConfiguration: async ({ params }) => {
      const { app, environment } = params
      await mustBeKnown(deps, app, environment)
      const live = await liveDeployment(db, app, environment)
      const [inForce = emptyConfiguration(params)] = await listConfigurations(
        ...([db, app, environment, 1, { state: 'in_force' }] as const),
      )
      const version = shownVersion(live, inForce.version)
      if (version === inForce.version) return { ...inForce, next: null }
      const [now, then] = await Promise.all([
        getStored(db, app, environment),
        getStored(db, app, environment, version),
      ])
      // A rollback puts a copy of the version that it restores into force.
      if (isSame(now, then)) return { ...inForce, next: null }
      const [running = emptyConfiguration(params)] = await listConfigurations(
        ...([db, app, environment, 1, { version }] as const),
      )
      return { ...running, next: inForce.version }
    },
    listConfigurations: async ({ params, query }) => {
      await mustBeKnown(deps, params.app, params.environment)
      return {
        configurations: await listConfigurations(db, params.app, params.environment, query.limit),
      }
    },
    changeConfiguration: async ({ params, body }, caller) => {
      const { isPlanned } = await environmentsOf(deps, params.app, params.environment)
      refusePreview(params.environment)
      const problem = changeProblem(body, deps.references.problem)
      if (problem !== null) throw new FairleadError('invalid_input', { ...problem })
      const deployment = await change(deps, engine, { ...params, ...body }, caller)
      const configuration =
        (await listConfigurations(db, params.app, params.environment, 1))[0] ??
        emptyConfiguration(params)
      return {
        configuration,
        deployment: deployment === null ? null : await mustGet(db, deployment),
        warning: isPlanned
          ? null
          : `${params.app} has no environment ${params.environment} yet; ` +
            'its first release gets these values',
      }
    },
  }
}

const isSame = (one: StoredConfiguration, other: StoredConfiguration): boolean =>
  isDeepStrictEqual([one.variables, one.secrets], [other.variables, other.secrets])

/** After a rollback, the version that runs is shown; the next release gets the one in force. */
export const shownVersion = (
  live: Pick<Deployment, 'kind' | 'configuration'> | null,
  inForce: number,
): number => (live?.kind === 'rollback' ? live.configuration : inForce)

export async function mustExist(
  { source }: Pick<Dependencies, 'source'>,
  app: string,
): Promise<void> {
  if (!(await source.stored(app))) throw new FairleadError('not_found', { kind: 'app', id: app })
}

/** The environments of an app, which must exist, and whether one of them has this name. */
async function environmentsOf(
  { db, source }: Dependencies,
  app: string,
  environment: string,
): Promise<{ names: string[]; isPlanned: boolean }> {
  await mustExist({ source }, app)
  const names = (await store.listAllEnvironments(db, app)).map(({ name }) => name)
  return { names, isPlanned: names.includes(environment) }
}

/**
 * Refuses an environment that is neither planned nor configured. Before the first delivery, no name
 * is wrong.
 */
export async function mustBeKnown(
  deps: Dependencies,
  app: string,
  environment: string,
): Promise<void> {
  const { names, isPlanned } = await environmentsOf(deps, app, environment)
  if (isPlanned || names.length === 0) return
  if ((await listConfigurations(deps.db, app, environment, 1)).length > 0) return
  throw new FairleadError('not_found', { kind: 'environment', id: `${app}/${environment}` })
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

/** A preview takes its configuration from fairlead.yaml. */
function refusePreview(environment: string): void {
  if (isPreviewName(environment))
    throw new FairleadError('not_now', {
      why:
        `${environment} belongs to a pull request; set its configuration with ` +
        '`pull_requests.preview` in fairlead.yaml',
    })
}

/**
 * Stores the next version and, where a release is live, starts its deployment. Returns the id of
 * the deployment, or null.
 */
async function change(
  deps: Dependencies,
  engine: Engine,
  request: RequestedChange & { references: Record<string, string> },
  by: Caller,
): Promise<number | null> {
  const prefixes = await prefixStatements(deps.db, request, by)
  const planned = await planChange(deps, request, by)
  await mustBeFit(deps, request, planned, by)
  if (planned === null) {
    await deps.db.batch(prefixes)
    return null
  }
  const { writes, events, deployment } = planned
  await storeVersion(deps.db, [
    ...[...prefixes, ...writes],
    ...events.map((event) => appendEvent(event)),
    ...(deployment ? engine.startStatements(deployment.workflow) : []),
  ])
  return deployment?.id ?? null
}

/** Refuses a change for several environments of which one would refuse it later. */
async function mustBeFit(
  deps: Dependencies,
  request: RequestedChange,
  planned: PlannedChange | null,
  by: Caller,
): Promise<void> {
  const { app, environment, also } = request
  if (also.length === 0) return
  const refuse = (problem: string): never => {
    throw new FairleadError('invalid_input', { field: 'also', problem })
  }
  if (new Set([environment, ...also]).size <= also.length)
    refuse('must name each environment once, without the one that is changed first')
  if (!planned?.deployment)
    refuse(`needs a change that is deployed in ${environment} first; nothing is deployed there now`)
  for (const one of also) {
    refusePreview(one)
    await mustBeKnown(deps, app, one)
    await planChange(deps, { ...request, environment: one, also: [] }, by)
  }
}

/**
 * Refuses references to places that the app may not read. An administrator who sets one allows it.
 */
async function prefixStatements(
  db: Database,
  { app, references }: { app: string; references: Record<string, string> },
  caller: Caller,
): Promise<Statement[]> {
  const prefixes = (await listPrefixes(db, app)).map(({ prefix }) => prefix)
  const others = Object.values(references).filter((one) => !isAllowed(one, prefixes))
  const [first] = others
  if (first === undefined) return []
  if (!may(caller, 'admin', null))
    throw new FairleadError('place_not_allowed', { app, reference: first })
  return changePrefixes(app, { allowed: [...new Set(others)], removed: [] }, caller)
}

/** Refuses the change when another one stored the same version first. */
async function storeVersion(db: Database, statements: Statement[]): Promise<void> {
  try {
    await db.batch(statements)
  } catch (error) {
    if ((error as { code?: string }).code !== '23505') throw error
    throw new FairleadError('not_now', {
      why: 'The configuration was changed by another request at the same time',
    })
  }
}
