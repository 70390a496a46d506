import { FairleadError } from '#contract/errors.ts'
import type { Actor } from '#contract/event/event.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import { visibleApps } from '#contract/access/grants.ts'
import type { ExperimentRun } from '#contract/experiment/experiment.ts'
import type { Gate } from '#contract/gate/gate.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { Deployment, Run, RunDetail, TriedExperiment } from '#contract/run/run.ts'
import { experimentsOfReleases } from '#domains/experiment/store.ts'
import { liftHolds, listEnvironments } from '#domains/deployment/store.ts'
import { getSummary } from '#domains/gate/store.ts'
import { followLog, readLog } from '#domains/pipeline/log.ts'
import * as store from '#domains/pipeline/store.ts'
import { getChange } from '#domains/source/store.ts'
import { getPullRequest } from '#domains/pull-request/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Engine } from '#engine/workflow.ts'
import { queueDelivery } from './queue.ts'
import { closeAbandoned } from '#flows/upkeep/abandoned.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { getRun, latestRunOf, listRuns } from '#views/run.ts'
import { runFolders } from '#platform/home.ts'
import { logFile, type StoredLine } from '#platform/process/step-log.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { deploymentsOfRuns } from '#views/deployment.ts'

type RunEndpoints =
  | 'listRuns'
  | 'getRun'
  | 'createRun'
  | 'cancelRun'
  | 'retryRun'
  | 'getLog'
  | 'followLog'

/** Finds the change of a commit, and stores it when it is new. */
export interface Commits {
  deliverCommit(
    app: string,
    commit: string | undefined,
    actor: Actor,
  ): Promise<{ sha: string; run: number | null }>
}

export function runHandlers(
  deps: Dependencies,
  engine: Engine,
  commits: Commits,
): SomeHandlers<RunEndpoints> {
  const { db } = deps
  return {
    listRuns: async ({ query }, caller) => {
      const runs = await listRuns(db, { ...query, apps: visibleApps(caller) })
      return { runs, next: runs.length === query.limit ? (runs.at(-1)?.id ?? null) : null }
    },
    getRun: ({ params }) => detail(db, params.run),
    createRun: async ({ params, body }, caller) => {
      const { sha, run } = await commits.deliverCommit(params.app, body.commit, caller)
      const existing =
        run === null ? await latestRunOf(db, params.app, sha) : await mustGet(db, run)
      const hasParameters = Object.keys(body.parameters).length > 0
      if (existing && !hasParameters && (await isEffective(db, existing))) return existing
      const how = {
        retryOf: existing?.id ?? null,
        trigger: 'manual' as const,
        parameters: body.parameters,
      }
      return rerunChange(db, engine, { app: params.app, sha, ...how }, caller)
    },
    cancelRun: async ({ params }, caller) => {
      const run = await mustGet(db, params.run)
      if (run.ended !== null) return run
      await db.batch([
        appendEvent({
          type: 'dev.cdeventsx.fairlead-pipelinerun.cancelrequested',
          subject: `run/${run.id}`,
          chain: run.change.chain,
          app: run.app,
          actor: caller,
        }),
      ])
      await engine.cancel(`delivery/${run.id}`)
      await closeAbandoned(db)
      return mustGet(db, params.run)
    },
    retryRun: async ({ params }, caller) => {
      const run = await mustGet(db, params.run)
      if (run.ended === null)
        throw new FairleadError('not_now', { why: `Run ${run.id} has not ended yet` })
      if (run.pullRequest !== null) return rerunHead(db, engine, run, caller)
      const how = {
        retryOf: run.id,
        trigger: run.trigger,
        parameters: await store.getParameters(db, run.id),
      }
      return rerunChange(db, engine, { app: run.app, sha: run.change.sha, ...how }, caller)
    },
    getLog: async ({ params, query }) => {
      const log = await locateLog(deps, params.run, params.step, query.attempt)
      if (log.attempt === 0)
        return { lines: [], next: query.after, total: 0, attempt: 0, complete: log.ended }
      const page = await readLog(log.file, query)
      return {
        lines: page.lines.map((line) => ({ ...line, attempt: log.attempt })),
        next: nextAfter(page.lines.at(-1), query.after, log.ended),
        total: page.total,
        attempt: log.attempt,
        complete: log.ended && (page.lines.at(-1)?.n ?? query.after) >= page.total,
      }
    },
    followLog: async function* ({ params, query }, _caller, signal) {
      const log = await locateLog(deps, params.run, params.step, query.attempt)
      const isComplete = async () =>
        (await locateLog(deps, params.run, params.step, log.attempt)).ended
      for await (const line of followLog(log.file, { after: query.after, isComplete }, signal)) {
        yield { id: String(line.n), data: { ...line, attempt: log.attempt } }
      }
      yield { event: 'end', data: null }
    },
  }
}

/** An open line is read again, because it grows, unless the step has ended. */
function nextAfter(last: StoredLine | undefined, after: number, hasEnded: boolean): number {
  if (last === undefined) return after
  return last.open === true && !hasEnded ? last.n - 1 : last.n
}

async function mustGet(db: Database, id: number): Promise<Run> {
  const run = await getRun(db, id)
  if (!run) throw new FairleadError('not_found', { kind: 'run', id })
  return run
}

