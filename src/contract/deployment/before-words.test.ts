import { expect, test } from 'vitest'
import type { BeforeCommand } from './before.ts'
import { deploymentNotes } from './before-words.ts'

const before = {
  ...{ release: 21, run: 7, command: 'npm run migrate', service: 'web', isCompatible: true },
  ...{ check: null, restore: null },
  ...{ state: 'succeeded' as const, code: 0, reason: null },
  ...{ started: '2026-03-10T12:00:00Z', ended: '2026-03-10T12:00:02Z' },
}
const none = { state: 'live' as const, before: null, pauses: [], expectedPauses: [] }

test('a deployment that only switches the traffic has no notes', () => {
  expect(deploymentNotes(none)).toEqual([])
})

test('notes name the command, and what stands in the way of a rollback', () => {
  expect(deploymentNotes({ ...none, before })).toEqual([
    '`npm run migrate` ran for 2.0 s before the services started',
  ])
  const failed = { ...before, state: 'failed' as const, reason: 'failed with exit code 3' }
  expect(deploymentNotes({ ...none, before: { ...failed, isCompatible: false } })).toEqual([
    '`npm run migrate`, the command before the start, failed with exit code 3',
    'Earlier releases do not work with its result, as fairlead.yaml says',
  ])
})

test('a note says what a copy of the data has shown', () => {
  const noteOf = (check: NonNullable<BeforeCommand['check']>) =>
    deploymentNotes({ ...none, before: { ...before, check } })[1]
  expect(noteOf({ run: 6, state: 'compatible', reason: null })).toBe(
    'On a copy of the data, the release of run 6 works with its result',
  )
  expect(noteOf({ run: 6, state: 'incompatible', reason: '/ answered 500' })).toBe(
    'On a copy of the data, the release of run 6 does not work with its result: / answered 500',
  )
  expect(noteOf({ run: 6, state: 'unknown', reason: 'the disk is full' })).toBe(
    'It is not known whether the release of run 6 works with its result: the disk is full',
  )
})

test('a note says whether the backup can be restored', () => {
  const noteOf = (restore: NonNullable<BeforeCommand['restore']>) =>
    deploymentNotes({ ...none, before: { ...before, restore } })[1]
  expect(noteOf({ state: 'works', reason: null })).toBe(
    'On a copy of the data, the backup before it was restored',
  )
  expect(noteOf({ state: 'unknown', reason: 'the disk is full' })).toBe(
    'It is not known whether the backup before it can be restored: the disk is full',
  )
})

test('a pause is expected from the last one until it is measured', () => {
  const expectedPauses = [{ service: 'redis', pauseMs: 1240, deployment: 9 }]
  const measured = { service: 'redis', did: 'restarted' as const, pauseMs: 800 }
  const waiting = { ...none, expectedPauses, state: 'waiting' as const }
  const said = 'If redis has to restart, clients wait for about 1.2 s, as in deployment 9'
  expect(deploymentNotes(waiting)).toEqual([said])
  expect(deploymentNotes({ ...waiting, state: 'starting' })).toEqual([said])
  expect(deploymentNotes({ ...none, expectedPauses, pauses: [measured] })).toEqual([
    'redis was restarted; clients waited for 0.8 s',
  ])
})
