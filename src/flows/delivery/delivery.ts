import { lstat, readFile, rm } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { Run } from '#contract/run/run.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { admitDelivery, choosePort } from '#domains/deployment/deployment.ts'
import * as deployments from '#domains/deployment/store.ts'
import { insertArtifact } from '#domains/artifact/store.ts'
import { readPipelineFile } from '#domains/pipeline/file.ts'
import { expandPipeline } from '#domains/pipeline/expand.ts'
import { buildGraph } from '#domains/pipeline/graph.ts'
import { parametersOf } from '#domains/pipeline/parameters.ts'
import * as runs from '#domains/pipeline/store.ts'
import {
  Broken,
  Cancelled,
  Failed,
  type StepContext,
  type WorkflowContext,
  type WorkflowDefinition,
} from '#engine/workflow.ts'
import { mustBeInside } from '#platform/file/inside.ts'
import { pack } from '#platform/oci/oci.ts'
import { readBranchFile } from './branch-file.ts'
import { giveToSteps, removeTmp, stepsOf } from '#flows/step/confinement.ts'
import { deploy } from '#flows/deployment/deployment.ts'
import { facts, type PlannedDeployment } from '#flows/deployment/planned-deployment.ts'
import { pause } from '#flows/deployment/retry.ts'
import { permissionRules } from '#flows/deployment/permission.ts'
import { lackOfEvidence, signEvidence, signVerdict } from '#flows/evidence/evidence.ts'
import { inspectCode, needCode, passGates } from '#flows/evidence/gates.ts'
import { asHead, deployPreview, endOfCancelled, type HeadOf } from '#flows/pull-request/run.ts'
import { runSteps } from '#flows/step/steps.ts'
import { hasNoRelevantChanges } from './relevant-changes.ts'
import type { Dependencies } from '#flows/dependencies.ts'

export interface DeliveryInput {
  run: number
  app: string
  sha: string
  /** who made the change or asked for the run */
  actor: string
  /** when it tries the head of one: then it goes into no environment of the line */
  pullRequest?: HeadOf
}

type End = {
  state: 'succeeded' | 'failed' | 'cancelled' | 'superseded' | 'skipped'
  reason: string | null
}

/**
 * A head of a pull request goes the same way as a change, as far as its artifact, and takes no
 * place from the branch.
 */
export function pullRequestWorkflow(
  deps: Dependencies,
  concurrency: number,
): WorkflowDefinition<DeliveryInput, End> {
  return {
    name: 'pull_request',
    version: 1,
    concurrency,
    run: (ctx, input) => deliver(ctx, deps, input),
  }
}

/**
 * The line: a change is checked out, built and tested once, kept as an artifact, and put into each
 * environment in order. It ends `succeeded` only when the last environment is live with it.
 */
export function deliveryWorkflow(
  deps: Dependencies,
  concurrency: number,
): WorkflowDefinition<DeliveryInput, End> {
  return {
    name: 'delivery',
    version: 1,
    concurrency,
    run: (ctx, input) => deliver(ctx, deps, input),
  }
}

async function deliver(
  ctx: WorkflowContext,
  deps: Dependencies,
  input: DeliveryInput,
): Promise<End> {
  const later: Later = { underWay: [], after: [] }
  try {
    const end = await finish(ctx, deps, input, await travel(ctx, deps, input, later))
    for (const act of later.after) await act()
    await Promise.all(later.underWay)
    return end
  } catch (error) {
    const end = endOf(error)
    if (end === null) throw error
    return ctx.uncancelled(() => finish(ctx, deps, input, end))
  }
}

function endOf(error: unknown): End | null {
  if (error instanceof Cancelled) return { state: 'cancelled', reason: 'cancelled' }
  if (error instanceof Broken || error instanceof Failed)
    return { state: 'failed', reason: error.message }
  return null
}

/**
 * What a run leaves behind when it has ended: work that goes on, and work that nobody waited for
 * and that comes then.
 */
interface Later {
  underWay: Promise<unknown>[]
  after: (() => Promise<unknown>)[]
}

