import type { JobStatus } from './job-store.ts'

export type JobState = 'ok' | 'late' | 'failing'

/** Less lag than this is normal on a busy machine, in milliseconds. */
const tolerated = 10_000

/** Rates a job: `failing` after an error, `late` when a run is overdue by more than an interval. */
export function jobState(job: Pick<JobStatus, 'failures' | 'lag' | 'interval'>): JobState {
  if (job.failures > 0) return 'failing'
  return job.lag > Math.max(job.interval, tolerated) ? 'late' : 'ok'
}