async function detail(db: Database, id: number): Promise<RunDetail> {
  const run = await mustGet(db, id)
  const [warnings, steps, deployments, environments, definition, summary] = await Promise.all([
    store.getWarnings(db, id),
    store.listSteps(db, id),
    deploymentsOfRuns(db, [id]),
    listEnvironments(db, run.app),
    store.getDefinition(db, id),
    getSummary(db, id),
  ])
  const names =
    run.pullRequest !== null
      ? [...new Set(deployments.map(({ environment }) => environment))]
      : definition
        ? Object.keys(definition.environments)
        : environments.map((environment) => environment.name)
  const deploymentIn = (environment: string): Deployment | null =>
    deployments.find((d) => d.environment === environment && d.kind === 'delivery') ?? null
  const releases = deployments.map(({ release }) => release)
  const runs = await experimentsOfReleases(db, releases)
  return {
    ...run,
    warnings,
    steps,
    gates: gatesOf(definition?.gates ?? {}, summary?.gates ?? []),
    deployments: names.map((environment) => ({
      environment,
      deployment: deploymentIn(environment),
      ...triedIn(definition?.environments[environment]?.experiments, (name) =>
        runs.find((one) => one.release === deploymentIn(environment)?.release && one.name === name),
      ),
    })),
  }
}

/** The experiments that an environment names, each with its run once it is requested. */
function triedIn(
  names: string[] | undefined,
  find: (name: string) => ExperimentRun | undefined,
): Pick<RunDetail['deployments'][number], 'experiments'> {
  if (names === undefined || names.length === 0) return {}
  const experiments = names.map((name) => {
    const found = find(name)
    return { name, run: found ? pick(found) : null }
  })
  return { experiments }
}

const pick = ({ id, state, reason }: ExperimentRun): TriedExperiment['run'] => {
  return { id, state, reason }
}

/** The gates of the file, each with its result once it has one. */
const gatesOf = (defined: PipelineFile['gates'], results: Gate[]): RunDetail['gates'] =>
  Object.entries(defined).map(
    ([name, expression]) =>
      results.find((one) => one.name === name) ?? {
        ...{ name, expression, state: 'waiting', reasons: [], stops: false },
      },
  )

/**
 * Whether a run is still open, or its change is live in every environment that it was deployed to.
 */
async function isEffective(db: Database, run: Run): Promise<boolean> {
  if (run.ended === null) return true
  if (run.state !== 'succeeded') return false
  const deployments = await deploymentsOfRuns(db, [run.id])
  return (
    deployments.some((deployment) => deployment.kind === 'delivery') &&
    deployments.every((d) => d.kind !== 'delivery' || d.state === 'live')
  )
}

/** Starts a new run of a change and releases its holds. */
async function rerunChange(
  db: Database,
  engine: Engine,
  request: Omit<store.NewRun, 'id'>,
  caller: Caller,
): Promise<Run> {
  const { app, sha, ...how } = request
  const change = await getChange(db, app, sha)
  if (!change) throw new FairleadError('not_found', { kind: 'change', id: sha })
  const { run, statements } = await queueDelivery(db, engine, change, { actor: caller, ...how })
  await db.batch([
    liftHolds(app, sha),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-change.released',
      subject: `change/${sha}`,
      chain: change.chain,
      app,
      actor: caller,
    }),
    ...statements,
  ])
  return mustGet(db, run)
}

/** Runs the head of an open pull request again, as trusted as it is now. */
async function rerunHead(db: Database, engine: Engine, run: Run, caller: Caller): Promise<Run> {
  const number = run.pullRequest ?? 0
  const pull = await getPullRequest(db, run.app, number)
  if (pull?.state !== 'open')
    throw new FairleadError('not_now', {
      why: `Pull request ${number} is ${pull?.state ?? 'no longer known'}`,
    })
  if (pull.sha !== run.change.sha)
    throw new FairleadError('not_now', {
      why: `The head of pull request ${number} has moved to another commit`,
    })
  const isTrusted = pull.fork === null || pull.approved === pull.sha
  if (!isTrusted && run.isTrusted)
    throw new FairleadError('not_now', {
      why: `The head of pull request ${number} is no longer approved`,
    })
  const { run: id, statements } = await queueDelivery(db, engine, run.change, {
    actor: caller,
    retryOf: run.id,
    trigger: 'pull_request',
    pullRequest: { number, isTrusted },
  })
  await db.batch(statements)
  return mustGet(db, id)
}

/** The log of an attempt; attempt 0 when the step has not started. */
async function locateLog(
  deps: Dependencies,
  run: number,
  name: string,
  wanted: number | undefined,
) {
  const step = await store.getStep(deps.db, run, name)
  if (!step) throw new FairleadError('not_found', { kind: 'step', id: `${run}/${name}` })
  const attempt = wanted ?? step.attempt
  if (attempt > step.attempt) throw new FairleadError('not_found', { kind: 'attempt', id: attempt })
  return {
    attempt,
    file: logFile(runFolders(deps.home, run).log, name, Math.max(attempt, 1)),
    ended: step.attempt > attempt || (step.state !== 'running' && step.state !== 'waiting'),
  }
}
