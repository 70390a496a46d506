import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  buildGraph,
  findCycle,
  type Graph,
  readySteps,
  type StepOutcome,
  withNeeds,
} from './graph.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from './file.ts'

function graphOf(yaml: string): Graph {
  const read = readPipelineFile(yaml, { file: 'fairlead.yaml', defaultApp: 'app', targets })
  if (!read.ok) throw new Error(read.problems[0]?.problem)
  return buildGraph(read.pipeline.steps)
}

test('a step waits for the step above it unless it has needs', () => {
  const graph = graphOf(
    'steps: {install: a, test: b, lint: {run: c, needs: install}, notes: {run: d, needs: []}, pack: e}',
  )
  expect([...graph]).toEqual([
    ['install', []],
    ['test', ['install']],
    ['lint', ['install']],
    ['notes', []],
    ['pack', ['notes']],
  ])
})

test('a step is ready when all its needs have passed, and never after one has failed', () => {
  const graph = graphOf(
    'steps: {install: a, test: b, lint: {run: c, needs: install}, pack: {run: d, needs: [test, lint]}}',
  )
  const ready = (outcomes: Record<string, StepOutcome>): string[] =>
    readySteps(graph, new Map(Object.entries(outcomes)))
  expect(ready({})).toEqual(['install'])
  expect(ready({ install: 'passed' })).toEqual(['test', 'lint'])
  expect(ready({ install: 'passed', test: 'passed' })).toEqual(['lint'])
  expect(ready({ install: 'passed', test: 'passed', lint: 'failed' })).toEqual([])
  expect(ready({ install: 'failed' })).toEqual([])
})

test('selected steps include the steps that they need', () => {
  const graph = graphOf('steps: {install: a, test: b, lint: {run: c, needs: install}, pack: d}')
  expect([...withNeeds(graph, ['lint']).keys()]).toEqual(['install', 'lint'])
  expect([...withNeeds(graph, ['pack', 'install']).keys()]).toEqual(['install', 'lint', 'pack'])
})

const names = Array.from({ length: 8 }, (_, i) => `s${i}`)
const anyGraph = fc
  .array(fc.subarray(names), { minLength: 8, maxLength: 8 })
  .map((needs): Graph => new Map(names.map((name, i) => [name, needs[i] ?? []])))

test('property: a graph without a cycle completes, each step once and after its needs', () => {
  let whole = 0
  fc.assert(
    fc.property(anyGraph, (graph) => {
      const cycle = findCycle(graph)
      const order: string[] = []
      const outcomes = new Map<string, StepOutcome>()
      for (
        let [next] = readySteps(graph, outcomes);
        next !== undefined;
        [next] = readySteps(graph, outcomes)
      ) {
        expect(graph.get(next)?.every((need) => order.includes(need))).toBe(true)
        order.push(next)
        outcomes.set(next, 'passed')
      }
      expect(new Set(order).size).toBe(order.length)
      if (cycle === null) {
        whole += 1
        expect(order).toHaveLength(names.length)
      } else {
        expect(cycle.at(-1)).toBe(cycle[0])
        for (const [i, name] of cycle.slice(0, -1).entries())
          expect(graph.get(name)).toContain(cycle[i + 1])
        expect(order.length).toBeLessThan(names.length)
      }
    }),
    { examples: [[new Map(names.map((name, i) => [name, names.slice(0, i)]))]] },
  )
  expect(whole).toBeGreaterThan(0)
})
