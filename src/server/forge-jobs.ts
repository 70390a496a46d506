import { createForgeClients } from '#domains/forge/registry.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { Engine } from '#engine/workflow.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { writeBack } from '#flows/forge/write-back.ts'
import { pullRequestJobs, type PullRequestJobsOptions } from '#flows/pull-request/jobs.ts'
import { webhookGaps } from '#flows/webhook/gaps.ts'
import type { Periods } from './settings.ts'

export interface ForgeJobsOptions {
  deps: Dependencies
  engine: Engine
  source: PullRequestJobsOptions['source']
  random(): number
  periods: Pick<Periods, 'writeBack' | 'pullRequests'>
}

/** Milliseconds between two checks for requested syncs, and for gaps in the deliveries. */
const requestInterval = 1000
const gapInterval = 5000

/** The background jobs that call forges, or report what forges did not send. */
export function forgeJobs(options: ForgeJobsOptions): BackgroundJob[] {
  const { deps, engine, source, random, periods } = options
  const { db, log, secrets, publicUrl } = deps
  const { fetch } = deps.egress
  const clients = createForgeClients()
  return [
    writeBack({
      ...{ db, secrets, publicUrl, source: deps.source, clients, fetch, random },
      ...{ now: () => deps.clock.now(), interval: periods.writeBack },
      issueInterval: 5 * periods.pullRequests,
    }),
    ...pullRequestJobs({
      ...{ deps, engine, source, clients, fetch, parallel: 4 },
      interval: Math.min(requestInterval, periods.pullRequests),
      syncInterval: periods.pullRequests,
    }),
    webhookGaps({ db, log, interval: gapInterval }),
  ]
}
