import type { JobFile } from '#contract/pipeline-file/job-file.ts'
import type { ServiceFile } from '#contract/pipeline-file/service-file.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The release that has the traffic of an environment, with its jobs. */
export interface LiveJobs {
  app: string
  environment: string
  release: number
  /** of the change */
  chain: string
  jobs: Record<string, JobFile>
  services: Record<string, ServiceFile>
}

/** The jobs of everything that is live; those of pull requests have no schedule. */
export const liveJobs = (db: Database): Promise<LiveJobs[]> =>
  db.query<LiveJobs>(sql`select d.app, d.environment, d.release, c.chain,
      coalesce(r.definition -> 'jobs', '{}') as jobs,
      coalesce(r.definition -> 'services', '{}') as services
    from deployment d join environment e on e.app = d.app and e.name = d.environment
      join release r on r.id = d.release join change c on c.app = r.app and c.sha = r.sha
    where d.state = 'live' and e.pull_request is null order by d.id`)

/** The same of one environment, also of a pull request; null when nothing is live. */
export async function liveJobsOf(
  db: Database,
  app: string,
  environment: string,
): Promise<LiveJobs | null> {
  const rows = await db.query<LiveJobs>(sql`select d.app, d.environment, d.release, c.chain,
      coalesce(r.definition -> 'jobs', '{}') as jobs,
      coalesce(r.definition -> 'services', '{}') as services
    from deployment d join release r on r.id = d.release
      join change c on c.app = r.app and c.sha = r.sha
    where d.app = ${app} and d.environment = ${environment} and d.state = 'live'`)
  return rows[0] ?? null
}
