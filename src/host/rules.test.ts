import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  adviceFor,
  backoffMs,
  checkPauseMs,
  explainListeners,
  isCrashLoop,
  judgeCheck,
  judgeEnd,
  refusalAfter,
  settlingTime,
} from './rules.ts'

const check = {
  state: 'starting' as const,
  problem: null,
  misses: 0,
  waitedMs: 0,
  timeoutMs: 1000,
  refusedMs: 0,
  settledMs: 0,
  settleMs: 0,
}

describe('health checks', () => {
  test('a successful check makes an instance healthy in any state', () => {
    for (const state of ['starting', 'healthy', 'unhealthy'] as const)
      expect(judgeCheck({ ...check, state, misses: 9, waitedMs: 9999 })).toEqual({
        state: 'healthy',
        misses: 0,
      })
  })

  test('a starting instance is overdue after its timeout', () => {
    expect(judgeCheck({ ...check, problem: 'x', waitedMs: 1000 }).state).toBe('starting')
    expect(judgeCheck({ ...check, problem: 'x', waitedMs: 1001 }).state).toBe('overdue')
  })

  test('a starting instance is refused after a quarter of its timeout', () => {
    expect(judgeCheck({ ...check, problem: 'x', refusedMs: 250 }).state).toBe('starting')
    expect(judgeCheck({ ...check, problem: 'x', refusedMs: 251 }).state).toBe('refused')
    expect(judgeCheck({ ...check, state: 'healthy', problem: 'x', refusedMs: 900 }).state).toBe(
      'healthy',
    )
  })

  test('only the same 4xx that is not temporary is a refusal', () => {
    const first = refusalAfter(null, 404, 10)
    expect(first).toEqual({ status: 404, since: 10 })
    expect(refusalAfter(first, 404, 20)).toEqual({ status: 404, since: 10 })
    expect(refusalAfter(first, 403, 20)).toEqual({ status: 403, since: 20 })
    for (const status of [null, 200, 302, 429, 408, 500, 503])
      expect(refusalAfter(first, status, 20), String(status)).toBeNull()
    const advice = [400, 401, 404].map((status) => adviceFor({ status, since: 0 }))
    expect(advice).toEqual([
      expect.stringContaining('`health.headers`'),
      expect.stringContaining('without a sign-in'),
      expect.stringMatching(/answers 2xx or 3xx$/),
    ])
  })

  test('a healthy instance becomes unhealthy after three consecutive failures', () => {
    let misses = 0
    const states = [1, 2, 3, 4].map(() => {
      const verdict = judgeCheck({
        ...check,
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

describe('settling', () => {
  const limits = { least: 100, most: 10_000 }

  test('takes as long as the start took, within limits', () => {
    expect([0, 50, 700, 60_000].map((startMs) => settlingTime(limits, startMs))).toEqual([
      100, 100, 700, 10_000,
    ])
    expect(settlingTime(undefined, 700)).toBe(0)
  })

  /** The time at which an instance counts as healthy, by a clock of its own. */
  const healthyAt = (answers: (now: number) => boolean): number | null => {
    let state: 'starting' | 'healthy' | 'unhealthy' = 'starting'
    let since: number | null = null
    for (let now = 0; now <= 20_000; now += 10) {
      const problem = answers(now) ? null : 'x'
      since = problem === null ? (since ?? now) : null
      const verdict = judgeCheck({
        ...{ state, problem, misses: 0, waitedMs: now, timeoutMs: 60_000, refusedMs: 0 },
        ...{ settledMs: now - (since ?? now), settleMs: settlingTime(limits, since ?? 0) },
      })
      if (verdict.state === 'healthy') return now
    }
    return null
  }

  test('an instance is healthy once it has answered for its settling time', () => {
    expect(healthyAt((now) => now >= 30)).toBe(130)
    expect(healthyAt((now) => now >= 3000)).toBe(6000)
  })

  test('a failed check begins it again, and an instance that keeps failing never settles', () => {
    expect(healthyAt((now) => now >= 30 && now !== 100)).toBe(220)
    expect(healthyAt((now) => now % 100 !== 0)).toBeNull()
  })

  test('is checked again when it ends, and ten times a second until then', () => {
    expect(checkPauseMs(20, true, 1000, 40)).toBe(40)
    expect(checkPauseMs(20, true, 1000, 4000)).toBe(100)
    expect(checkPauseMs(20, true, 1000, -3)).toBe(1)
  })
})

describe('ends of an instance', () => {
  const ended = {
    ...{ crashes: 0, healthyForMs: null, mustGoOn: false },
    ...{ isOverdue: false, isFinal: false },
  }

  test('stops restarting after three consecutive ends, unless the release has traffic', () => {
    expect(judgeEnd({ ...ended, crashes: 1 }, 0.5)).toEqual({ crashes: 2, pauseMs: 200 })
    expect(judgeEnd({ ...ended, crashes: 2 }, 0.5)).toEqual({ crashes: 3, pauseMs: null })
    expect(judgeEnd({ ...ended, crashes: 2, mustGoOn: true }, 0.5)).toEqual({
      crashes: 3,
      pauseMs: 400,
    })
    expect(judgeEnd({ ...ended, isOverdue: true }, 0.5).pauseMs).toBeNull()
    expect(judgeEnd({ ...ended, isFinal: true }, 0.5).pauseMs).toBeNull()
    expect(judgeEnd({ ...ended, isFinal: true, mustGoOn: true }, 0.5).pauseMs).toBe(100)
  })

  test('a third consecutive end is a crash loop, until it is healthy for 10 seconds', () => {
    expect(isCrashLoop(2, null)).toBe(false)
    expect(isCrashLoop(3, null)).toBe(true)
    expect(isCrashLoop(9, 10_000)).toBe(true)
    expect(isCrashLoop(9, 10_001)).toBe(false)
  })

  test('counts from one again after the instance was healthy for 10 seconds', () => {
    expect(judgeEnd({ ...ended, crashes: 8, healthyForMs: 10_001 }, 0.5)).toEqual({
      crashes: 1,
      pauseMs: 100,
    })
    expect(judgeEnd({ ...ended, crashes: 1, healthyForMs: 9_999 }, 0.5).crashes).toBe(2)
  })

  test('restarts an instance with traffic always, and within 33 seconds', () => {
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

test('checks often at first, and then at the configured interval', () => {
  expect([0, 999, 5000, 20_000].map((since) => checkPauseMs(since, true, 1000))).toEqual([
    10, 10, 100, 500,
  ])
  expect(checkPauseMs(0, false, 1000)).toBe(1000)
})

test.each([
  ['[::1]', 80, '; it listens on [::1]:80 only, and has to listen on 127.0.0.1 or 0.0.0.0'],
  ['10.0.0.1', 80, '; it listens on 10.0.0.1:80 only, and has to listen on 127.0.0.1 or 0.0.0.0'],
  ['127.0.0.1', 90, '; it listens on port 90 instead of $PORT (80)'],
  ['[::]', 80, ''],
  ['0.0.0.0', 80, ''],
])('explains a service that listens on %s:%i', (address, port, expected) => {
  expect(explainListeners([{ address, port }], 80)).toBe(expected)
})
