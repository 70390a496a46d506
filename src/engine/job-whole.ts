import type { EachReplica, JobRuntime, OneReplica, WholeJob } from './job.ts'
import { createJobReport } from './job-report.ts'
import { createFailureLog, pauseAfter, runBounded } from './job-run.ts'
import {
  claimJob,
  endJob,
  extendLease,
  jobFailures,
  registerJob,
  releaseJob,
  wakeJob,
} from './job-store.ts'

/** Runs a job that has no items until the signal aborts and its run has ended. Never rejects. */
export function runWhole(job: WholeJob, runtime: JobRuntime, signal: AbortSignal): Promise<void> {
  const { claim } = job
  return claim.kind === 'one-replica'
    ? runOnOne({ ...job, claim }, runtime, signal)
    : runOnEach({ ...job, claim }, runtime, signal)
}

async function runOnEach(
  job: WholeJob & { claim: EachReplica },
  runtime: JobRuntime,
  signal: AbortSignal,
): Promise<void> {
  const report = createJobReport(job, runtime)
  const logFailure = createFailureLog(job, runtime.log)
  let failures = 0
  await job.bell.sleep(runtime, pauseAfter(job, 0, runtime.random), signal)
  while (!signal.aborted) {
    job.bell.hasRung()
    const started = runtime.clock.monotonic()
    const error = await runBounded((stop) => job.run({ item: null, signal: stop }), {
      ...job,
      sleep: runtime.sleep,
      stop: signal,
    })
    if (signal.aborted) break
    logFailure(error)
    failures = error === null ? 0 : failures + 1
    const pause = pauseAfter(job, failures, runtime.random)
    report.write({ error, failures, elapsed: runtime.clock.monotonic() - started, pause })
    await job.bell.sleep(runtime, pause, signal)
  }
  await report.close()
}

/** Without an answer from the database, a claim is tried again this soon, in milliseconds. */
const claimPause = 2000

async function runOnOne(
  job: WholeJob & { claim: OneReplica },
  runtime: JobRuntime,
  signal: AbortSignal,
): Promise<void> {
  const { db, random, replica, log } = runtime
  const holder = `${replica}/${Math.floor(random() * 2 ** 48).toString(16)}`
  const logFailure = createFailureLog(job, log)
  const logClaim = createFailureLog({ name: `${job.name} (claim)` }, log)
  let isRegistered = false
  let isWoken = false
  while (!signal.aborted) {
    let pause: number
    try {
      if (!isRegistered) await db.query(registerJob(job.name, job.interval))
      isRegistered = true
      isWoken = job.bell.hasRung() || isWoken
      const asked = runtime.clock.monotonic()
      const answers = await db.batch([
        ...(isWoken ? [wakeJob(job.name)] : []),
        claimJob(job.name, holder, job.claim.lease),
      ])
      isWoken = false
      const [row] = answers.at(-1) ?? []
      logClaim(null)
      pause = row?.['isMine']
        ? await runClaimed(job, runtime, { holder, asked, signal, logFailure })
        : Math.min(Number(row?.['wait'] ?? 0), job.interval * 1.2)
      // A restored database may have lost the row.
      if (!row) isRegistered = false
    } catch (error) {
      if (signal.aborted) return
      logClaim(error as Error)
      pause = Math.min(job.interval, claimPause)
    }
    await job.bell.sleep(runtime, Math.max(pause, 10), signal)
  }
}

interface Turn {
  holder: string
  /** when the claim was sent, by the monotonic clock */
  asked: number
  signal: AbortSignal
  logFailure: ReturnType<typeof createFailureLog>
}

/** Runs a job that this replica has claimed, and answers after how many milliseconds to go on. */
async function runClaimed(
  job: WholeJob & { claim: OneReplica },
  runtime: JobRuntime,
  turn: Turn,
): Promise<number> {
  const { db, random } = runtime
  const lost = new AbortController()
  const ended = new AbortController()
  const renewing = keepLease(job, runtime, turn, { lost, ended: ended.signal })
  const stop = AbortSignal.any([turn.signal, lost.signal])
  const error = await runBounded((signal) => job.run({ item: null, signal }), {
    ...job,
    sleep: runtime.sleep,
    stop,
  })
  ended.abort()
  await renewing
  if (error !== null && stop.aborted) {
    if (turn.signal.aborted) await db.query(releaseJob(job.name, turn.holder))
    return job.interval
  }
  turn.logFailure(error)
  const failures = error === null ? 0 : (await jobFailures(db, job.name)) + 1
  const pause = pauseAfter(job, failures, random)
  const [row] = await db.query<{ wait: number }>(
    endJob(job.name, turn.holder, { error: error?.message ?? null, pause }),
  )
  return row?.wait ?? pause
}

/** Another replica may start when a lease expires, so a run here is stopped this much earlier. */
const caution = 0.9

/** Renews the lease until the run ends; aborts `lost` when that fails for too long. */
async function keepLease(
  job: WholeJob & { claim: OneReplica },
  { db, clock, sleep }: JobRuntime,
  { holder, asked }: Turn,
  { lost, ended }: { lost: AbortController; ended: AbortSignal },
): Promise<void> {
  const { lease } = job.claim
  let validUntil = asked + lease * caution
  for (;;) {
    await sleep(Math.min(lease / 3, validUntil - clock.monotonic()), ended)
    if (ended.aborted) return
    const sent = clock.monotonic()
    const answer = db.query(extendLease(job.name, holder, lease)).then(
      (rows) => (rows.length > 0 ? 'mine' : 'taken'),
      () => 'unknown',
    )
    const expiry = sleep(Math.max(0, validUntil - sent), ended).then(() => 'unknown')
    const known = await Promise.race([answer, expiry])
    if (ended.aborted) return
    if (known === 'mine') validUntil = sent + lease * caution
    if (known === 'taken' || clock.monotonic() >= validUntil)
      return lost.abort(new Error('another replica has taken over this job'))
  }
}
