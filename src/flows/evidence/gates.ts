import { join } from 'node:path'
import type { Gate } from '#contract/gate/gate.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import { evaluateGates, reasonOf } from '#domains/gate/gate.ts'
import { putCode, putCodeProblem, putSummary, waivedSubjects } from '#domains/gate/store.ts'
import { getChange } from '#domains/source/store.ts'
import type { WorkflowContext } from '#engine/workflow.ts'
import { inspect } from '#platform/process/inspector-client.ts'
import { baseOf, gatherRunFacts } from './run-facts.ts'
import type { Dependencies } from '#flows/dependencies.ts'

export interface GatesRequest {
  run: number
  app: string
  sha: string
  definition: PipelineFile
}

/**
 * Measures the code of a run's commit. Code that cannot be measured is unknown, which stops a run
 * only when a gate needs it.
 */
export function inspectCode(
  ctx: WorkflowContext,
  deps: Dependencies,
  { run, app, sha }: GatesRequest,
): Promise<boolean> {
  return ctx.step('code', async (step) => {
    const change = await getChange(deps.db, app, sha)
    const base = await baseOf(deps.db, {
      id: run,
      app,
      change: { sha, base: change?.base ?? null },
    })
    const request = {
      repository: deps.source.bareOf(app),
      sha,
      base: base.sha,
      change: change?.base ?? null,
      cache: join(deps.home.root, 'cache', `${app}.code`),
    }
    const { report, problem } = await inspect(request, step.signal)
    const statements = report ? putCode(run, report) : [putCodeProblem(run, problem)]
    for (const statement of statements) step.write(statement)
    return report !== null
  })
}

/**
 * Gathers the facts of a run, stores them and evaluates the gates. Returns why the gates stop the
 * run, or null.
 */
export function passGates(
  ctx: WorkflowContext,
  deps: Dependencies,
  request: GatesRequest,
): Promise<string | null> {
  const { run, app, sha, definition } = request
  return ctx.step('gates', async (step) => {
    const change = await getChange(deps.db, app, sha)
    const facts = await gatherRunFacts(deps, {
      id: run,
      app,
      change: { sha, base: change?.base ?? null },
    })
    const waived = await waivedSubjects(deps.db, app, 'gate')
    const gates: Gate[] = evaluateGates(definition.gates, facts, waived)
    step.write(putSummary(app, { run, base: facts.base, numbers: facts.numbers, gates }))
    if (gates.length > 0)
      step.emit({
        type: 'dev.cdeventsx.fairlead-gate.finished',
        subject: `run/${run}`,
        app,
        data: { gates: gates.map(({ name, state, stops }) => ({ name, state, stops })) },
      })
    return reasonOf(gates)
  })
}
