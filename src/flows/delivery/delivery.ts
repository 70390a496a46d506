import {
  Broken,
  Cancelled,
  Failed,
  type WorkflowContext,
  type WorkflowDefinition,
} from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { signEvidence } from '#flows/evidence/evidence.ts'
import { inspectCode, passGates } from '#flows/evidence/gates.ts'
import { deployPreview, type HeadOf } from '#flows/pull-request/run.ts'
import { runSteps } from '#flows/step/steps.ts'
import { packArtifact } from './artifact.ts'
import { type Background, createBackground } from './background.ts'
import { deployToEnvironments } from './environments.ts'
import { finish } from './finish.ts'
import { type BuiltChange, type DeliveryInput, type RunEnd, workspaceOf } from './input.ts'
import { type Preparation, prepare } from './prepare.ts'
import { deferredWork, type FactWork, planWork, type WorkPlan } from './work-plan.ts'

/**
 * The line: a change is checked out, built and tested once, kept as an artifact, and deployed to
 * each environment in order. The run succeeds only when the last environment is live with it.
 */
export const deliveryWorkflow = (
  deps: Dependencies,
  concurrency: number,
): WorkflowDefinition<DeliveryInput, RunEnd> => ({
  name: 'delivery',
  version: 1,
  concurrency,
  run: (ctx, input) => runWorkflow(ctx, deps, input),
})

/**
 * Runs the head of a pull request up to its artifact and its preview. It is a workflow of its own,
 * so that pull requests take no concurrency from the branch.
 */
export const pullRequestWorkflow = (
  deps: Dependencies,
  concurrency: number,
): WorkflowDefinition<DeliveryInput, RunEnd> => ({
  name: 'pull_request',
  version: 1,
  concurrency,
  run: (ctx, input) => runWorkflow(ctx, deps, input),
})

async function runWorkflow(
  ctx: WorkflowContext,
  deps: Dependencies,
  input: DeliveryInput,
): Promise<RunEnd> {
  const background = createBackground()
  try {
    const delivered = await runDelivery(ctx, deps, input, background)
    const end = await finish(ctx, deps, input, delivered.end)
    for (const work of delivered.deferred) await recordFacts(ctx, deps, work, delivered.change)
    await background.settled()
    return end
  } catch (error) {
    const end = endOf(error)
    if (end === null) throw error
    return ctx.uncancelled(() => finish(ctx, deps, input, end))
  }
}

function endOf(error: unknown): RunEnd | null {
  if (error instanceof Cancelled) return { state: 'cancelled', reason: 'cancelled' }
  if (error instanceof Broken || error instanceof Failed) return failed(error.message)
  return null
}

/** A change whose fairlead.yaml was read; `artifact` is null until it is packed. */
type PreparedChange = Omit<BuiltChange, 'artifact'> &
  Pick<Preparation & { end: null }, 'trigger' | 'parameters'> & { artifact: string | null }

/** How a delivery ended, and the work that remains once its end is recorded. */
type Delivered =
  | { end: RunEnd; change: PreparedChange; deferred: FactWork[] }
  | { end: RunEnd; change: null; deferred: [] }

async function runDelivery(
  ctx: WorkflowContext,
  deps: Dependencies,
  input: DeliveryInput,
  background: Background,
): Promise<Delivered> {
  const prepared = await ctx.step('prepare', (step) => prepare(deps, step, input))
  if (prepared.end) return { end: prepared.end, change: null, deferred: [] }
  const { end: _end, ...facts } = prepared
  const change = { ...input, ...facts, artifact: null }
  const plan = planWork(change.definition, input.pullRequest !== undefined)
  const build = await buildArtifact(ctx, deps, change, plan, background)
  if (build.reason !== null)
    return {
      end: failed(build.reason),
      change,
      deferred: deferredWork(plan, { artifact: false, gates: build.haveStepsPassed }),
    }
  const built = { ...change, artifact: build.artifact }
  return {
    end: input.pullRequest
      ? await deployHead(ctx, deps, { ...built, pullRequest: input.pullRequest }, background)
      : await deployChange(ctx, deps, built, plan, background),
    change: built,
    deferred: deferredWork(plan, { artifact: true, gates: true }),
  }
}

const failed = (reason: string): RunEnd => ({ state: 'failed', reason })

type Build =
  | { artifact: string; reason: null }
  | { artifact: null; reason: string; haveStepsPassed: boolean }

/** Runs the steps, evaluates the gates that stop the change, and packs the artifact. */
async function buildArtifact(
  ctx: WorkflowContext,
  deps: Dependencies,
  change: PreparedChange,
  plan: WorkPlan,
  background: Background,
): Promise<Build> {
  const inspection =
    plan.inspection === 'during_steps' ? background.start(inspectCode(ctx, deps, change)) : null
  const failedStep = await runSteps(ctx, deps, {
    ...change,
    workspace: workspaceOf(deps, change.run),
    pullRequest: change.pullRequest?.number ?? null,
    isTrusted: change.pullRequest?.isTrusted ?? true,
  })
  if (failedStep !== null) return { artifact: null, reason: failedStep, haveStepsPassed: false }
  await inspection
  const failedGate = plan.gates === 'before_artifact' ? await passGates(ctx, deps, change) : null
  if (failedGate !== null) return { artifact: null, reason: failedGate, haveStepsPassed: true }
  const artifact = await ctx.step('artifact', (step) =>
    packArtifact(deps, step, change, change.definition),
  )
  return { artifact, reason: null }
}

/** Deploys a change of the branch to each environment. */
function deployChange(
  ctx: WorkflowContext,
  deps: Dependencies,
  change: BuiltChange,
  plan: WorkPlan,
  background: Background,
): Promise<RunEnd> {
  const signatures =
    plan.evidence === 'before_environments'
      ? [background.start(signEvidence(ctx, deps, change))]
      : []
  return deployToEnvironments(ctx, deps, change, signatures, background)
}

/** Deploys the head of a pull request to its preview, when it has one. */
async function deployHead(
  ctx: WorkflowContext,
  deps: Dependencies,
  change: BuiltChange & { pullRequest: HeadOf },
  background: Background,
): Promise<RunEnd> {
  const deployed = await deployPreview(ctx, deps, {
    ...change,
    workspace: workspaceOf(deps, change.run),
  })
  if (deployed === null) return { state: 'succeeded', reason: null }
  if (deployed.reason !== null) return failed(deployed.reason)
  void background.start(deployed.retired)
  return { state: 'succeeded', reason: null }
}

async function recordFacts(
  ctx: WorkflowContext,
  deps: Dependencies,
  work: FactWork,
  change: PreparedChange | null,
): Promise<void> {
  if (change === null) return
  const { artifact } = change
  // Gates that can stop a run were evaluated before; after the run, only its numbers are stored.
  if (work === 'gates')
    await passGates(ctx, deps, { ...change, definition: { ...change.definition, gates: {} } })
  else if (work === 'inspection') await inspectCode(ctx, deps, change)
  else if (artifact !== null) await signEvidence(ctx, deps, { ...change, artifact })
}
