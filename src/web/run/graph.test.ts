import { expect, test } from 'vitest'
import type { RunDetail, Step } from '#contract/run/run.ts'
import { gatesNode, graphOf, initialNode } from './graph.ts'
import { drawingOf, neighbour } from './layout.ts'

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

const run = (
  steps: Step[],
  environments = ['dev', 'production'],
  gates: RunDetail['gates'] = [],
): RunDetail => ({
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
  gates,
  deployments: environments.map((environment) => ({ environment, deployment: null })),
})

const diamond = [
  step('install', []),
  step('test', ['install']),
  step('lint', ['install']),
  step('build', ['test', 'lint']),
]

const gate = (state: RunDetail['gates'][number]['state'], stops = false) => ({
  ...{ name: 'coverage', expression: 'coverage.changed >= 80', reasons: [], state, stops },
})
const drawn = (detail: RunDetail) => drawingOf(graphOf(detail), 1200)
const needsOf = (detail: RunDetail, name: string) =>
  graphOf(detail).find((node) => node.name === name)?.needs

test('a step is placed after all steps it needs, and environments after the steps', () => {
  const { nodes } = drawn(run([...diamond, step('verify-production', ['build'], 'waiting')]))
  const columns = Object.fromEntries(nodes.map((node) => [node.name, node.column]))
  expect(columns).toEqual({ install: 0, test: 1, lint: 1, build: 2, dev: 3, production: 4 })
})

test('the first environment needs all final steps, or the gates', () => {
  const steps = [step('a', []), step('b', [])]
  expect(needsOf(run(steps), 'dev')).toEqual(['step/a', 'step/b'])
  const gated = run(steps, ['dev'], [gate('passed')])
  expect(needsOf(gated, '1 gate')).toEqual(['step/a', 'step/b'])
  expect(needsOf(gated, 'dev')).toEqual([gatesNode])
})

test('the gates have one state', () => {
  const stateOf = (
    gates: RunDetail['gates'],
    steps = [step('a', [])],
    ended: string | null = null,
  ) => graphOf({ ...run(steps, [], gates), ended }).find(({ id }) => id === gatesNode)?.badge
  expect(stateOf([gate('waiting')], [step('a', [], 'running')])).toMatchObject({ word: 'Waiting' })
  expect(stateOf([gate('waiting')])).toMatchObject({ word: 'Evaluating' })
  expect(stateOf([gate('waiting')], [], 'now')).toMatchObject({ word: 'Not evaluated' })
  expect(stateOf([gate('passed'), gate('waived')])).toMatchObject({ word: 'Passed, waived' })
  expect(stateOf([gate('passed'), gate('passed')])).toMatchObject({ tone: 'good' })
  expect(stateOf([gate('passed'), gate('unknown', true)])).toMatchObject({ word: '1 failed' })
})

test('lays out a run without steps, and one with a dependency cycle', () => {
  expect(drawn(run([])).nodes.map((node) => node.name)).toEqual(['dev', 'production'])
  expect(drawn(run([step('a', ['b']), step('b', ['a'])])).nodes.length).toBe(4)
  expect(drawn(run([], [])).nodes).toEqual([])
})

/** The points of the straight and curved parts of a path, as [x, y]. */
function pointsOf(path: string): [number, number][] {
  const found: [number, number][] = []
  for (const [, kind, numbers = ''] of path.matchAll(/([MCH])([^MCH]*)/g)) {
    const values = numbers.trim().split(/[ ,]+/).map(Number)
    const [x = 0, y = 0] = found.at(-1) ?? []
    if (kind === 'M') found.push([values[0] ?? 0, values[1] ?? 0])
    else if (kind === 'H') found.push([values[0] ?? 0, y])
    else
      for (let t = 1; t <= 20; t += 1) {
        const [u, v] = [1 - t / 20, t / 20]
        const at = (a: number, b: number, c: number, d: number): number =>
          u ** 3 * a + 3 * u * u * v * b + 3 * u * v * v * c + v ** 3 * d
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, x3 = 0, y3 = 0] = values
        found.push([at(x, x1, x2, x3), at(y, y1, y2, y3)])
      }
  }
  return found
}

test('no edge passes behind a node, and each is one that exists', () => {
  const detail = run(
    [
      ...diamond,
      step('unit', ['install']),
      step('docs', []),
      step('e2e', ['build', 'docs']),
      step('report', ['install', 'e2e']),
    ],
    ['dev', 'production'],
    [gate('passed')],
  )
  const { nodes, edges, nodeWidth } = drawn(detail)
  expect(edges.map(({ from, to }) => `${from.name} > ${to.name}`).toSorted()).toEqual(
    [
      ...['install > test', 'install > lint', 'test > build', 'lint > build', 'install > unit'],
      ...['build > e2e', 'docs > e2e', 'install > report', 'e2e > report'],
      ...['unit > 1 gate', 'report > 1 gate', '1 gate > dev', 'dev > production'],
    ].toSorted(),
  )
  const behind = edges.flatMap(({ path, from, to }) =>
    pointsOf(path).flatMap(([x, y]) =>
      nodes
        .filter((node) => x > node.x + 1 && x < node.x + nodeWidth - 1 && Math.abs(y - node.y) < 25)
        .map((node) => `${from.name} > ${to.name} is behind ${node.name}`),
    ),
  )
  expect(behind).toEqual([])
})

test('arrow keys move to the neighbour in that direction', () => {
  const { nodes } = drawn(run(diamond))
  const [upper, lower] = nodes
    .filter(({ column }) => column === 1)
    .toSorted((a, b) => a.y - b.y)
    .map(({ id }) => id)
  expect([upper, lower]).toContain(neighbour(nodes, 'step/install', 'right'))
  expect(neighbour(nodes, upper ?? '', 'down')).toBe(lower)
  expect(neighbour(nodes, lower ?? '', 'down')).toBe(lower)
  expect(neighbour(nodes, 'step/build', 'right')).toBe('environment/dev')
  expect(neighbour(nodes, 'environment/dev', 'left')).toBe('step/build')
})

test('selects a failed node by default, else a running one', () => {
  expect(
    initialNode(graphOf(run([step('a', []), step('b', [], 'failed'), step('c', [], 'running')]))),
  ).toBe('step/b')
  expect(initialNode(graphOf(run([step('a', []), step('c', [], 'running')])))).toBe('step/c')
})
