import type { BackgroundJob } from '#engine/job.ts'
import { listJobs } from '#engine/job-store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import { hostMetrics } from '#platform/open-metrics/host-metrics.ts'
import { type Metric, type MetricPoint, openMetrics } from '#platform/open-metrics/open-metrics.ts'

export interface MetricsParts {
  db: Database
  host: Pick<HostClient, 'status' | 'measurements'>
  jobs: readonly BackgroundJob[]
  version: string
}

/** What the server and its host measure, in OpenMetrics. A host that does not answer is `up 0`. */
export async function installationMetrics({
  db,
  host,
  jobs,
  version,
}: MetricsParts): Promise<string> {
  const [status, measured, statuses] = await Promise.all([
    host.status().catch(() => null),
    host.measurements(0).catch(() => null),
    listJobs(
      db,
      jobs.map(({ name }) => name),
    ),
  ])
  const gauge = (name: string, help: string, points: MetricPoint[], unit?: string): Metric => ({
    ...{ name, help, type: 'gauge', points },
    ...(unit === undefined ? {} : { unit }),
  })
  const ofJob = ({ name, replica }: (typeof statuses)[number]) => ({
    job: name,
    ...(replica === null ? {} : { replica }),
  })
  return openMetrics([
    gauge('fairlead_build', 'The version of the server.', [{ labels: { version }, value: 1 }]),
    gauge('fairlead_host_up', 'Whether the host answers.', [
      { labels: {}, value: status === null ? 0 : 1 },
    ]),
    gauge(
      'fairlead_background_job_lag_seconds',
      'How late the next run of a background job is.',
      statuses.map((job) => ({ labels: ofJob(job), value: job.lag / 1000 })),
      'seconds',
    ),
    gauge(
      'fairlead_background_job_failures',
      'Runs of a background job in a row that failed.',
      statuses.map((job) => ({ labels: ofJob(job), value: job.failures })),
    ),
    ...hostMetrics(status, measured),
  ])
}
