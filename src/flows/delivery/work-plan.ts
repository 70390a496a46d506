import { needsOf } from '#contract/gate/expression.ts'
import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'

/** Work that records facts about a change. */
export type FactWork = 'gates' | 'inspection' | 'evidence'

/**
 * When each piece of fact-recording work is done. A change that nothing stops reaches production
 * sooner, because all of it is deferred until the run has ended.
 */
export interface WorkPlan {
  /** Measures the code of the commit. */
  inspection: 'during_steps' | 'after_run'
  /** Evaluates the gates and stores the numbers of the run. */
  gates: 'before_artifact' | 'after_run'
  /** Signs evidence about the artifact; a pull request signs none. */
  evidence: 'before_environments' | 'after_run' | 'never'
}

/**
 * Decides which facts the run has to wait for: a gate needs the numbers, a gate on code needs the
 * inspection, and an environment that requires evidence needs both the numbers and the signatures.
 */
export function planWork(
  { gates, environments }: Pick<PipelineFile, 'gates' | 'environments'>,
  isPullRequest: boolean,
): WorkPlan {
  const requiresEvidence =
    !isPullRequest && Object.values(environments).some(({ evidence }) => evidence.length > 0)
  const hasGates = Object.keys(gates).length > 0
  return {
    inspection: Object.values(gates).some(readsCode) ? 'during_steps' : 'after_run',
    gates: hasGates || requiresEvidence ? 'before_artifact' : 'after_run',
    evidence: requiresEvidence ? 'before_environments' : isPullRequest ? 'never' : 'after_run',
  }
}

/** How far a run came before its end. */
export interface Reached {
  artifact: boolean
  /** its steps passed, so that gates that come before the artifact were evaluated */
  gates: boolean
}

/**
 * The work that remains after a run, in order. Evidence is about the artifact and needs one. The
 * numbers of a run whose steps failed are stored without gates.
 */
export function deferredWork(plan: WorkPlan, reached: Reached): FactWork[] {
  const remains: Record<FactWork, boolean> = {
    gates: plan.gates === 'after_run' || !reached.gates,
    inspection: plan.inspection === 'after_run',
    evidence: plan.evidence === 'after_run' && reached.artifact,
  }
  const order: FactWork[] = ['gates', 'inspection', 'evidence']
  return order.filter((work) => remains[work])
}

function readsCode(expression: string): boolean {
  const { now, last } = needsOf(expression)
  return now.has('code') || now.has('functions') || last.has('code')
}
