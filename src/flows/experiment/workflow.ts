import { FairleadError } from '#contract/errors.ts'
import type { Detection, ExperimentRun } from '#contract/experiment/experiment.ts'
import type { HostFault } from '#contract/experiment/fault.ts'
import { steadyProblems } from '#domains/experiment/rules.ts'
import * as store from '#domains/experiment/store.ts'
import {
  decideWatch,
  endWithoutRecovery,
  harmOf,
  type WatchEnd,
} from '#domains/experiment/watch.ts'
import {
  Broken,
  Cancelled,
  Failed,
  type StepContext,
  type WorkflowContext,
  type WorkflowDefinition,
} from '#engine/workflow.ts'
import { targetOfRelease } from '#flows/deployment/targets.ts'
import type { FaultClient } from '#platform/process/fault-client.ts'
import { findDetection, firingIn, pendingIn, steadyMonitors } from '#views/experiment.ts'
import { examine, type ExperimentDependencies } from './facts.ts'

export interface ExperimentInput {
  app: string
  id: number
}

/** Milliseconds between two looks at what the fault does. */
const lookMs = 400
/** Without a renewal the host undoes the fault after this time. */
const leaseMs = 6000
const renewMs = 1500
/** How long after its hard end a fault is waited for whose host does not answer. */
const patienceMs = 60_000

/** The faults of a host, and the run that made one of them. */
interface Subject {
  run: ExperimentRun
  faults: FaultClient
  fault: string
}

/**
 * One run of an experiment. The host undoes the fault without it, too: what ends this workflow
 * leaves a fault for six seconds at most.
 */
export const experimentWorkflow = (
  deps: ExperimentDependencies,
): WorkflowDefinition<ExperimentInput, { state: string; reason: string | null }> => ({
  ...{ name: 'experiment', version: 1, concurrency: 16 },
  run: (ctx, input) => runExperiment(ctx, deps, input),
})

async function runExperiment(
  ctx: WorkflowContext,
  deps: ExperimentDependencies,
  input: ExperimentInput,
): Promise<WatchEnd> {
  try {
    const checked = await ctx.step('check', (step) => check(deps, step, input))
    if (checked.refusal !== null) return { state: 'refused', reason: checked.refusal }
    await ctx.step('fault', (step) => makeFault(deps, step, input, checked.instances))
    const end = await ctx.until('watch', lookMs, watcher(deps, input))
    return await conclude(ctx, deps, input, end)
  } catch (error) {
    const end = endOfError(error)
    if (end === null) throw error
    return ctx.uncancelled(() => conclude(ctx, deps, input, end))
  }
}

function endOfError(error: unknown): WatchEnd | null {
  if (error instanceof Cancelled) return { state: 'aborted', reason: 'the workflow was cancelled' }
  if (error instanceof Broken || error instanceof Failed)
    return { state: 'unknown', reason: error.message }
  return null
}

async function subjectOf(deps: ExperimentDependencies, input: ExperimentInput): Promise<Subject> {
  const run = await store.getExperimentRun(deps.db, input.app, input.id)
  if (!run) throw new Failed(`the run ${input.id} of the experiment no longer exists`)
  const { faults, title } = await targetOfRelease(deps, run.release)
  if (!faults) throw new Failed(`${title} has no faults`)
  return { run, faults, fault: `experiment-${run.id}` }
}

async function check(
  deps: ExperimentDependencies,
  step: StepContext,
  input: ExperimentInput,
): Promise<{ refusal: string | null; instances: number }> {
  const run = await store.getExperimentRun(deps.db, input.app, input.id)
  if (!run) throw new Failed(`the run ${input.id} of the experiment no longer exists`)
  const { refusals, radius, instances } = await examine(deps, run)
  if (run.abortedBy !== null) refusals.push(`${run.abortedBy} aborted it`)
  step.write(store.changeExperimentRun(run.id, { state: 'checking', radius }))
  if (refusals.length === 0) return { refusal: null, instances }
  const refusal = refusals.join('; ')
  recordEnd(step, run, { state: 'refused', reason: refusal }, refusals)
  return { refusal, instances }
}

/** Makes the fault unless an attempt before has made it. */
async function makeFault(
  deps: ExperimentDependencies,
  step: StepContext,
  input: ExperimentInput,
  instances: number,
): Promise<void> {
  const { run, faults, fault } = await subjectOf(deps, input)
  const { app, environment, name, plan } = run
  const { action, parameters, service } = plan
  const radius = (await findFault(faults, fault))
    ? null
    : await makeOnce(faults, run, {
        ...{ id: fault, service, action, parameters, instances },
        ...{ duration: plan.for * 1000, lease: leaseMs },
      })
  step.write(store.changeExperimentRun(run.id, { state: 'running', radius, isMade: true }))
  const { instances: hit, of } = radius ?? run.radius ?? { instances, of: instances }
  step.emit({
    type: 'dev.cdeventsx.fairlead-experiment.started',
    ...{ subject: `experiment-run/${run.id}`, app },
    data: { environment, name, service, action, instances: hit, of },
  })
}

async function makeOnce(
  faults: FaultClient,
  { app, environment }: ExperimentRun,
  request: Parameters<FaultClient['make']>[2],
) {
  try {
    return (await faults.make(app, environment, request)).radius
  } catch (error) {
    // Two servers may have asked at once: the id is used once.
    if (await findFault(faults, request.id)) return null
    if (error instanceof FairleadError && error.code === 'not_now')
      throw new Failed(`the fault could not be made: ${error.message.replace(/\.$/, '')}`)
    throw error
  }
}

