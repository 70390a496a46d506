import type { App } from '#contract/app/app.ts'
import type { Line } from '#contract/environment/environment.ts'
import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { may } from '#contract/access/grants.ts'
import * as deployments from '#domains/deployment/store.ts'
import { recentRuns } from './run.ts'
import { type EnvironmentSources, readEnvironment } from './environment.ts'
import { countPullRequests } from './pull-requests.ts'
import { deploymentsOfRuns } from './deployment.ts'

/** Reads the registered apps. */
export interface Apps {
  list(): Promise<App[]>
  get(app: string): Promise<App | null>
}

/** The endpoints that show an app with its environments and latest runs. */
export function lineHandlers(
  sources: EnvironmentSources,
  apps: Apps,
): SomeHandlers<'listLines' | 'getLine' | 'getEnvironment'> {
  return {
    listLines: async (_input, caller) => {
      const visible = (await apps.list()).filter(({ name }) => may(caller, 'viewer', name))
      return { lines: await Promise.all(visible.map((app) => readLine(sources, app))) }
    },
    getLine: async ({ params }) => readLine(sources, await mustGet(apps, params.app)),
    getEnvironment: async ({ params }) => {
      await mustGet(apps, params.app)
      const stored = (await deployments.listAllEnvironments(sources.db, params.app)).find(
        (one) => one.name === params.environment,
      )
      if (!stored)
        throw new FairleadError('not_found', {
          kind: 'environment',
          id: `${params.app}/${params.environment}`,
        })
      return readEnvironment(sources, stored)
    },
  }
}

async function mustGet(apps: Apps, name: string): Promise<App> {
  const app = await apps.get(name)
  if (!app) throw new FairleadError('not_found', { kind: 'app', id: name })
  return app
}

async function readLine(sources: EnvironmentSources, app: App): Promise<Line> {
  const [stored, recent] = await Promise.all([
    deployments.listAllEnvironments(sources.db, app.name),
    recentRuns(sources.db, app.name, 8),
  ])
  const [environments, all, pullRequests] = await Promise.all([
    Promise.all(
      stored
        .filter(({ pullRequest }) => pullRequest === null)
        .map((one) => readEnvironment(sources, one)),
    ),
    deploymentsOfRuns(
      sources.db,
      recent.map((run) => run.id),
    ),
    countPullRequests(sources.db, app.name),
  ])
  return {
    app,
    environments: environments.filter(({ isInFile }) => isInFile),
    formerEnvironments: environments.filter(({ isInFile }) => !isInFile),
    runs: recent.map((run) => ({
      ...run,
      deployments: all.filter((deployment) => deployment.run === run.id),
    })),
    latest: recent[0]?.change ?? null,
    pullRequests,
  }
}
