import { FairleadError } from '#contract/errors.ts'
import { nameOfActor } from '#contract/event/event.ts'
import type { Experiment, ExperimentRun } from '#contract/experiment/experiment.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import { planOf } from '#domains/experiment/rules.ts'
import { listDraws } from '#domains/experiment/draw-store.ts'
import * as store from '#domains/experiment/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Engine } from '#engine/workflow.ts'
import { mustHave } from '#flows/deployment/handlers.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { liveExperiments } from '#views/experiment.ts'
import { examine, type ExperimentDependencies } from './facts.ts'
import { findExperiment, requestExperiment } from './request.ts'
import { allowExperiments, type StopParts, stopExperiments } from './stop.ts'

type ExperimentEndpoints =
  | 'listExperiments'
  | 'previewExperiment'
  | 'runExperiment'
  | 'listExperimentRuns'
  | 'listExperimentDraws'
  | 'getExperimentRun'
  | 'abortExperimentRun'
  | 'stopExperiments'
  | 'allowExperiments'

export interface ExperimentHandlerParts extends Pick<StopParts, 'hosts'> {
  deps: ExperimentDependencies
  engine: Pick<Engine, 'startStatements'>
}

/** Days of the runs that detection coverage counts. */
const coverageDays = 90

/** Experiments, their runs, and the stop of all of them. */
export function experimentHandlers({
  deps,
  engine,
  hosts,
}: ExperimentHandlerParts): SomeHandlers<ExperimentEndpoints> {
  const { db } = deps
  return {
    listExperiments: async ({ params: { app } }) => ({
      experiments: await listExperiments(db, app),
      coverage: await store.readCoverage(db, app, coverageDays),
      stop: await store.getExperimentStop(db),
    }),
    previewExperiment: async ({ params: { app, environment, experiment: name } }) => {
      await mustHave(db, app, environment)
      const { experiments, release } = await findExperiment(db, { app, environment, name })
      const plan = planOf(experiments[name]!)
      const { refusals, radius } = await examine(deps, {
        ...{ app, environment, release, plan, trigger: 'request' },
      })
      return { plan, radius, refusals }
    },
    runExperiment: async ({ params: { app, environment, experiment: name } }, actor) => {
      await mustHave(db, app, environment)
      const live = await findExperiment(db, { app, environment, name })
      const wanted = { live, name, trigger: 'request' as const, actor }
      const id = await requestExperiment(db, engine, wanted)
      return mustFind(db, app, id)
    },
    listExperimentRuns: async ({ params: { app }, query }) => ({
      experimentRuns: await store.listExperimentRuns(db, { app, ...query }),
    }),
    listExperimentDraws: async ({ params: { app }, query }) => ({
      experimentDraws: await listDraws(db, { app, ...query }),
    }),
    getExperimentRun: async ({ params }) => mustFind(db, params.app, params.experimentRun),
    abortExperimentRun: async ({ params: { app, experimentRun } }, actor) => {
      const run = await mustFind(db, app, experimentRun)
      if (run.ended !== null) throw new FairleadError('not_now', { why: 'The run has ended' })
      const { id, environment, name, plan } = run
      await db.batch([
        store.abortExperimentRun(id, nameOfActor(actor)),
        appendEvent({
          type: 'dev.cdeventsx.fairlead-experiment.aborted',
          ...{ subject: `experiment-run/${id}`, chain: `app/${app}`, app, actor },
          data: { environment, name, service: plan.service },
        }),
      ])
      return mustFind(db, app, id)
    },
    stopExperiments: async ({ body: { reason } }, actor) => {
      const isServed = await stopExperiments({ db, hosts }, reason, actor)
      const stop = await store.getExperimentStop(db)
      if (!stop) throw new FairleadError('not_now', { why: 'Experiments were allowed meanwhile' })
      return { stop, isServed }
    },
    allowExperiments: async (_input, actor) => {
      await allowExperiments(db, actor)
      return { done: true }
    },
  }
}

async function listExperiments(db: Database, app: string): Promise<Experiment[]> {
  const [live, last] = await Promise.all([
    liveExperiments(db, app),
    store.lastExperimentRuns(db, app),
  ])
  return live.flatMap(({ environment, experiments }) =>
    Object.entries(experiments).map(([name, file]) => ({
      ...{ app, environment, name, plan: planOf(file) },
      last: last.find((one) => one.name === name && one.environment === environment) ?? null,
    })),
  )
}

async function mustFind(db: Database, app: string, id: number): Promise<ExperimentRun> {
  const run = await store.getExperimentRun(db, app, id)
  if (!run) throw new FairleadError('not_found', { kind: 'run of an experiment', id: String(id) })
  return run
}
