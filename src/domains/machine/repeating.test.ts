import { expect, test } from 'vitest'
import type { Machine, MachineResult } from '#contract/machine/machine.ts'
import { learnRepeating } from './repeating.ts'

const applied = '2026-11-29T10:00:00Z'
const machine = (name: string, more: Partial<Machine> = {}) => ({
  ...{ name, state: 'changed' as const, release: 7, applied, repeating: null, ...more },
})
const result = (name: string, state: MachineResult['state']): MachineResult => ({
  ...{ name, state, changed: 1, failed: 0, tasks: 1, reason: null, skipped: [], output: null },
})
const check = (started: string, states: Record<string, MachineResult['state']>) => ({
  ...{ release: 7, started },
  machines: Object.entries(states).map(([name, state]) => result(name, state)),
  changes: ['a', 'b'].map((name) => ({
    ...{ machine: name, task: 'Stamp', at: 'site.yml:3', object: null, diff: null },
  })),
})
const stamp = [{ task: 'Stamp', at: 'site.yml:3' }]

test('what differs right after an application changes at every run', () => {
  const found = learnRepeating(
    [machine('a'), machine('c')],
    check('2026-11-29T10:01:00Z', { a: 'changed', c: 'ok' }),
  )
  expect(found).toEqual([
    { name: 'a', repeating: stamp },
    { name: 'c', repeating: [] },
  ])
})

test.each([
  ['the check began too late', machine('a'), '2026-11-29T10:11:00Z'],
  ['the application failed', machine('a', { state: 'failed' }), '2026-11-29T10:01:00Z'],
])('nothing is excused when %s', (_, one, started) => {
  expect(learnRepeating([one], check(started, { a: 'changed' }))).toEqual([
    { name: 'a', repeating: [] },
  ])
})

test.each([
  ['was compared before', machine('a', { repeating: [] }), 'changed'],
  ['did not answer', machine('a'), 'unreachable'],
  ['failed in the middle', machine('a'), 'failed'],
  ['has another release', machine('a', { release: 6 }), 'changed'],
] as const)('nothing is learned of a machine that %s', (_, one, state) => {
  expect(learnRepeating([one], check('2026-11-29T10:01:00Z', { a: state }))).toEqual([])
})
