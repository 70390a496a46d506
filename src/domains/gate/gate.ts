import { expressions, type FactName, needsOf } from '#contract/gate/expression.ts'
import type { Gate } from '#contract/gate/gate.ts'
import { explain } from './explain.ts'
import { expressionFacts, type RunFacts, unmeasuredOf } from './facts.ts'

/** Why a fact can be missing. */
const sources: Record<FactName, string> = {
  tests: 'no step of this run has a report with tests',
  coverage: 'no step of this run has a report with coverage',
  findings: 'no step of this run has a findings report',
  measurements: 'no step of this run has a measurements report',
  materials: 'no step of this run has a bill of materials',
  code: 'the code could not be measured',
  functions: 'the code could not be measured',
}

/** The facts that come from reports of steps. */
const reported = new Set(['tests', 'coverage', 'findings', 'measurements', 'materials'])

/**
 * Evaluates each gate. A gate that needs data which this run does not have stops the change: no
 * data is never good. A gate that compares with the last good release is unknown, and stops
 * nothing, while that release has no data to compare with.
 */
export function evaluateGates(
  gates: Record<string, string>,
  runFacts: RunFacts,
  waived: Set<string>,
): Gate[] {
  const facts = expressionFacts(runFacts)
  return Object.entries(gates).map(([name, expression]) => {
    const answer = evaluate(expression, runFacts, facts)
    if (!answer.stops || !waived.has(name)) return { name, expression, ...answer }
    return { name, expression, ...answer, state: 'waived', stops: false }
  })
}

type Answer = Pick<Gate, 'state' | 'reasons' | 'stops'>

const unknown = (reason: string, stops: boolean): Answer => ({
  state: 'unknown',
  reasons: [reason],
  stops,
})

function evaluate(expression: string, runFacts: RunFacts, facts: Record<string, unknown>): Answer {
  const { last: base, findings, missing: without = [] } = runFacts
  const { now, last, isRelative } = needsOf(expression)
  const unmeasured: Partial<Record<string, string | null>> = unmeasuredOf(runFacts)
  for (const [name, why] of Object.entries(sources))
    if (now.has(name) && (facts[name] ?? null) === null)
      return unknown(unmeasured[name] ?? why, true)
  const absent = without.find(({ topics }) =>
    [...now].some((name) => topics?.includes(name) ?? reported.has(name)),
  )
  if (absent) return unknown(`step ${absent.step} failed without its report`, true)
  if (now.has('tests') && runFacts.numbers.tests?.total === 0)
    return unknown('the test reports of this run contain no test', true)
  if (last.size > 0 || isRelative) {
    if (!base) return unknown('there is no release in production to compare with yet', false)
    const before = (facts['last'] ?? {}) as Record<string, unknown>
    for (const name of last)
      if ((before[name] ?? null) === null)
        return unknown(
          `the last good release (run ${base.run}) has no ${name} to compare with`,
          false,
        )
    if (now.has('findings') && findings?.some(({ isNew }) => isNew === null))
      return unknown(
        `the last good release (run ${base.run}) has no findings report to compare with`,
        false,
      )
  }
  return decide(expression, runFacts, facts)
}

function decide(expression: string, runFacts: RunFacts, facts: Record<string, unknown>): Answer {
  try {
    const isTrue = expressions.evaluate(expression, facts) === true
    return {
      state: isTrue ? 'passed' : 'failed',
      reasons: explain(expression, facts, isTrue),
      stops: !isTrue,
    }
  } catch (error) {
    return missing(expression, runFacts, (error as Error).message.split('\n')[0] ?? '')
  }
}

/** The answer when the expression names a value that does not exist. */
function missing(expression: string, { unreported = [] }: RunFacts, problem: string): Answer {
  const key = /^No such key: (.*)$/.exec(problem)?.[1]
  if (key === 'worse')
    return unknown(
      'its noise is unknown: that needs four earlier runs, or samples in its report',
      false,
    )
  if (key === 'before' || key === 'change')
    return unknown('the last good release does not have it to compare with', false)
  if (key === 'total')
    return unknown('the coverage reports of this run contain no executable line', true)
  if (key === 'duplication')
    return unknown('there is no code in a language that can be measured', true)
  if (key === 'changed' && unreported.length > 0)
    return unknown(`no coverage report mentions changed code: ${namesOf(unreported)}`, true)
  if (key === 'changed' || key === 'changedLines')
    return unknown(
      'the changed lines are unknown: the diff is larger than 64 MB, or the base commit is gone',
      true,
    )
  return unknown(
    key === undefined
      ? `it cannot be evaluated: ${problem}`
      : `this run has no ${key}, which \`${expression}\` needs`,
    true,
  )
}

const namesOf = (files: string[]): string =>
  `${files.slice(0, 3).join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''}`

/** Why the gates stop a run, in one sentence; null when they do not. */
export function reasonOf(gates: Gate[]): string | null {
  const stopping = gates.filter(({ stops }) => stops)
  if (stopping.length === 0) return null
  return stopping
    .map(({ name, reasons }) => `gate ${name}: ${reasons[0] ?? 'it failed'}`)
    .join('; ')
}
