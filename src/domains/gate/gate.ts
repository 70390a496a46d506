import { expressions, type FactName, needsOf } from '#contract/gate/expression.ts'
import type { Gate } from '#contract/gate/gate.ts'
import { explain } from './explain.ts'
import { factsOf, type Known } from './facts.ts'

/** Where each fact comes from, for who asks for one that is not there. */
const sources: Record<FactName, string> = {
  tests: 'no step of this run has a report of tests',
  coverage: 'no step of this run has a report of coverage',
  findings: 'no step of this run has a report of findings',
  measurements: 'no step of this run has a report of measurements',
  materials: 'no step of this run has a bill of materials',
  code: 'the code could not be measured',
  functions: 'the code could not be measured',
}

/**
 * Asks each gate. One that asks for what this run does not have stops the change: no data is never
 * good. One that compares with the last good release, while there is nothing there to compare with,
 * is unknown and stops nothing.
 */
export function askGates(gates: Record<string, string>, known: Known, waived: Set<string>): Gate[] {
  const facts = factsOf(known)
  return Object.entries(gates).map(([name, expression]) => {
    const answer = ask(expression, known, facts)
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

function ask(expression: string, known: Known, facts: Record<string, unknown>): Answer {
  const { now, last, isRelative } = needsOf(expression)
  for (const [name, why] of Object.entries(sources))
    if (now.has(name) && (facts[name] ?? null) === null) return unknown(why, true)
  if (last.size > 0 || isRelative) {
    if (!known.last) return unknown('there is no release in production yet to compare with', false)
    const before = (facts['last'] ?? {}) as Record<string, unknown>
    for (const name of last)
      if ((before[name] ?? null) === null)
        return unknown(
          `the last good release (run ${known.last.run}) has no ${name} to compare with`,
          false,
        )
    if (now.has('findings') && known.findings?.some(({ isNew }) => isNew === null))
      return unknown(
        `the last good release (run ${known.last.run}) has no report of findings to compare with`,
        false,
      )
  }
  return decide(expression, facts)
}

function decide(expression: string, facts: Record<string, unknown>): Answer {
  try {
    const isTrue = expressions.evaluate(expression, facts) === true
    return {
      state: isTrue ? 'passed' : 'failed',
      reasons: explain(expression, facts, isTrue),
      stops: !isTrue,
    }
  } catch (error) {
    return missing(expression, (error as Error).message.split('\n')[0] ?? '')
  }
}

/** What an expression asked for by name, and did not find. */
function missing(expression: string, problem: string): Answer {
  const key = /^No such key: (.*)$/.exec(problem)?.[1]
  if (key === 'worse')
    return unknown(
      'its noise is not known yet: that takes four earlier runs, or samples in its report',
      false,
    )
  if (key === 'before' || key === 'change')
    return unknown(
      'the last good release does not have it, so that there is nothing to compare with',
      false,
    )
  if (key === 'changed')
    return unknown(
      'the lines that the change touched are not known: it is larger than 64 MB, or the commit before is gone',
      true,
    )
  return unknown(
    key === undefined
      ? `it cannot be asked: ${problem}`
      : `this run has no ${key}, for which \`${expression}\` asks`,
    true,
  )
}

/** Why a run stops at its gates; null when it does not. */
export function reasonOf(gates: Gate[]): string | null {
  const stopping = gates.filter(({ stops }) => stops)
  if (stopping.length === 0) return null
  return stopping
    .map(({ name, reasons }) => `gate ${name}: ${reasons[0] ?? 'it is not so'}`)
    .join('; ')
}
