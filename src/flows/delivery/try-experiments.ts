import { hasEndedExperiment, type ExperimentState } from '#contract/experiment/experiment.ts'
import { decideStart, type LineFacts, type LineStart } from '#domains/experiment/line.ts'
import { planOf } from '#domains/experiment/rules.ts'
import * as store from '#domains/experiment/store.ts'
import { Cancelled, type WorkflowContext } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { examine } from '#flows/experiment/facts.ts'
import { requestInStep } from '#flows/experiment/request.ts'
import { isLive, pendingIn } from '#views/experiment.ts'
import type { BuiltChange } from './input.ts'

/** Milliseconds between two looks at the environment or the run. */
const lookMs = 1000
/** How long the environment may take to become calm, once its release is no longer watched. */
const patienceMs = 600_000

/** A release that is live, and whose experiments are due. */
export interface Delivered extends BuiltChange {
  environment: string
  release: number
}

/**
 * Runs the experiments of an environment one after the other, each when the environment is calm.
 * Returns why the change goes no further, or null when all of them passed.
 */
export async function tryExperiments(
  ctx: WorkflowContext,
  deps: Dependencies,
  delivered: Delivered,
): Promise<string | null> {
  const { environment, definition } = delivered
  for (const name of definition.environments[environment]?.experiments ?? []) {
    const reason = await tryExperiment(ctx, deps, delivered, name)
    if (reason !== null)
      return `${environment}: the experiment ${name} ${reason}; the release stays in ${environment}`
  }
  return null
}

async function tryExperiment(
  ctx: WorkflowContext,
  deps: Dependencies,
  delivered: Delivered,
  name: string,
): Promise<string | null> {
  const { db, clock } = deps
  const { app, environment, release, actor, run, definition } = delivered
  const step = `${environment}.experiment.${name}`
  const plan = planOf(definition.experiments[name]!)
  const patience = (definition.environments[environment]?.watch ?? 0) + patienceMs
  const began = await ctx.step(`${step}.wait`, async () => clock.now())
  const start = await ctx.until(`${step}.calm`, lookMs, () =>
    mayStart(deps, delivered, name, { waited: clock.now() - began, patience }),
  )
  if (!start.go) return start.reason
  const place = { app, environment, name }
  const id = await ctx.step(step, (inStep) =>
    requestInStep(db, inStep, { ...place, plan, release, actor, chain: ctx.chain }),
  )
  try {
    const end = await ctx.until(`${step}.end`, lookMs, () => endOf(deps, app, id))
    return end.state === 'passed' ? null : `${words[end.state] ?? end.state}: ${end.reason}`
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error
    await ctx.uncancelled(() =>
      ctx.step(`${step}.abort`, async (inStep) =>
        inStep.write(store.abortExperimentRun(id, `the cancellation of run ${run}`)),
      ),
    )
    throw error
  }
}

/** How a run that did not pass ended. */
const words: Partial<Record<ExperimentState, string>> = {
  failed: 'failed',
  aborted: 'was aborted',
  refused: 'was refused',
  unknown: 'has no result',
}

async function mayStart(
  deps: Dependencies,
  delivered: Delivered,
  name: string,
  time: Pick<LineFacts, 'waited' | 'patience'>,
): Promise<LineStart | null> {
  try {
    return decideStart({ ...time, ...(await readFacts(deps, delivered, name)) })
  } catch (error) {
    if (time.waited < time.patience) throw error
    return { go: false, reason: `did not run: ${(error as Error).message.replace(/\.$/, '')}` }
  }
}

async function readFacts(
  deps: Dependencies,
  { app, environment, release, definition }: Delivered,
  name: string,
): Promise<Omit<LineFacts, 'waited' | 'patience'>> {
  const place = { app, environment }
  const plan = planOf(definition.experiments[name]!)
  const [live, deployments, open, { refusals }] = await Promise.all([
    isLive(deps.db, release),
    pendingIn(deps.db, { ...place, release, trigger: 'delivery' }),
    store.openExperimentRuns(deps.db),
    examine(deps, { ...place, release, plan, trigger: 'delivery' }),
  ])
  const isTaken = open.some((one) => one.app === app && one.environment === environment)
  return { isLive: live, deployments, refusals, isTaken }
}

async function endOf(
  { db }: Dependencies,
  app: string,
  id: number,
): Promise<{ state: ExperimentState; reason: string } | null> {
  const run = await store.getExperimentRun(db, app, id)
  if (run === null) return { state: 'unknown', reason: 'its run was removed' }
  const { state, reason } = run
  return hasEndedExperiment(state) ? { state, reason: reason ?? 'no reason is known' } : null
}
