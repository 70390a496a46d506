import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Drift } from '#contract/drift/drift.ts'
import type { MachineChange, MachineResult } from '#contract/machine/machine.ts'
import { driftMachinesOf, driftOfMachines, isCheckDue } from './machines.ts'
import { reconcileDrift } from './rules.ts'

const result = (name: string, state: MachineResult['state'], changed = 0): MachineResult => ({
  ...{ name, state, changed, failed: 0, tasks: 3, skipped: [] },
  reason: state === 'unreachable' ? 'it does not answer' : null,
  output: null,
})
const change = (machine: string, task: string, more: Partial<MachineChange> = {}) => ({
  ...{ machine, task, at: 'site.yml:3', object: null, diff: null, ...more },
})
const known = (id: number, machine: string, name: string): Drift => ({
  ...{ id, app: 'shop', environment: 'production', release: 7, service: null, kind: 'task' },
  ...{ name, declared: null, disk: null, running: null, isSecret: false, atRestart: null },
  ...{ remedy: 'apply', since: '', machine, place: 'site.yml:3', object: null, diff: null },
})
const check = (machines: MachineResult[], changes: MachineChange[], total = changes.length) => ({
  ...{ release: 7, machines, changes, total },
})

test('a task that would change a machine is a difference, once', () => {
  const twice = [
    change('a', 'Install', { object: 'apt nginx', diff: '+1' }),
    change('a', 'Install', { object: 'apt redis', diff: '+2' }),
    change('b', 'Install'),
  ]
  const { differences } = driftOfMachines(check([result('a', 'changed', 2)], twice), new Map())
  expect(differences).toMatchObject([
    { machine: 'a', name: 'Install', object: 'apt nginx, apt redis', diff: '+1\n+2' },
    { machine: 'b', name: 'Install', object: null, diff: null },
  ])
  expect(differences[0]).toMatchObject({ kind: 'task', remedy: 'apply', atRestart: null })
})

test('a task that changes its machine at every run is none', () => {
  const repeating = new Map([['a', [{ task: 'Stamp', at: 'site.yml:3' }]]])
  const found = check([result('a', 'changed', 1)], [change('a', 'Stamp'), change('b', 'Stamp')])
  expect(driftOfMachines(found, repeating).differences).toMatchObject([{ machine: 'b' }])
})

test('a machine keeps its differences until all of it was compared again', () => {
  const before = ['ok', 'gone', 'off', 'part'].map((name, i) => known(i, name, 'Install'))
  const machines = [result('ok', 'ok'), result('off', 'unreachable'), result('part', 'failed')]
  const { resolved } = reconcileDrift(before, driftOfMachines(check(machines, []), new Map()))
  // One that the playbook no longer names has nothing that could differ.
  expect(resolved.map(({ machine }) => machine)).toEqual(['ok', 'gone'])
  const cut = check(machines, [change('ok', 'Other')], 400)
  expect(reconcileDrift(before, driftOfMachines(cut, new Map())).resolved).toEqual([])
})

test('a check of machines resolves no difference of a file', () => {
  const file: Drift = { ...known(1, 'a', 'x'), kind: 'file', service: 'web', machine: null }
  const found = driftOfMachines(check([result('a', 'ok')], []), new Map())
  expect(reconcileDrift([file], found).resolved).toEqual([])
})

test('a machine that does not answer is unknown', () => {
  const machines = [
    ...[result('a', 'ok'), result('b', 'changed', 1), result('c', 'unreachable')],
    ...[result('d', 'unknown'), result('e', 'changed', 1), result('f', 'changed', 2)],
  ]
  const changes = [change('b', 'Install'), change('e', 'Stamp'), change('f', 'Stamp')]
  const repeating = new Map(['e', 'f'].map((one) => [one, [{ task: 'Stamp', at: 'site.yml:3' }]]))
  expect(
    driftMachinesOf(check(machines, changes, 4), repeating).map((one) => [
      ...[one.name, one.state, one.reason, one.repeating.length],
    ]),
  ).toEqual([
    ['a', 'same', null, 0],
    ['b', 'different', null, 0],
    ['c', 'unknown', 'it does not answer', 0],
    ['d', 'unknown', 'it ended in part', 0],
    ['e', 'same', null, 1],
    ['f', 'different', null, 1],
  ])
})

describe('a check is due', () => {
  const times = { applied: 100, began: 110, checked: 120, isBusy: false }
  test.each([
    [{ ...times, began: null, checked: null }, 130, true],
    [{ ...times, applied: 125 }, 130, true],
    [times, 130, false],
    [times, 219, false],
    [times, 220, true],
    [{ ...times, checked: null }, 220, true],
    [{ ...times, applied: null }, 130, false],
    [{ ...times, isBusy: true }, 999, false],
  ])('%j at %d: %s', (one, now, expected) => {
    expect(isCheckDue(one, now, 100)).toBe(expected)
  })

  test('within one period, whatever happened', () => {
    const time = fc.option(fc.nat(1000))
    fc.assert(
      fc.property(time, time, time, (applied, began, checked) => {
        const last = Math.max(began ?? 0, checked ?? 0)
        return isCheckDue({ applied, began, checked, isBusy: false }, last + 100, 100)
      }),
    )
  })
})
