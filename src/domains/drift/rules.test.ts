import { expect, test } from 'vitest'
import type { Drift, DriftDifference } from '#contract/drift/drift.ts'
import { nextCheck, reconcileDrift, refusalOfRepair, settingDifferences } from './rules.ts'

const difference = (name: string, service: string | null = 'web'): DriftDifference => ({
  ...{ service, kind: 'file', name, declared: 'a', disk: 'b', running: null, isSecret: false },
  ...{ atRestart: true, remedy: 'rewrite', changed: null },
})
const known = (id: number, name: string, release = 3): Drift => {
  const { changed: _, ...rest } = difference(name)
  return {
    ...{ ...rest, id, app: 'shop', environment: 'production', release },
    ...{ since: '2026-11-29T10:00:00Z', machine: null, object: null, place: null, diff: null },
  }
}
const all = (): boolean => true

test('a check opens what is new, keeps what is known, and resolves the rest', () => {
  const report = { release: 3, differences: [difference('a'), difference('b')], compared: all }
  const changes = reconcileDrift([known(1, 'b'), known(2, 'c')], report)
  expect(changes.opened.map(({ name }) => name)).toEqual(['a'])
  expect(changes.kept).toEqual([{ id: 1, difference: difference('b') }])
  expect(changes.resolved.map(({ id }) => id)).toEqual([2])
})

test('the same file of another service is another difference', () => {
  const report = { release: 3, differences: [difference('b', 'worker')], compared: all }
  expect(reconcileDrift([known(1, 'b')], report)).toMatchObject({
    ...{ opened: [{ service: 'worker' }], kept: [], resolved: [{ id: 1 }] },
  })
})

test('what was not compared is not resolved, unless its release ended', () => {
  const report = { release: 3, differences: [difference('a')], compared: () => false }
  const changes = reconcileDrift([known(1, 'c'), known(2, 'old', 2)], report)
  expect(changes.resolved.map(({ id }) => id)).toEqual([2])
})

test('differences of a former release are resolved, and those of the new one begin', () => {
  const report = { release: 4, differences: [difference('b')], compared: all }
  const changes = reconcileDrift([known(1, 'b')], report)
  expect(changes.opened).toHaveLength(1)
  expect(changes.resolved.map(({ id }) => id)).toEqual([1])
})

test('an environment is checked a period after the last check, or after it went live', () => {
  expect(nextCheck(null, 1000, 500)).toBe(1500)
  expect(nextCheck(2000, 1000, 500)).toBe(2500)
  expect(nextCheck(2000, 3000, 500)).toBe(3500)
})

test('settings of the last rehearsals of the release are differences', () => {
  const of = (name: string, isSecret: boolean) => ({
    ...{ kind: 'setting' as const, name, isSecret, place: null },
    ...(isSecret ? { now: null, after: null } : { now: '5', after: '50' }),
  })
  const differences = [of('pool', false), of('requirepass', true)]
  const rehearsals = [
    { service: 'redis', release: 3, differences, ended: '2026-11-28T08:00:00Z' },
    { service: 'web', release: 2, differences, ended: '2026-11-28T08:00:00Z' },
  ]
  const restarted = new Map([['redis', Date.parse('2026-11-28T08:00:01Z')]])
  expect(settingDifferences(rehearsals, 3, restarted)).toEqual([])
  const older = new Map([['redis', Date.parse('2026-11-28T07:59:59Z')]])
  expect(settingDifferences(rehearsals, 3, older)).toMatchObject([
    { service: 'redis', name: 'pool', declared: null, disk: '50', running: '5' },
    { name: 'requirepass', disk: 'secret 1', running: 'secret 2', remedy: 'manual' },
  ])
})

test('only what can be written or restarted is put right', () => {
  expect(refusalOfRepair({ remedy: 'rewrite', name: 'a' })).toBeNull()
  expect(refusalOfRepair({ remedy: 'restart', name: 'a' })).toBeNull()
  expect(refusalOfRepair({ remedy: 'deploy', name: 'LEVEL' })).toContain('new deployment')
  expect(refusalOfRepair({ remedy: 'manual', name: 'pool' })).toContain('change it on disk')
})
