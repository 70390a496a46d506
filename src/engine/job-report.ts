import type { JobRuntime } from './job.ts'
import { forgetJob, reportJob } from './job-store.ts'

export interface RunReport {
  error: Error | null
  failures: number
  /** milliseconds that the run took */
  elapsed: number
  /** milliseconds until the next run */
  pause: number
}

/** Without news, a job is reported this often, in milliseconds. */
const reportEvery = 10_000

/**
 * Writes how a job fares on this replica to the database: when it begins or ceases to fail, and now
 * and then in between. Does not wait for the database, so that a job that does not need it goes on
 * without it.
 */
export function createJobReport(
  job: { name: string; interval: number },
  { db, clock, replica }: JobRuntime,
): { write(report: RunReport): void; close(): Promise<void> } {
  let writing: Promise<void> | null = null
  let written = { at: -Infinity, failures: 0 }
  return {
    write: ({ error, failures, elapsed, pause }) => {
      const now = clock.monotonic()
      const isNews = failures > 0 !== written.failures > 0
      if (writing !== null || (!isNews && now - written.at < reportEvery)) return
      written = { at: now, failures }
      const { name, interval } = job
      const message = error?.message ?? null
      const next = pause + reportEvery
      writing = db
        .query(
          reportJob({ name, replica, interval, elapsed, failures, error: message, pause: next }),
        )
        .then(
          () => undefined,
          () => void (written = { at: -Infinity, failures: 0 }),
        )
        .finally(() => (writing = null))
    },
    close: async () => {
      await writing
      await db.query(forgetJob(job.name, replica)).catch(() => undefined)
    },
  }
}
