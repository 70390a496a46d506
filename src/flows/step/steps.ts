import { join } from 'node:path'
import type { Run } from '#contract/run/run.ts'
import { isPlainSecret, plainSecretWarning } from '#contract/configuration/secret.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { buildGraph, readySteps, skipReason, type StepOutcome } from '#domains/pipeline/graph.ts'
import type { WorkflowContext } from '#engine/workflow.ts'
import { skipStep } from '#domains/pipeline/store.ts'
import { openSecrets } from '#flows/deployment/release-spec.ts'
import { executeStep } from './step.ts'
import type { Dependencies } from '#flows/dependencies.ts'

interface StepsRequest {
  run: number
  app: string
  sha: string
  pullRequest: number | null
  /** false for code from outside the repository: its steps get no secrets */
  isTrusted: boolean
  definition: PipelineFile
  workspace: string
  /** folder of the app, relative to the workspace */
  folder: string
  trigger: Run['trigger']
  /** set when the run was requested */
  parameters: Record<string, string>
}

/**
 * Runs the steps of a run as a graph, independent steps in parallel. After the first failure no
 * step starts, and running steps may finish. Returns the sentence of the first failure, or null.
 */
export async function runSteps(
  ctx: WorkflowContext,
  deps: Dependencies,
  request: StepsRequest,
): Promise<string | null> {
  const graph = buildGraph(request.definition.steps)
  const outcomes = new Map<string, StepOutcome>()
  const running = new Map<string, Promise<void>>()
  let failure: string | null = null
  for (;;) {
    const ready =
      failure === null ? readySteps(graph, outcomes).filter((name) => !running.has(name)) : []
    for (const name of ready) {
      const work = runStep(ctx, deps, request, name).then((result) => {
        outcomes.set(name, result.passed ? 'passed' : 'failed')
        running.delete(name)
        if (!result.passed) failure ??= `step ${name} failed: ${result.reason ?? 'no reason given'}`
      })
      running.set(name, work)
    }
    if (running.size === 0) return failure
    try {
      await Promise.race(running.values())
    } catch (error) {
      await Promise.allSettled(running.values())
      throw error
    }
  }
}

async function runStep(
  ctx: WorkflowContext,
  deps: Dependencies,
  request: StepsRequest,
  name: string,
) {
  const file = request.definition.steps[name]
  if (!file) return { passed: false, reason: `step ${name} does not exist` }
  return ctx.step(`step.${name}`, async (step) => {
    if (file.when.length > 0 && !file.when.includes(request.trigger)) {
      step.write(skipStep(request.run, name, skipReason(file.when)))
      return { passed: true, reason: null }
    }
    const secrets = request.isTrusted ? await namedSecrets(deps, request, file.secrets) : {}
    const result = await executeStep(deps, step, {
      run: request.run,
      app: request.app,
      sha: request.sha,
      pullRequest: request.pullRequest,
      isTrusted: request.isTrusted,
      slots: deps.slots,
      name,
      file,
      workspace: request.workspace,
      directory: join(request.workspace, request.folder, file.directory),
      env: { ...request.parameters, ...secrets },
      masks: Object.values(secrets),
      notes: notesOf(secrets),
    })
    return { ...result, passed: result.passed || file.optional }
  })
}

/** Warns of secrets that are too short or too common to be masked. */
function notesOf(secrets: Record<string, string>): string[] {
  const names = Object.keys(secrets).filter((name) => isPlainSecret(secrets[name] ?? ''))
  return names.length === 0 ? [] : [plainSecretWarning(names)]
}

/** The secrets that a step names, from the first environment; omits secrets that are not set. */
async function namedSecrets(
  deps: Dependencies,
  request: StepsRequest,
  names: string[],
): Promise<Record<string, string>> {
  const [first] = Object.keys(request.definition.environments)
  if (names.length === 0 || first === undefined) return {}
  return openSecrets(deps, request.app, first, names)
}
