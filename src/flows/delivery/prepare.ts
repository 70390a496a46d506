import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { Run } from '#contract/run/run.ts'
import * as deployments from '#domains/deployment/store.ts'
import { placeByLabels } from '#domains/deployment/labels.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { listHosts } from '#domains/host/store.ts'
import { expandPipeline } from '#domains/pipeline/expand.ts'
import { type FileProblem, readPipelineFile } from '#domains/pipeline/file.ts'
import { plannedSteps } from '#domains/pipeline/graph.ts'
import { parametersOf } from '#domains/pipeline/parameters.ts'
import * as runs from '#domains/pipeline/store.ts'
import { Failed, type StepContext } from '#engine/workflow.ts'
import type { Workspace } from '#platform/workspace/workspace.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { commitProblem } from '#flows/deployment/configuration-files.ts'
import { planEnvironments } from '#flows/deployment/targets.ts'
import { asHead } from '#flows/pull-request/run.ts'
import { chownToSteps, stepsOf } from '#flows/step/confinement.ts'
import { getRun } from '#views/run.ts'
import { readBranchFile } from './branch-file.ts'
import { waitForDisk } from './disk.ts'
import { environmentEvents, leavingEnvironments } from './environment-events.ts'
import { type DeliveryInput, type RunEnd, workspaceOf } from './input.ts'
import { findRelevance } from './relevant-changes.ts'
import { placeInWorkspace, readWorkspace } from './workspace.ts'

/** A run that is ready for its steps, or how it ended before them. */
export type Preparation =
  | { end: RunEnd; definition?: never }
  | {
      end: null
      definition: PipelineFile
      trigger: Run['trigger']
      parameters: Record<string, string>
      /** folder of the app, relative to the workspace */
      folder: string
      /** where the artifact begins when the app shares installed modules with other packages */
      workspace?: Workspace | null
    }

/** Checks out the commit, reads its fairlead.yaml, and stores the steps that the run will take. */
export async function prepare(
  deps: Dependencies,
  step: StepContext,
  input: DeliveryInput,
): Promise<Preparation> {
  const pullRequest = input.pullRequest?.number ?? null
  const newer = await runs.newerOpenRun(deps.db, { app: input.app, id: input.run, pullRequest })
  if (newer !== null) return ended('superseded', `run ${newer} has a newer change`)
  await waitForDisk(deps, step, input.run)
  const { folder, warnings: ofCheckout } = await checkOut(deps, step, input)
  const read = await readDefinition(deps, input, folder)
  if (read.problem !== null) return ended('failed', read.problem)
  const found = await readWorkspace(deps, input, folder)
  const { definition, workspace } = placeInWorkspace(read.definition, found)
  const run = await getRun(deps.db, input.run)
  const trigger = run?.trigger ?? 'push'
  const place = { definition, folder, workspace }
  const { skip, warnings: ofPaths } = await findRelevance(deps, input, place)
  if (skip !== null && (run?.trigger === 'push' || pullRequest !== null))
    return ended('skipped', skip)
  const warnings = [...ofCheckout, ...ofPaths]
  const given = parametersOf(definition, await runs.getParameters(deps.db, input.run))
  if (given.problem !== null) return ended('failed', given.problem)
  const isChecked = input.pullRequest?.isTrusted ?? true
  const commit = { app: input.app, sha: input.sha, definition }
  const problem = isChecked ? await commitProblem(deps, commit) : null
  if (problem !== null) return ended('failed', problem)
  const conflict = await storePlan(deps, step, input, definition)
  if (conflict !== null) return ended('failed', conflict)
  if (warnings.length > 0) step.write(runs.addWarnings(input.run, warnings))
  step.emit({
    type: 'dev.cdevents.pipelinerun.started',
    subject: `run/${input.run}`,
    app: input.app,
    actor: input.actor,
    data: { sha: input.sha, warnings },
  })
  return { end: null, trigger, parameters: given.parameters, ...place }
}

const ended = (state: RunEnd['state'], reason: string): Preparation => ({ end: { state, reason } })

