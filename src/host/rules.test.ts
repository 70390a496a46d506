import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs, judgeEnd, judgeLook, lookPauseMs } from './rules.ts'

const looked = {
  state: 'starting' as const,
  problem: null,
  misses: 0,
  waitedMs: 0,
  timeoutMs: 1000,
}

describe('a look', () => {
  test('that finds nothing wrong makes any instance healthy', () => {
    for (const state of ['starting', 'healthy', 'unhealthy'] as const)
      expect(judgeLook({ ...looked, state, misses: 9, waitedMs: 9999 })).toEqual({
        state: 'healthy',
        misses: 0,
      })
  })

  test('while it starts, waits for its time and then is hopeless', () => {
    expect(judgeLook({ ...looked, problem: 'x', waitedMs: 1000 }).state).toBe('starting')
    expect(judgeLook({ ...looked, problem: 'x', waitedMs: 1001 }).state).toBe('hopeless')
  })

  test('has to say no three times in a row before a healthy instance is unhealthy', () => {
    let misses = 0
    const states = [1, 2, 3, 4].map(() => {
      const verdict = judgeLook({
        ...looked,
        state: misses < 3 ? 'healthy' : 'unhealthy',
        problem: 'x',
        misses,
        waitedMs: 1e9,
      })
      misses = verdict.misses
      return verdict.state
    })
    expect(states).toEqual(['healthy', 'healthy', 'unhealthy', 'unhealthy'])
  })
})

describe('an end', () => {
  const ended = { crashes: 0, wellForMs: null, mustGoOn: false, isOverdue: false }

  test('three in a row give a release up, unless it has the traffic', () => {
    expect(judgeEnd({ ...ended, crashes: 1 }, 0.5)).toEqual({ crashes: 2, pauseMs: 200 })
    expect(judgeEnd({ ...ended, crashes: 2 }, 0.5)).toEqual({ crashes: 3, pauseMs: null })
    expect(judgeEnd({ ...ended, crashes: 2, mustGoOn: true }, 0.5)).toEqual({
      crashes: 3,
      pauseMs: 400,
    })
    expect(judgeEnd({ ...ended, isOverdue: true }, 0.5).pauseMs).toBeNull()
  })

  test('after a long healthy life counts as the first', () => {
    expect(judgeEnd({ ...ended, crashes: 8, wellForMs: 10_001 }, 0.5)).toEqual({
      crashes: 1,
      pauseMs: 100,
    })
    expect(judgeEnd({ ...ended, crashes: 1, wellForMs: 9_999 }, 0.5).crashes).toBe(2)
  })

  test('of a release with the traffic is always followed by a start, within 33 seconds', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.boolean(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (crashes, isOverdue, random) => {
          const { pauseMs } = judgeEnd({ ...ended, crashes, isOverdue, mustGoOn: true }, random)
          expect(pauseMs).toBeGreaterThanOrEqual(90)
          expect(pauseMs).toBeLessThanOrEqual(33_000)
        },
      ),
    )
    expect([1, 2, 3, 20].map(backoffMs)).toEqual([100, 200, 400, 30_000])
  })
})

test('looks are quick at first and then at the interval', () => {
  expect([0, 999, 5000, 20_000].map((since) => lookPauseMs(since, true, 1000))).toEqual([
    10, 10, 100, 500,
  ])
  expect(lookPauseMs(0, false, 1000)).toBe(1000)
})
