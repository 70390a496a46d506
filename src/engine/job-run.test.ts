import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemSleep } from '#platform/clock.ts'
import { createFailureLog, pauseAfter, runBounded } from './job-run.ts'
import { jobState } from './job-state.ts'

const never = new AbortController().signal

test('a pause stays within a fifth of the interval and doubles with each failure', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3_600_000 }),
      fc.double({ min: 1, max: 100, noNaN: true }),
      fc.nat(60),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (interval, factor, failures, random) => {
        const job = { interval, maxPause: interval * factor }
        const pause = pauseAfter(job, failures, () => random)
        const wanted = Math.min(interval * 2 ** failures, job.maxPause)
        expect(pause).toBeGreaterThanOrEqual(0.8 * wanted - 1e-6)
        expect(pause).toBeLessThanOrEqual(1.2 * wanted + 1e-6)
      },
    ),
  )
})

test('a longest pause below the interval does not shorten the interval', () => {
  expect(pauseAfter({ interval: 1000, maxPause: 10 }, 3, () => 0.5)).toBe(1000)
})

test('a run that ends answers null, and one that throws answers its error', async () => {
  const options = { timeout: 1000, sleep: systemSleep, stop: never }
  expect(await runBounded(async () => undefined, options)).toBe(null)
  const error = await runBounded(() => {
    throw new Error('no such table')
  }, options)
  expect(error?.message).toBe('no such table')
})

test('a run that exceeds its timeout is aborted, and the timeout is its error', async () => {
  const error = await runBounded(
    (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      }),
    { timeout: 20, sleep: systemSleep, stop: never },
  )
  expect(error?.message).toBe('it did not end within 0.02 s')
})

test.each(['timeout', 'stop'])('a run that ignores its signal is abandoned: %s', async (cause) => {
  const error = await runBounded(() => new Promise(() => undefined), {
    timeout: cause === 'timeout' ? 10 : 60_000,
    sleep: systemSleep,
    stop: cause === 'stop' ? AbortSignal.timeout(10) : never,
    grace: 20,
  })
  expect(error?.message).toMatch(/^it did not end/)
})

test('a failure is logged when its message is new, and so is the recovery', () => {
  const lines: string[] = []
  const log = {
    info: (text: string) => void lines.push(`info ${text}`),
    warn: (text: string, details?: Record<string, unknown>) =>
      void lines.push(`warn ${text}: ${String(details?.['error'])}`),
    error: () => undefined,
  }
  const note = createFailureLog({ name: 'clean-up' }, log)
  for (const error of [null, 'a', 'a', 'b', null, null, 'b'])
    note(error === null ? null : new Error(error))
  expect(lines).toEqual([
    'warn a background job failed: a',
    'warn a background job failed: b',
    'info a background job works again',
    'warn a background job failed: b',
  ])
})

test.each([
  [{ failures: 1, lag: 0, interval: 1000 }, 'failing'],
  [{ failures: 0, lag: 10_000, interval: 1000 }, 'ok'],
  [{ failures: 0, lag: 10_001, interval: 1000 }, 'late'],
  [{ failures: 0, lag: 500_000, interval: 600_000 }, 'ok'],
] as const)('a job with %j is %s', (job, state) => {
  expect(jobState(job)).toBe(state)
})
