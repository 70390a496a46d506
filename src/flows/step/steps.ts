import { join } from 'node:path'
import type { Run } from '#contract/run/run.ts'
import { isPlainSecret, plainSecretWarning } from '#contract/configuration/secret.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { buildGraph, readySteps, type StepOutcome } from '#domains/pipeline/graph.ts'
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
  /** false: no step gets a secret */
  isTrusted: boolean
  definition: PipelineFile
  workspace: string
  /** where in the workspace the app is */
  folder: string
  trigger: Run['trigger']
  /** what the run was given */
  parameters: Record<string, string>
}

/**
 * Runs the steps of a run as a graph, those that need nothing of each other in parallel. After the
 * first failure nothing new starts, and what runs may end. Answers the sentence of the first
 * failure, or null.
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
  if (!file) return { passed: false, reason: `there is no step ${name}` }
  return ctx.step(`step.${name}`, async (step) => {
    if (file.when.length > 0 && !file.when.includes(request.trigger)) {
      step.write(
        skipStep(request.run, name, `it is for runs that begin by ${file.when.join(' or ')}`),
      )
      return { passed: true, reason: null }
    }
    const named = request.isTrusted ? await namedSecrets(deps, request, file.secrets) : {}
    const result = await executeStep(deps, step, {
      run: request.run,
      app: request.app,
      sha: request.sha,
      pullRequest: request.pullRequest,
      isTrusted: request.isTrusted,
      name,
      file,
      workspace: request.workspace,
      directory: join(request.workspace, request.folder, file.directory),
      env: { ...request.parameters, ...named },
      masks: Object.values(named),
      notes: notesOf(named),
    })
    return { ...result, passed: result.passed || file.optional }
  })
}

/** Whoever counts on a secret being hidden learns where it is not. */
function notesOf(secrets: Record<string, string>): string[] {
  const names = Object.keys(secrets).filter((name) => isPlainSecret(secrets[name] ?? ''))
  return names.length === 0 ? [] : [plainSecretWarning(names)]
}

/**
 * The secrets that a step names, of the first environment; one that is not set is left out, and the
 * command will say so.
 */
async function namedSecrets(
  deps: Dependencies,
  request: StepsRequest,
  names: string[],
): Promise<Record<string, string>> {
  const [first] = Object.keys(request.definition.environments)
  if (names.length === 0 || first === undefined) return {}
  return openSecrets(deps, request.app, first, names)
}
