import type { Sleep } from '#platform/clock.ts'
import type { Logger } from '#platform/log.ts'

/** Time in milliseconds that a run has to end after its signal aborted. */
const defaultGrace = 5000

/**
 * The pause before the next run, in milliseconds: the interval, doubled with each failure in a row
 * up to `maxPause`, and varied by a fifth so that replicas and jobs do not run in step.
 */
export function pauseAfter(
  job: { interval: number; maxPause: number },
  failures: number,
  random: () => number,
): number {
  const pause = Math.min(job.interval * 2 ** Math.min(failures, 30), job.maxPause)
  return Math.max(pause, job.interval) * (0.8 + 0.4 * random())
}

/**
 * Runs `work` until it ends, and answers its error or null. After `timeout`, or when `stop` aborts,
 * the signal that `work` got aborts; if it does not end soon after that, it is abandoned.
 */
export async function runBounded(
  work: (signal: AbortSignal) => Promise<void>,
  {
    timeout,
    sleep,
    stop,
    grace = defaultGrace,
  }: { timeout: number; sleep: Sleep; stop: AbortSignal; grace?: number },
): Promise<Error | null> {
  const limit = new AbortController()
  const ended = new AbortController()
  const running = start(work, AbortSignal.any([stop, limit.signal])).finally(() => ended.abort())
  const abandoned = async (): Promise<Error | null> => {
    await sleep(timeout, AbortSignal.any([stop, ended.signal]))
    if (ended.signal.aborted) return running
    if (!stop.aborted) limit.abort(new Error(`it did not end within ${timeout / 1000} s`))
    await sleep(grace, ended.signal)
    return new Error('it did not end after its signal aborted')
  }
  const error = await Promise.race([running, abandoned()])
  return limit.signal.aborted ? (limit.signal.reason as Error) : error
}

async function start(
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<Error | null> {
  try {
    await work(signal)
    return null
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Logs a failure when its message is new, and the first success after it. */
export function createFailureLog(
  job: { name: string },
  log: Logger,
): (error: Error | null, details?: Record<string, unknown>) => void {
  let last: string | null = null
  return (error, details = {}) => {
    const message = error?.message ?? null
    if (message !== null && message !== last)
      log.warn('a background job failed', { job: job.name, ...details, error: message })
    if (message === null && last !== null)
      log.info('a background job works again', { job: job.name, ...details })
    last = message
  }
}
