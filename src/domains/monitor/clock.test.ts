import { expect, test } from 'vitest'
import { judgeClock } from './clock.ts'

test('a clock is wrong from a second on, and right again below half a second', () => {
  expect(judgeClock(0.9, null)).toEqual({ state: 'up', reason: '' })
  expect(judgeClock(3, 'up').reason).toBe('it is 3.0 s ahead of its NTP servers')
  expect(judgeClock(-1, 'up').reason).toBe('it is 1.0 s behind its NTP servers')
  expect(judgeClock(0.7, 'degraded').state).toBe('degraded')
  expect(judgeClock(-0.4, 'degraded').state).toBe('up')
  expect(judgeClock(null, 'degraded').state).toBe('unknown')
})