const findFault = async (faults: FaultClient, id: string): Promise<HostFault | null> =>
  (await faults.list()).find((one) => one.id === id) ?? null

/** Looks at what the fault does, and renews its lease while that is allowed. */
function watcher(deps: ExperimentDependencies, input: ExperimentInput) {
  let renewed = 0
  return async (): Promise<WatchEnd | null> => {
    const { run, faults, fault } = await subjectOf(deps, input)
    const [found, firing, detection, deployments] = await Promise.all([
      findFault(faults, fault).catch(ifAway),
      firingIn(deps.db, run),
      detectionOf(deps, run),
      pendingIn(deps.db, run),
    ])
    const { clock } = deps
    const end = decideWatch({
      ...{ plan: run.plan, abortedBy: run.abortedBy, detection },
      elapsed: clock.now() - Date.parse(run.made ?? run.created),
      harm: harmOf(firing, run.plan),
      deployments,
      fault:
        found === undefined
          ? null
          : { state: found?.state ?? 'missing', reason: found?.reason ?? null },
    })
    if (end === null && clock.monotonic() - renewed >= renewMs) {
      await faults.renew(fault, leaseMs)
      renewed = clock.monotonic()
    }
    return end
  }
}

function ifAway(error: unknown): undefined {
  if (!(error instanceof FairleadError) || error.code !== 'unavailable') throw error
  return undefined
}

const detectionOf = async (
  { db }: Pick<ExperimentDependencies, 'db'>,
  { plan, made, ...run }: ExperimentRun,
): Promise<Detection | null> =>
  plan.expect === null || made === null
    ? null
    : findDetection(db, run, { alert: plan.expect.alert, since: made })

/** Undoes the fault, waits for the steady state, and records the result. */
async function conclude(
  ctx: WorkflowContext,
  deps: ExperimentDependencies,
  input: ExperimentInput,
  end: WatchEnd,
): Promise<WatchEnd> {
  const asked = await ctx.step('undo', async (step) => {
    const { run } = await subjectOf(deps, input)
    const detection = await detectionOf(deps, run)
    step.write(store.changeExperimentRun(run.id, { state: 'undoing', detection }))
    return deps.clock.now()
  })
  const problem = await ctx.until('undone', 250, () => untilUndone(deps, input, end, asked))
  const isUndone = problem.text === null
  const began = await ctx.step('recover', async (step) => {
    step.write(store.changeExperimentRun(input.id, { state: 'recovering', isUndone }))
    return deps.clock.now()
  })
  const left = isUndone
    ? await ctx.until('steady', 500, () => untilSteady(deps, input, began))
    : { problems: [] }
  return ctx.step('end', async (step) => {
    const { run } = await subjectOf(deps, input)
    const result =
      problem.text !== null
        ? { state: 'unknown' as const, reason: `${end.reason}; ${problem.text}` }
        : left.problems.length > 0
          ? endWithoutRecovery(end, left.problems)
          : end
    const detection = await detectionOf(deps, run)
    step.write(store.changeExperimentRun(run.id, { state: 'recovering', detection }))
    recordEnd(step, { ...run, detection }, result)
    return result
  })
}

/** Asks for the undo until the host has read that the state is as before. */
async function untilUndone(
  deps: ExperimentDependencies,
  input: ExperimentInput,
  { reason }: WatchEnd,
  asked: number,
): Promise<{ text: string | null } | null> {
  const { run, faults, fault } = await subjectOf(deps, input)
  const isLate = deps.clock.now() - asked > run.plan.for * 1000 + patienceMs
  try {
    const found = await findFault(faults, fault)
    if (found?.state === 'undone' || (found === null && run.made === null)) return { text: null }
    // That the host has no record of the fault does not say that it is undone.
    if (found === null) return { text: 'its host no longer knows the fault' }
    if (found.state === 'armed') await faults.undo(fault, reason.slice(0, 500))
    return isLate ? { text: `it is not undone: ${found.problem ?? 'its host works on it'}` } : null
  } catch (error) {
    if (!isLate) throw error
    return { text: `it is not known whether it is undone: ${(error as Error).message}` }
  }
}

async function untilSteady(
  { db, clock }: ExperimentDependencies,
  input: ExperimentInput,
  began: number,
): Promise<{ problems: string[] } | null> {
  const run = await store.getExperimentRun(db, input.app, input.id)
  if (!run) return { problems: [] }
  const firing = await firingIn(db, run)
  const problems = [
    ...steadyProblems(await steadyMonitors(db, run)),
    // What was allowed to fire must end, too.
    ...harmOf(firing, { ...run.plan, expect: null, allow: [] }),
  ]
  const isLate = clock.now() - began > run.plan.recovery * 1000
  return problems.length === 0 || isLate ? { problems: [...new Set(problems)] } : null
}

function recordEnd(
  step: StepContext,
  run: ExperimentRun,
  { state, reason }: WatchEnd,
  refusals: string[] = [],
): void {
  const { app, environment, name, plan, detection } = run
  step.write(store.endExperimentRun(run.id, { state, reason, refusals }))
  step.emit({
    type: 'dev.cdeventsx.fairlead-experiment.ended',
    ...{ subject: `experiment-run/${run.id}`, app },
    data: {
      ...{ environment, name, service: plan.service, state, reason },
      noticedMs: detection?.afterMs ?? null,
    },
  })
}
