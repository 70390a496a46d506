import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'

/** The steps that each step waits for, in the order of the file. */
export type Graph = ReadonlyMap<string, readonly string[]>
export type StepOutcome = 'passed' | 'failed'

/** A step without `needs` waits for the step above it; `needs: []` waits for none. */
export function buildGraph(steps: PipelineFile['steps']): Graph {
  const names = Object.keys(steps)
  return new Map(
    names.map((name, i) => [name, steps[name]?.needs ?? names.slice(Math.max(0, i - 1), i)]),
  )
}

/** The steps that have not ended and whose needs all passed, in the order of the file. */
export function readySteps(graph: Graph, outcomes: ReadonlyMap<string, StepOutcome>): string[] {
  return [...graph]
    .filter(
      ([name, needs]) =>
        !outcomes.has(name) && needs.every((need) => outcomes.get(need) === 'passed'),
    )
    .map(([name]) => name)
}

/** Why a step with `when` is skipped in runs with another trigger. */
export const skipReason = (when: readonly string[]): string =>
  `it runs only in runs with the trigger ${when.join(' or ')}`

/** The named steps and every step that they need, in the order of the file. */
export function withNeeds(graph: Graph, names: readonly string[]): Graph {
  const wanted = new Set<string>()
  const add = (name: string): void => {
    if (wanted.has(name)) return
    wanted.add(name)
    graph.get(name)?.forEach(add)
  }
  names.forEach(add)
  return new Map([...graph].filter(([name]) => wanted.has(name)))
}

/** A cycle of needs that ends where it starts (`a`, `b`, `a`), or null. */
export function findCycle(graph: Graph): string[] | null {
  const done = new Set<string>()
  const visit = (name: string, path: string[]): string[] | null => {
    const start = path.indexOf(name)
    if (start >= 0) return [...path.slice(start), name]
    if (done.has(name)) return null
    for (const need of graph.get(name) ?? []) {
      const cycle = visit(need, [...path, name])
      if (cycle) return cycle
    }
    done.add(name)
    return null
  }
  for (const name of graph.keys()) {
    const cycle = visit(name, [])
    if (cycle) return cycle
  }
  return null
}

/**
 * Every step of a run as it is shown and logged: the team's steps, then one per verification of an
 * environment.
 */
export function plannedSteps(
  { steps, environments }: Pick<PipelineFile, 'steps' | 'environments'>,
  isVerified: boolean,
): { name: string; command: string; needs: string[] }[] {
  const last = Object.keys(steps).slice(-1)
  const planned = [...buildGraph(steps)].map(([name, needs]) => ({
    name,
    command: steps[name]?.run ?? '',
    needs: [...needs],
  }))
  if (!isVerified) return planned
  const verifications = Object.entries(environments).flatMap(([name, { verify }]) =>
    verify ? [{ name: `verify-${name}`, command: verify.run, needs: last }] : [],
  )
  return [...planned, ...verifications]
}
