import { may, visibleApps } from '#contract/access/grants.ts'
import type { App } from '#contract/app/app.ts'
import type {
  AppSummary,
  Attention,
  CountedDeployment,
  EnvironmentSummary,
  Home,
  OpenCrashLoop,
} from '#contract/home/home.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import type { Run } from '#contract/run/run.ts'
import { mayDecide } from '#domains/deployment/permission.ts'
import { getRelease } from '#domains/deployment/store.ts'
import { listIncidents } from '#domains/incident/store.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { authorsOf, permissionRules } from '#flows/deployment/permission.ts'
import { dayOf } from '#flows/review/read.ts'
import { waitingForks } from '#flows/pull-request/handlers.ts'
import { attentionOf, type ObservedEnvironment } from '#views/attention.ts'
import { type Counted, countedDeployments, deliveryFigures } from '#views/delivery-figures.ts'
import { getDeployment } from '#views/deployment.ts'
import { health, reportOrNull } from '#views/environment.ts'
import {
  appsWithForks,
  latestRuns,
  listOpenCrashLoops,
  newestRuns,
  type StandingEnvironment,
  standingEnvironments,
} from '#views/home.ts'
import type { Apps } from '#views/lines.ts'
import { overdueActions } from '#views/review.ts'
import { getRuns } from '#views/run.ts'

const shownRuns = 10

/** The endpoints of the home page, limited to the apps that the caller may see. */
export function homeHandlers(
  deps: Dependencies,
  apps: Pick<Apps, 'list'>,
): SomeHandlers<'getHome' | 'getDeliveryFigures' | 'listCountedDeployments'> {
  const visible = async (caller: Caller): Promise<App[]> =>
    (await apps.list()).filter(({ name }) => may(caller, 'viewer', name))
  const chosen = async (caller: Caller, app: string | undefined): Promise<string[]> =>
    (await visible(caller)).flatMap(({ name }) => (app === undefined || app === name ? name : []))
  return {
    getHome: async (_input, caller) => readHome(deps, await visible(caller), caller),
    getDeliveryFigures: async ({ query: { app, days } }, caller) => ({
      days,
      ...(await deliveryFigures(deps.db, await chosen(caller, app), days)),
    }),
    listCountedDeployments: async ({ query }, caller) => {
      const found = await countedDeployments(deps.db, await chosen(caller, query.app), query)
      const next = found.length === query.limit ? (found.at(-1)?.id ?? null) : null
      return { deployments: found.map((one) => ofCaller(one, caller)), next }
    },
  }
}

/** Leaves out incidents of apps that the caller may not see. */
function ofCaller(counted: Counted, caller: Caller): CountedDeployment {
  const apps = visibleApps(caller)
  const isVisible = (app: string | null) => apps === null || (app !== null && apps.includes(app))
  const incidents = counted.incidents.flatMap(({ id, app }) => (isVisible(app) ? id : []))
  return { ...counted, incidents }
}

