import { FairleadError } from '#contract/errors.ts'
import { type Actor, nameOfActor } from '#contract/event/event.ts'
import type { ExperimentPlan, ExperimentRun } from '#contract/experiment/experiment.ts'
import { planOf } from '#domains/experiment/rules.ts'
import * as store from '#domains/experiment/store.ts'
import { appendEvent } from '#engine/events.ts'
import { type Engine, Failed, type StepContext } from '#engine/workflow.ts'
import { type Database, sqlState } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { type LiveExperiments, liveExperiments } from '#views/experiment.ts'

export interface Wanted {
  live: LiveExperiments
  name: string
  trigger: ExperimentRun['trigger']
  actor: Actor
}

/** An experiment of the live release of an environment; throws when there is none. */
export async function findExperiment(
  db: Database,
  { app, environment, name }: store.ExperimentPlace,
): Promise<LiveExperiments> {
  const live = (await liveExperiments(db, app)).find((one) => one.environment === environment)
  if (!live) throw new FairleadError('not_now', { why: `Nothing is live in ${app}/${environment}` })
  if (!Object.hasOwn(live.experiments, name))
    throw new FairleadError('not_found', { kind: 'experiment', id: `${name} in ${environment}` })
  return live
}

/** The statements that request a run; they fail while another one is open in the environment. */
function requestStatements(
  engine: Pick<Engine, 'startStatements'>,
  id: number,
  { live, name, trigger, actor }: Wanted,
): Statement[] {
  const { app, environment, release, chain } = live
  const plan = planOf(live.experiments[name]!)
  return [
    store.insertExperimentRun({
      ...{ id, app, environment, name, plan, release, trigger, actor: nameOfActor(actor) },
    }),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-experiment.requested',
      ...{ subject: `experiment-run/${id}`, chain, app, actor },
      data: { environment, name, service: plan.service, trigger },
    }),
    ...engine.startStatements({
      ...{ id: `experiment/${id}`, name: 'experiment', chain },
      input: { app, id },
    }),
  ]
}

/** Requests a run of a delivery in a step of its workflow, and returns the number of the run. */
export async function requestInStep(
  db: Database,
  step: StepContext,
  wanted: store.ExperimentPlace & {
    plan: ExperimentPlan
    release: number
    actor: string
    chain: string
  },
): Promise<number> {
  const { chain, ...run } = wanted
  const { app, environment, name, plan, actor } = run
  const open = await store.openExperimentRuns(db)
  if (open.some((one) => one.app === app && one.environment === environment))
    throw new Failed(`${environment}: ${name} did not run: another experiment is under way`)
  const id = await store.nextExperimentRun(db)
  step.write(store.insertExperimentRun({ id, ...run, trigger: 'delivery' }))
  step.emit({
    type: 'dev.cdeventsx.fairlead-experiment.requested',
    ...{ subject: `experiment-run/${id}`, app, actor },
    data: { environment, name, service: plan.service, trigger: 'delivery' },
  })
  step.start({ id: `experiment/${id}`, name: 'experiment', chain, input: { app, id } })
  return id
}

/**
 * Requests a run, with what is stored with it, and returns its number; throws while another one is
 * open.
 */
export async function requestExperiment(
  db: Database,
  engine: Pick<Engine, 'startStatements'>,
  wanted: Wanted,
  besides: (id: number) => Statement[] = () => [],
): Promise<number> {
  const id = await store.nextExperimentRun(db)
  try {
    await db.batch([...requestStatements(engine, id, wanted), ...besides(id)])
  } catch (error) {
    if (sqlState(error) !== '23505') throw error
    const { app, environment } = wanted.live
    const why = `An experiment is under way in ${app}/${environment}`
    throw new FairleadError('not_now', { why })
  }
  return id
}
