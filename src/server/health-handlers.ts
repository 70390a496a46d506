import type { SomeHandlers } from '#contract/handler.ts'
import type { BackgroundJob } from '#engine/job.ts'
import { jobState } from '#engine/job-state.ts'
import { listJobs } from '#engine/job-store.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import type { HostClient } from '#platform/process/host-client.ts'
import { version } from '#platform/self.ts'

export interface HealthOptions {
  db: Database
  host: Pick<HostClient, 'status'>
  jobs: readonly BackgroundJob[]
  /** megabytes */
  disk(): Promise<{ free: number; floor: number }>
  edgePort: number
}

/** Reports what the server can reach, and how its background jobs fare. */
export function healthHandlers({
  db,
  host,
  jobs,
  disk,
  edgePort,
}: HealthOptions): SomeHandlers<'health' | 'listBackgroundJobs'> {
  return {
    health: async () => {
      const [canReachDatabase, canReachHost, { free, floor }] = await Promise.all([
        succeeds(db.query(sql`select 1`)),
        succeeds(host.status()),
        disk(),
      ])
      return {
        status: canReachDatabase && canReachHost ? 'ok' : 'degraded',
        version,
        database: canReachDatabase ? 'ok' : 'unreachable',
        host: canReachHost ? 'ok' : 'unreachable',
        disk: { free: Math.floor(free), floor },
        edge: edgePort,
      }
    },
    listBackgroundJobs: async () => {
      const statuses = await listJobs(
        db,
        jobs.map(({ name }) => name),
      )
      return {
        jobs: statuses.map(({ interval, lag, ...status }) => ({
          ...status,
          state: jobState({ ...status, interval, lag }),
          interval: interval / 1000,
          lag: Math.round(lag / 1000),
        })),
      }
    },
  }
}

const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  )
