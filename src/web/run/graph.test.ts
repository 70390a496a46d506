import { expect, test } from 'vitest'
import type { RunDetail, Step } from '#contract/run/run.ts'
import { initialNode, graphOf, neighbour } from './graph.ts'

const step = (name: string, needs: string[], state: Step['state'] = 'passed'): Step => ({
  name,
  command: name,
  needs,
  state,
  attempt: 1,
  started: '2026-11-23T10:00:00.000Z',
  ended: state === 'running' ? null : '2026-11-23T10:00:01.000Z',
  exitCode: 0,
  reason: null,
  reused: null,
  cache: null,
  isolation: null,
  lines: 0,
})

const run = (steps: Step[], environments = ['dev', 'production']): RunDetail => ({
  id: 1,
  app: 'prepaid',
  state: 'running',
  reason: null,
  warnings: [],
  change: {
    app: 'prepaid',
    sha: 'a'.repeat(40),
    base: null,
    branch: 'main',
    subject: 'Begin',
    author: { name: 'Ada', email: 'ada@example.com' },
    committed: '2026-11-23T10:00:00.000Z',
    received: '2026-11-23T10:00:00.000Z',
    chain: 'c-1',
  },
  created: '2026-11-23T10:00:00.000Z',
  started: '2026-11-23T10:00:00.000Z',
  ended: null,
  artifact: null,
  pullRequest: null,
  isTrusted: true,
  retryOf: null,
  trigger: 'push',
  steps,
  deployments: environments.map((environment) => ({ environment, deployment: null })),
})

const diamond = [
  step('install', []),
  step('test', ['install']),
  step('lint', ['install']),
  step('build', ['test', 'lint']),
]

test('a step is placed after all steps it needs, and environments after the steps', () => {
  const graph = graphOf(run([...diamond, step('verify-production', ['build'], 'waiting')]))
  const columns = Object.fromEntries(graph.nodes.map((node) => [node.name, node.column]))
  expect(columns).toEqual({ install: 0, test: 1, lint: 1, build: 2, dev: 3, production: 4 })
  expect(graph).toMatchObject({ columns: 5, rows: 2 })
})

test('the first environment needs all final steps', () => {
  const graph = graphOf(run([step('a', []), step('b', [])]))
  expect(graph.nodes.find((node) => node.name === 'dev')?.needs).toEqual(['step/a', 'step/b'])
})

test('lays out a run without steps, and one with a dependency cycle', () => {
  expect(graphOf(run([])).nodes.map((node) => node.name)).toEqual(['dev', 'production'])
  expect(graphOf(run([step('a', ['b']), step('b', ['a'])])).nodes.length).toBe(4)
})

test('arrow keys move to the neighbour in that direction', () => {
  const graph = graphOf(run(diamond))
  expect(neighbour(graph, 'step/install', 'right')).toBe('step/test')
  expect(neighbour(graph, 'step/test', 'down')).toBe('step/lint')
  expect(neighbour(graph, 'step/lint', 'down')).toBe('step/lint')
  expect(neighbour(graph, 'step/build', 'right')).toBe('environment/dev')
  expect(neighbour(graph, 'environment/dev', 'left')).toBe('step/build')
})

test('selects a failed node by default, else a running one', () => {
  expect(
    initialNode(graphOf(run([step('a', []), step('b', [], 'failed'), step('c', [], 'running')]))),
  ).toBe('step/b')
  expect(initialNode(graphOf(run([step('a', []), step('c', [], 'running')])))).toBe('step/c')
})
