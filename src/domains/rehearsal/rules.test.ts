import { expect, test } from 'vitest'
import { nextRehearsal, outdatedBecause, refusalOfRestart } from './rules.ts'

const at = (text: string): number => new Date(text).getTime()
const day = 86_400_000

test.each([
  ['2026-11-29T14:00:00', '2026-11-30T03:00:00'],
  ['2026-11-29T02:59:00', '2026-11-29T03:00:00'],
  ['2026-11-29T03:00:00', '2026-11-30T03:00:00'],
])('a service that was rehearsed at %s is rehearsed in the next night', (last, next) => {
  expect(nextRehearsal(at(last), 0, day)).toBe(at(next))
})

test('a service that was never rehearsed waits for the night after it went live', () => {
  const live = at('2026-11-29T14:00:00')
  expect(nextRehearsal(null, live, day)).toBe(at('2026-11-30T03:00:00'))
})

test('a short period counts from the last rehearsal', () => {
  expect(nextRehearsal(1000, 0, 500)).toBe(1500)
})

test('a rehearsal of another release is out of date', () => {
  expect(outdatedBecause({ release: 3 }, { release: 3 })).toBeNull()
  expect(outdatedBecause({ release: 2 }, { release: 3 })).toContain('release 2; release 3 is live')
  expect(outdatedBecause(null, { release: 3 })).toBe('it was never rehearsed')
})

test('only a rehearsal that fails refuses a restart', () => {
  expect(refusalOfRestart({ state: 'fails', reason: 'no' })).toBe('no')
  expect(refusalOfRestart({ state: 'unknown', reason: 'no' })).toBeNull()
  expect(refusalOfRestart({ state: 'returns', reason: null })).toBeNull()
  expect(refusalOfRestart(null)).toBeNull()
})