async function travel(
  ctx: WorkflowContext,
  deps: Dependencies,
  input: DeliveryInput,
  later: Later,
): Promise<End> {
  const prepared = await ctx.step('prepare', (step) => prepare(deps, step, input))
  if (prepared.end) return prepared.end
  const { definition, folder, trigger, parameters } = prepared
  const { pullRequest } = input
  const workspace = workspaceOf(deps, input.run)
  const asks = { ...input, definition }
  const isJudged = Object.keys(definition.gates).length > 0
  const isSigned =
    !pullRequest &&
    Object.values(definition.environments).some(({ evidence }) => evidence.length > 0)
  // Whoever asks for nothing gets into production sooner: what is known of the change is gathered,
  // and signed, after that.
  const inspected = needCode(definition.gates) ? begin(later, inspectCode(ctx, deps, asks)) : null
  if (!isJudged && !isSigned) later.after.push(() => passGates(ctx, deps, asks))
  if (inspected === null) later.after.push(() => inspectCode(ctx, deps, asks))
  const failed = await runSteps(ctx, deps, {
    ...{ ...input, definition, workspace, folder, trigger, parameters },
    ...{ pullRequest: pullRequest?.number ?? null, isTrusted: pullRequest?.isTrusted ?? true },
  })
  if (failed !== null) return { state: 'failed', reason: failed }
  await inspected
  const stopped = isJudged || isSigned ? await passGates(ctx, deps, asks) : null
  if (stopped !== null) return { state: 'failed', reason: stopped }
  const artifact = await ctx.step('artifact', (step) =>
    packArtifact(deps, step, { ...input, folder }, definition),
  )
  if (pullRequest) {
    const preview = await deployPreview(ctx, deps, {
      ...input,
      pullRequest,
      artifact,
      definition,
      workspace,
      folder,
    })
    if (preview !== null && preview.reason !== null)
      return { state: 'failed', reason: preview.reason }
    if (preview !== null) void begin(later, preview.retired)
    return { state: 'succeeded', reason: null }
  }
  const request = { ...input, artifact, definition }
  const statements: Promise<unknown>[] = isSigned
    ? [begin(later, signEvidence(ctx, deps, request))]
    : []
  if (!isSigned) later.after.push(() => signEvidence(ctx, deps, request))
  for (const [environment, file] of Object.entries(definition.environments)) {
    if (file.evidence.length > 0) {
      await Promise.all(statements)
      const lack = await ctx.step(`${environment}.policy`, () =>
        lackOfEvidence(deps, { ...request, environment }),
      )
      if (lack !== null) return { state: 'failed', reason: `${environment}: ${lack}` }
    }
    const plan = await ctx.step(`${environment}.plan`, (step) =>
      planDeployment(ctx, deps, step, { ...input, environment, artifact, definition }),
    )
    const outcome = await deploy(ctx, deps, {
      ...plan,
      ...input,
      environment,
      definition,
      kind: 'delivery',
      rank: input.run,
      folder: join(workspace, folder),
      verify: true,
      refreshConfiguration: true,
      formerState: 'replaced',
      formerReason: null,
      admit: (situation) => admitDelivery(input.run, situation),
    })
    if (outcome.state !== 'live')
      return { state: outcome.state, reason: `${environment}: ${outcome.reason}` }
    // The one before may drain while this change goes on to the next environment.
    void begin(later, outcome.retired)
    if (file.strategy === 'canary') {
      statements.push(
        begin(later, signVerdict(ctx, deps, { ...request, environment, deployment: plan.id })),
      )
    }
  }
  return { state: 'succeeded', reason: null }
}

/** Lets something go on while the change does. */
function begin<T>(later: Later, work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  later.underWay.push(work)
  return work
}

export const workspaceOf = (deps: Dependencies, run: number): string =>
  join(deps.home.runs, String(run), 'workspace')

type Prepared =
  | { end: End; definition?: never }
  | {
      end: null
      definition: PipelineFile
      trigger: Run['trigger']
      parameters: Record<string, string>
      /** where in the workspace the app is */
      folder: string
    }

/**
 * Reads fairlead.yaml of the commit, checks it out, and makes known what the run is going to do.
 */
