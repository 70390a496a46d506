import type { JobRuntime, RowsJob } from './job.ts'
import { createJobReport } from './job-report.ts'
import { createFailureLog, pauseAfter, runBounded } from './job-run.ts'

/** An item whose last run failed here. */
interface Failing {
  failures: number
  error: Error
  /** until then it is not claimed again here, by the monotonic clock */
  until: number
  /** until then the job counts as failing because of it */
  forgottenAt: number
}

interface State<T> {
  job: RowsJob<T>
  runtime: JobRuntime
  busy: Map<string, Promise<void>>
  failing: Map<string, Failing>
}

/** Between two claims, in milliseconds, so that rows that arrive together are claimed together. */
const gatherMs = 50
/** A failed item that is not claimed again is forgotten after this, in milliseconds. */
const forgetAfter = 900_000

/**
 * Claims items and works on them until the signal aborts and all of them have ended. Never rejects.
 */
export async function runRows<T>(
  job: RowsJob<T>,
  runtime: JobRuntime,
  signal: AbortSignal,
): Promise<void> {
  const state: State<T> = {
    job,
    runtime,
    busy: new Map(),
    failing: new Map(),
  }
  const report = createJobReport(job, runtime)
  const logClaim = createFailureLog(job, runtime.log)
  let claimFailures = 0
  while (!signal.aborted) {
    job.bell.hasRung()
    const started = runtime.clock.monotonic()
    const claimError = await claimItems(state, signal)
    if (signal.aborted) break
    logClaim(claimError)
    claimFailures = claimError === null ? 0 : claimFailures + 1
    const worst = worstOf(state)
    const pause = pauseAfter({ ...job, maxPause: job.interval }, 0, runtime.random)
    report.write({
      error: claimError ?? worst?.error ?? null,
      failures: Math.max(claimFailures, worst?.failures ?? 0),
      elapsed: runtime.clock.monotonic() - started,
      pause,
    })
    await runtime.sleep(gatherMs, signal)
    await job.bell.sleep(runtime, pause, signal)
  }
  await Promise.all(state.busy.values())
  await report.close()
}

/** Claims as many items as may run, and starts them; answers why that was not possible, or null. */
async function claimItems<T>(state: State<T>, signal: AbortSignal): Promise<Error | null> {
  const { job, runtime, busy, failing } = state
  const now = runtime.clock.monotonic()
  for (const [key, { forgottenAt }] of failing) if (forgottenAt <= now) failing.delete(key)
  const count = job.claim.parallel - busy.size
  if (count <= 0) return null
  const paused = [...failing].filter(([, { until }]) => until > now).map(([key]) => key)
  try {
    const items = await job.claim.take({ count, except: new Set([...busy.keys(), ...paused]) })
    for (const item of items) start(state, item, signal)
    return null
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function start<T>(state: State<T>, item: T, signal: AbortSignal): void {
  const { job, busy } = state
  const key = job.claim.key(item)
  if (busy.has(key)) return
  const running = runItem(state, key, item, signal).then((isDone) => {
    busy.delete(key)
    // There may be more to claim than there was room for, and news of this very item.
    if (isDone) job.bell.ring()
  })
  busy.set(key, running)
}

/** Answers whether the run succeeded. Never rejects. */
async function runItem<T>(
  state: State<T>,
  key: string,
  item: T,
  signal: AbortSignal,
): Promise<boolean> {
  const { job, runtime, failing } = state
  const lost = new AbortController()
  const ended = new AbortController()
  const renewing = keepClaim(state, item, { lost, ended: ended.signal })
  const stop = AbortSignal.any([signal, lost.signal])
  const error = await runBounded((inner) => job.run({ item, signal: inner }), {
    ...job,
    sleep: runtime.sleep,
    stop,
  })
  ended.abort()
  await renewing
  if (error === null) {
    if (failing.delete(key))
      runtime.log.info('a background job works again', { job: job.name, key })
    return true
  }
  if (stop.aborted) return false
  noteFailure(state, key, error)
  return false
}

function noteFailure<T>({ job, runtime, failing }: State<T>, key: string, error: Error): void {
  const before = failing.get(key)
  const failures = (before?.failures ?? 0) + 1
  const now = runtime.clock.monotonic()
  const until = now + pauseAfter(job, failures, runtime.random)
  failing.set(key, { failures, error, until, forgottenAt: until + forgetAfter })
  if (before?.error.message !== error.message)
    runtime.log.warn('a background job failed', { job: job.name, key, error: error.message })
}

function worstOf<T>({ failing }: State<T>): Failing | undefined {
  return [...failing.values()].toSorted((a, b) => b.failures - a.failures)[0]
}

async function keepClaim<T>(
  { job, runtime }: State<T>,
  item: T,
  { lost, ended }: { lost: AbortController; ended: AbortSignal },
): Promise<void> {
  const { renew } = job.claim
  if (!renew) return
  for (;;) {
    await runtime.sleep(renew.every, ended)
    if (ended.aborted) return
    // A database that does not answer has not given the item to anybody else yet.
    const isMine = await renew.extend(item).catch(() => true)
    if (!isMine) return lost.abort(new Error('another replica has taken over this item'))
  }
}
