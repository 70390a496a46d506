import { createBell } from './bell.ts'
import type {
  BackgroundJob,
  EachReplica,
  JobOptions,
  JobRuntime,
  OneReplica,
  RowClaim,
  WholeJob,
} from './job.ts'
import { runRows } from './job-rows.ts'
import { forgetDeadReplicas } from './job-store.ts'
import { runWhole } from './job-whole.ts'

/** One replica at a time runs the job; another takes over after the lease (milliseconds). */
export const oneReplica = (lease = 15_000): OneReplica => ({ kind: 'one-replica', lease })

/** Every replica runs the job for itself. */
export const eachReplica: EachReplica = { kind: 'each-replica' }

/** Every replica runs the job on the rows that it claims. */
export const rows = <T>(claim: Omit<RowClaim<T>, 'kind'>): RowClaim<T> => ({
  kind: 'rows',
  ...claim,
})

/**
 * Declares background work that is done again and again.
 *
 * An error never ends a job: it is logged once, counted, and followed by pauses that double. A run
 * that exceeds its timeout is aborted and, if it does not react, abandoned. The table
 * `background_job` shows the last run, the lag, and the failures of every job to every replica.
 */
export function every<T = null>(options: JobOptions<T>): BackgroundJob {
  const bell = createBell()
  const job = {
    ...options,
    timeout: options.timeout ?? 300_000,
    maxPause:
      options.maxPause ?? Math.max(options.interval, Math.min(10 * options.interval, 60_000)),
    bell,
  }
  return {
    name: options.name,
    wake: bell.ring,
    run: (runtime, signal) => {
      const { claim } = job
      return claim.kind === 'rows'
        ? runRows({ ...job, claim }, runtime, signal)
        : runWhole({ ...job, claim } as unknown as WholeJob, runtime, signal)
    },
  }
}

/** Runs jobs until the signal aborts and all of them have ended. Throws when two share a name. */
export async function runJobs(
  jobs: readonly BackgroundJob[],
  runtime: JobRuntime,
  signal: AbortSignal,
): Promise<void> {
  const names = jobs.map((job) => job.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`Two background jobs are named ${twice}`)
  await forgetDeadReplicas(runtime.db, runtime.replica).catch(() => undefined)
  await Promise.all(jobs.map((job) => job.run(runtime, signal)))
}