async function prepare(
  deps: Dependencies,
  step: StepContext,
  input: DeliveryInput,
): Promise<Prepared> {
  const { pullRequest } = input
  const of = { app: input.app, id: input.run, pullRequest: pullRequest?.number ?? null }
  const newer = await runs.newerOpenRun(deps.db, of)
  if (newer !== null)
    return { end: { state: 'superseded', reason: `run ${newer} has a newer change` } }
  await waitForDisk(deps, step, input)
  const { warnings } = await deps.source.checkout({
    app: input.app,
    sha: input.sha,
    folder: workspaceOf(deps, input.run),
    isTrusted: pullRequest?.isTrusted ?? true,
    signal: step.signal,
  })
  const user = stepsOf(input.app, pullRequest?.isTrusted ?? true)
  await giveToSteps(deps, user, workspaceOf(deps, input.run))
  const folder = (await deps.source.stored(input.app))?.folder ?? '.'
  const bytes = await readPlainFile(join(workspaceOf(deps, input.run), folder, 'fairlead.yaml'))
  if (bytes === null) {
    return {
      end: {
        state: 'failed',
        reason:
          'the commit has no fairlead.yaml; write one with `fairlead init`. What runs stays as it is',
      },
    }
  }
  const file = readPipelineFile(bytes, { file: 'fairlead.yaml', defaultApp: input.app })
  if (!file.ok) {
    const [first] = file.problems
    const more = file.problems.length > 1 ? ` (and ${file.problems.length - 1} more)` : ''
    return {
      end: {
        state: 'failed',
        reason: `fairlead.yaml:${first?.line}:${first?.column}: ${first?.problem}; ${first?.hint}${more}`,
      },
    }
  }
  const branch = pullRequest ? await readBranchFile(deps.source, input.app) : null
  if (pullRequest && branch === null)
    return {
      end: {
        state: 'failed',
        reason: 'fairlead.yaml of the branch cannot be read, and what it says counts',
      },
    }
  const expanded = expandPipeline(file.pipeline)
  const definition = branch === null ? expanded : asHead(expanded, branch)
  const run = await runs.getRun(deps.db, input.run)
  const given = parametersOf(definition, await runs.getParameters(deps.db, input.run))
  const isPassable = run?.trigger === 'push' || pullRequest !== undefined
  const passed = isPassable ? await hasNoRelevantChanges(deps, input, { definition, folder }) : null
  if (passed !== null) return { end: { state: 'skipped', reason: passed } }
  if (given.problem !== null) return { end: { state: 'failed', reason: given.problem } }
  step.write(runs.startRun(input.run, definition))
  for (const [position, planned] of plannedSteps(definition, pullRequest === undefined).entries())
    step.write(runs.insertStep(input.run, position, planned))
  if (!pullRequest)
    for (const statement of await environmentStatements(deps, input.app, definition))
      step.write(statement)
  step.emit({
    type: 'dev.cdevents.pipelinerun.started',
    subject: `run/${input.run}`,
    app: input.app,
    actor: input.actor,
    data: { sha: input.sha, warnings },
  })
  return {
    end: null,
    definition,
    trigger: run?.trigger ?? 'push',
    parameters: given.parameters,
    folder,
  }
}

/**
 * The file as a file: a link or a folder of that name is refused, because it may lead out of the
 * repository.
 */
async function readPlainFile(path: string): Promise<Buffer | null> {
  const found = await lstat(path).catch(() => null)
  if (found === null) return null
  if (!found.isFile()) throw new Failed('fairlead.yaml is not a plain file; commit it as one')
  return readFile(path)
}

/** New work waits while the disk is nearly full, and says so. */
async function waitForDisk(
  deps: Dependencies,
  step: StepContext,
  input: DeliveryInput,
): Promise<void> {
  for (let said = false; ;) {
    const { free, floor } = await deps.disk()
    if (free >= floor) return
    if (!said) {
      step.write(
        runs.setRunReason(
          input.run,
          `waits: the disk has ${Math.floor(free)} MB left, less than the ${floor} MB that Fairlead keeps free`,
        ),
      )
      await step.flush()
      said = true
    }
    await pause(step, 1000)
  }
}

/** The team's steps, then one per verification, so that each has its log in the same place. */
function plannedSteps(
  definition: PipelineFile,
  isVerified: boolean,
): { name: string; command: string; needs: string[] }[] {
  const names = Object.keys(definition.steps)
  const steps = [...buildGraph(definition.steps)].map(([name, needs]) => ({
    name,
    command: definition.steps[name]?.run ?? '',
    needs: [...needs],
  }))
  const verifications = Object.entries(definition.environments).flatMap(([name, environment]) =>
    environment.verify && isVerified
      ? [{ name: `verify-${name}`, command: environment.verify.run, needs: names.slice(-1) }]
      : [],
  )
  return [...steps, ...verifications]
}

