import type { App } from '#contract/app/app.ts'
import type { Environment, Instance, Line } from '#contract/environment/environment.ts'
import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { may } from '#contract/access/grants.ts'
import type { Deployment } from '#contract/run/run.ts'
import { getStored } from '#domains/configuration/store.ts'
import { findRollbackTarget } from '#domains/deployment/deployment.ts'
import * as deployments from '#domains/deployment/store.ts'
import type { ReleaseReport } from '#domains/deployment/target.ts'
import * as runs from '#domains/pipeline/store.ts'
import { countPullRequests } from '#domains/pull-request/store.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/** Reads the apps; given by the source. */
export interface Apps {
  list(): Promise<App[]>
  get(app: string): Promise<App | null>
}

export function lineHandlers(
  deps: Dependencies,
  apps: Apps,
): SomeHandlers<'listLines' | 'getLine' | 'getEnvironment'> {
  return {
    listLines: async (_input, caller) => {
      const seen = (await apps.list()).filter(({ name }) => may(caller, 'viewer', name))
      return { lines: await Promise.all(seen.map((app) => line(deps, app))) }
    },
    getLine: async ({ params }) => line(deps, await mustGet(apps, params.app)),
    getEnvironment: async ({ params }) => {
      await mustGet(apps, params.app)
      const stored = (await deployments.listAllEnvironments(deps.db, params.app)).find(
        (one) => one.name === params.environment,
      )
      if (!stored)
        throw new FairleadError('not_found', {
          kind: 'environment',
          id: `${params.app}/${params.environment}`,
        })
      return environment(deps, stored)
    },
  }
}

async function mustGet(apps: Apps, name: string): Promise<App> {
  const app = await apps.get(name)
  if (!app) throw new FairleadError('not_found', { kind: 'app', id: name })
  return app
}

async function line(deps: Dependencies, app: App): Promise<Line> {
  const [stored, recent] = await Promise.all([
    deployments.listEnvironments(deps.db, app.name),
    runs.recentRuns(deps.db, app.name, 8),
  ])
  const [environments, all, pullRequests] = await Promise.all([
    Promise.all(stored.map((one) => environment(deps, one))),
    deployments.deploymentsOfRuns(
      deps.db,
      recent.map((run) => run.id),
    ),
    countPullRequests(deps.db, app.name),
  ])
  return {
    app,
    environments,
    runs: recent.map((run) => ({
      ...run,
      deployments: all.filter((deployment) => deployment.run === run.id),
    })),
    latest: recent[0]?.change ?? null,
    pullRequests,
  }
}

async function environment(
  deps: Dependencies,
  stored: deployments.StoredEnvironment,
): Promise<Environment> {
  const { app, name } = stored
  const [current, pending, history, holds, configuration] = await Promise.all([
    deployments.liveDeployment(deps.db, app, name),
    deployments.pendingDeployments(deps.db, app, name),
    deployments.pastDeployments(deps.db, app, name),
    deployments.heldChanges(deps.db, app),
    getStored(deps.db, app, name),
  ])
  const held = holds.filter((hold) => hold.environment === name).map((hold) => hold.sha)
  const report = current ? await reportOrNull(deps, current) : null
  const target = findRollbackTarget(history, held)
  const to = target.to === null ? null : await deployments.getDeployment(deps.db, target.to)
  return {
    app,
    name,
    position: stored.position,
    urls: [
      `http://${app}.${name}.localhost:${deps.home.edgePort}`,
      `http://127.0.0.1:${stored.port}`,
    ],
    current,
    pending,
    rollback: { possible: to !== null, reason: target.to === null ? target.reason : null, to },
    health: health(current, report),
    instances:
      current && report ? report.instances.map((one) => instance(one, current.release)) : [],
    configuration: configuration.version,
    held,
  }
}

async function reportOrNull(
  deps: Dependencies,
  current: Deployment,
): Promise<ReleaseReport | null> {
  try {
    return await deps.target.report(
      { app: current.app, environment: current.environment, release: current.release },
      0,
    )
  } catch {
    return null
  }
}

/** No answer, or a host that does not know the release, is `unknown`: never good, never bad. */
function health(current: Deployment | null, report: ReleaseReport | null): Environment['health'] {
  if (!current) return 'empty'
  if (!report || report.state === 'missing') return 'unknown'
  const well = report.state === 'ready' && report.instances.every((one) => one.state === 'healthy')
  return well ? 'healthy' : 'unhealthy'
}

function instance(seen: ReleaseReport['instances'][number], release: number): Instance {
  return {
    service: seen.service,
    index: seen.index,
    state: seen.state,
    pid: seen.pid,
    port: seen.port,
    started: seen.started === null ? null : new Date(seen.started).toISOString(),
    restarts: seen.restarts,
    release,
  }
}