async function readHome(deps: Dependencies, apps: App[], caller: Caller): Promise<Home> {
  const { db, clock } = deps
  const names = apps.map(({ name }) => name)
  const open = { state: 'unclosed' as const, apps: visibleApps(caller), limit: 20 }
  const [incidents, overdue, standing, newest, loops, runs, withForks] = await Promise.all([
    listIncidents(db, open),
    overdueActions(db, { apps: names, owner: caller.name, today: dayOf(clock.now()) }),
    standingEnvironments(db, names),
    newestRuns(db, names),
    listOpenCrashLoops(db, names),
    latestRuns(db, names, shownRuns),
    appsWithForks(db, names),
  ])
  const numbers = newest.flatMap((one) => [one.newest, one.begun]).filter((id) => id !== null)
  const [observed, found, forks] = await Promise.all([
    Promise.all(standing.map((one) => observe(deps, one, loops))),
    getRuns(db, [...new Set(numbers)]),
    Promise.all(withForks.map((app) => waitingForks(deps, app))),
  ])
  const runOf = new Map(found.map((run) => [run.id, run]))
  const environmentsOf = Map.groupBy(observed, ({ app }) => app)
  const situations = apps.map(({ name, problem, branch }) => {
    const ids = newest.find(({ app }) => app === name)
    return {
      ...{ app: name, problem, branch },
      environments: environmentsOf.get(name) ?? [],
      newest: runOf.get(ids?.newest ?? 0) ?? null,
      run: runOf.get(ids?.begun ?? 0) ?? null,
      forks: forks.flat().filter(({ app }) => app === name),
      openPullRequests: ids?.openPullRequests ?? 0,
    }
  })
  return {
    incidents,
    crashLoops: sortCrashLoops(loops, observed),
    attention: [
      ...(await Promise.all(
        attentionOf(situations, clock.now()).map((item) => withRefusal(deps, item, caller)),
      )),
      ...overdue,
    ],
    apps: situations.map(
      ({ app, branch, environments, newest: run, openPullRequests }): AppSummary => ({
        ...{ name: app, branch, openPullRequests },
        environments: environments.filter(({ isInFile }) => isInFile).map(summarize),
        run: run && summarizeRun(run),
      }),
    ),
    runs,
  }
}

/** Adds why the caller may not approve a deployment that waits for it. */
async function withRefusal(
  deps: Dependencies,
  item: Attention,
  caller: Caller,
): Promise<Attention> {
  const { kind, deployment: id, app } = item
  if (kind !== 'approval' || id === null) return item
  const deployment = await getDeployment(deps.db, id)
  const release = deployment && (await getRelease(deps.db, deployment.release))
  if (!deployment || !release) return item
  const { environment } = deployment
  const { definition } = release
  const [rules, authors] = await Promise.all([
    permissionRules(deps, { app, environment, definition }),
    authorsOf(deps, deployment),
  ])
  const who = { ...caller, isOperator: may(caller, 'operator', app) }
  return { ...item, refusal: mayDecide('approve', who, { rules, ...authors }) }
}

type Observed = ObservedEnvironment & { url: string | null }

async function observe(
  { targets }: Dependencies,
  standing: StandingEnvironment,
  loops: OpenCrashLoop[],
): Promise<Observed> {
  const { app, name: environment, live, domains, port: own } = standing
  const target = live && targets.of(live.target)
  const report =
    live && target ? await reportOrNull(target, { app, environment, release: live.release }) : null
  const portProblem = report?.portProblem ?? null
  const port = portProblem === null ? own : null
  return {
    ...standing,
    health: health(live, report),
    instances: report?.instances ?? [],
    portProblem,
    hasCrashLoop: loops.some((one) => one.app === app && one.environment === environment),
    url: target?.urls({ app, environment, port, domains })[0] ?? null,
  }
}

const summarize = ({ name, health: state, url, live, pending }: Observed): EnvironmentSummary => ({
  ...{ name, url, health: state },
  sha: live?.sha ?? null,
  subject: live?.subject ?? null,
  live: live?.since ?? null,
  pending: pending && {
    id: pending.id,
    run: pending.run,
    state: pending.state,
    sha: pending.sha,
    blocked: pending.blocked,
    since: pending.since,
  },
})

const summarizeRun = (run: Run): AppSummary['run'] => ({
  ...{ id: run.id, state: run.state, sha: run.change.sha, subject: run.change.subject },
  ...{ created: run.created, started: run.started, ended: run.ended },
  isBuilt: run.artifact !== null,
})

/** Those of production first, then the oldest. */
function sortCrashLoops(loops: OpenCrashLoop[], environments: Observed[]): OpenCrashLoop[] {
  const isProduction = ({ app, environment }: OpenCrashLoop): boolean =>
    environments.findLast((one) => one.app === app && one.isInFile)?.name === environment
  return loops.toSorted((a, b) => Number(isProduction(b)) - Number(isProduction(a)))
}