async function environmentStatements(deps: Dependencies, app: string, definition: PipelineFile) {
  const known = await deployments.listAllEnvironments(deps.db)
  const taken = known.map((environment) => environment.port)
  return Object.entries(definition.environments).map(([name, file], position) => {
    const mine = known.find((environment) => environment.app === app && environment.name === name)
    const port = file.port ?? mine?.port ?? choosePort(deps.home.edgePort, taken)
    taken.push(port)
    return deployments.upsertEnvironment({ app, name, position, port, pullRequest: null })
  })
}

async function packArtifact(
  deps: Dependencies,
  step: StepContext,
  input: DeliveryInput & { folder: string },
  definition: PipelineFile,
): Promise<string> {
  mustBeInside(workspaceOf(deps, input.run), join(workspaceOf(deps, input.run), input.folder))
  const artifact = await pack({
    layout: deps.home.artifacts,
    folder: join(workspaceOf(deps, input.run), input.folder),
    include: definition.artifact.include,
    exclude: [...definition.artifact.exclude, ...reportsOf(definition)],
    annotations: {
      'org.opencontainers.image.revision': input.sha,
      'org.opencontainers.image.title': input.app,
    },
  })
  step.write(insertArtifact({ ...artifact, app: input.app, run: input.run }))
  step.write(runs.setRunArtifact(input.run, artifact.digest))
  step.emit({
    type: 'dev.cdevents.artifact.packaged',
    subject: `artifact/${artifact.digest}`,
    app: input.app,
    data: { run: input.run, sha: input.sha, size: artifact.size },
  })
  return artifact.digest
}

/**
 * Reports are evidence and no product: with their times in them, the same build would never be the
 * same artifact.
 */
const reportsOf = ({ steps }: PipelineFile): string[] =>
  Object.values(steps).flatMap(({ directory, reports }) =>
    reports.map((pattern) => posix.join(directory, pattern)),
  )

interface DeploymentRequest extends DeliveryInput {
  environment: string
  artifact: string
  definition: PipelineFile
}

async function planDeployment(
  ctx: WorkflowContext,
  deps: Dependencies,
  step: StepContext,
  request: DeploymentRequest,
): Promise<Pick<PlannedDeployment, 'id' | 'release' | 'asksPermission'>> {
  const ids = await deployments.nextIds(deps.db)
  const { app, environment, run, sha, definition, artifact, actor } = request
  step.write(
    deployments.insertRelease({
      id: ids.release,
      app,
      environment,
      artifact,
      configuration: 0,
      run,
      sha,
      definition,
    }),
  )
  step.write(
    deployments.insertDeployment({
      id: ids.deployment,
      app,
      environment,
      kind: 'delivery',
      run,
      release: ids.release,
      actor,
      workflow: ctx.id,
    }),
  )
  step.emit({
    type: 'dev.cdeventsx.fairlead-deployment.waiting',
    subject: `deployment/${ids.deployment}`,
    app,
    actor,
    data: facts({ environment, kind: 'delivery', run, release: ids.release, sha }),
  })
  const { freezes, approvals } = await permissionRules(deps, request)
  return {
    id: ids.deployment,
    release: ids.release,
    asksPermission: freezes.length + approvals.length > 0,
  }
}

async function finish(
  ctx: WorkflowContext,
  deps: Dependencies,
  input: DeliveryInput,
  reached: End,
): Promise<End> {
  const end = await ctx.step('finish', async (step): Promise<End> => {
    const { run, app, pullRequest: pull } = input
    const isTaken = pull !== undefined && reached.state === 'cancelled'
    const end = isTaken
      ? await endOfCancelled(deps.db, { app, run, pullRequest: pull.number })
      : reached
    step.write(runs.closeSteps(input.run, end.state === 'cancelled' ? 'cancelled' : 'failed'))
    step.write(runs.endRun(input.run, end.state, end.reason))
    step.emit({
      type: 'dev.cdevents.pipelinerun.finished',
      subject: `run/${input.run}`,
      app: input.app,
      actor: input.actor,
      data: {
        sha: input.sha,
        outcome: end.state === 'succeeded' ? 'success' : 'failure',
        state: end.state,
        reason: end.reason,
        ...(pull ? { pullRequest: pull.number } : {}),
      },
    })
    return end
  })
  await removeTmp(deps, input.run)
  // A failed run's workspace is kept for a look; the next clean-up takes it.
  if (end.state !== 'failed')
    await rm(workspaceOf(deps, input.run), { recursive: true, force: true }).catch(() => undefined)
  return end
}