async function checkOut(
  deps: Dependencies,
  step: StepContext,
  input: DeliveryInput,
): Promise<{ folder: string; warnings: string[] }> {
  const isTrusted = input.pullRequest?.isTrusted ?? true
  const workspace = workspaceOf(deps, input.run)
  const { warnings } = await deps.source.checkout({
    app: input.app,
    sha: input.sha,
    folder: workspace,
    isTrusted,
    signal: step.signal,
  })
  await chownToSteps(deps, stepsOf(input.app, isTrusted), workspace)
  return { folder: (await deps.source.stored(input.app))?.folder ?? '.', warnings }
}

type Definition =
  | { problem: null; definition: PipelineFile }
  | { problem: string; definition?: never }

/**
 * The definition of the run. A pull request takes its steps from its head, and from the branch what
 * only the branch may decide.
 */
async function readDefinition(
  deps: Dependencies,
  input: DeliveryInput,
  folder: string,
): Promise<Definition> {
  const bytes = await readPlainFile(join(workspaceOf(deps, input.run), folder, 'fairlead.yaml'))
  if (bytes === null)
    return {
      problem:
        'the commit has no fairlead.yaml; create one with `fairlead init`. ' +
        'Running releases are not affected',
    }
  const { reserved: reservedPorts } = deps.ports
  const options = { file: 'fairlead.yaml', defaultApp: input.app, targets, reservedPorts }
  const file = readPipelineFile(bytes, options)
  if (!file.ok) return { problem: summarise(file.problems) }
  const definition = expandPipeline(file.pipeline)
  const hosts = await listHosts(deps.db)
  if (!input.pullRequest) return placeByLabels(definition, hosts)
  const branch = await readBranchFile(deps.source, input.app)
  if (branch === null)
    return {
      problem:
        'fairlead.yaml of the branch cannot be read, and a pull request takes its environments ' +
        'from there; fix the file on the branch',
    }
  return placeByLabels(asHead(definition, branch), hosts)
}

function summarise(problems: FileProblem[]): string {
  const [first] = problems
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return `fairlead.yaml:${first?.line}:${first?.column}: ${first?.problem}; ${first?.hint}${more}`
}

/**
 * Null when there is no file. Refuses a link or a folder: a link may lead out of the repository.
 */
async function readPlainFile(path: string): Promise<Buffer | null> {
  const found = await lstat(path).catch(() => null)
  if (found === null) return null
  if (!found.isFile())
    throw new Failed('fairlead.yaml is not a regular file; commit it as a regular file')
  return readFile(path)
}

/**
 * Starts the run with its steps and, for a change of the branch, the environments of its line.
 * Returns why an environment cannot have its port, or null.
 */
async function storePlan(
  deps: Dependencies,
  step: StepContext,
  input: DeliveryInput,
  definition: PipelineFile,
): Promise<string | null> {
  const isPullRequest = input.pullRequest !== undefined
  const conflict = isPullRequest ? null : await storeEnvironments(deps, step, input, definition)
  if (conflict !== null) return conflict
  step.write(runs.startRun(input.run, definition))
  for (const [position, planned] of plannedSteps(definition, !isPullRequest).entries())
    step.write(runs.insertStep(input.run, position, planned))
  return null
}

/** Stores the environments of the line, and emits what is new or changed. */
async function storeEnvironments(
  deps: Dependencies,
  step: StepContext,
  { app, run, actor }: DeliveryInput,
  definition: PipelineFile,
): Promise<string | null> {
  const known = await deployments.listAllEnvironments(deps.db)
  const before = await runs.definitionBefore(deps.db, app, run)
  const planned = Object.entries(definition.environments).map(([name, file], position) => ({
    ...{ app, name, position, file, pullRequest: null },
  }))
  const plan = await planEnvironments(deps, known, planned)
  if (plan.problem !== null) return plan.problem
  for (const statement of plan.statements) step.write(statement)
  const next = planned.map((environment, i) => ({ ...environment, port: plan.ports[i] ?? null }))
  for (const one of leavingEnvironments(app, known, planned)) step.write(deployments.leaveFile(one))
  const { released } = plan
  for (const event of environmentEvents({ app, known, next, released, before, run }))
    step.emit({ ...event, app, actor })
  return null
}
