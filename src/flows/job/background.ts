import { randomBytes } from 'node:crypto'
import { every, oneReplica } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { advanceJobRuns } from './advance.ts'
import { queueDue } from './queue-due.ts'

const name = 'run-jobs'

/** Names a run on its target for ever, also after the database was restored from a backup. */
export const makeJobKey = (): string => randomBytes(12).toString('hex')

/** Queues the runs of jobs that are due, starts them, and stores how they ended. */
export const jobsOfApps = (deps: Dependencies, interval: number): BackgroundJob =>
  every({
    ...{ name, interval, claim: oneReplica() },
    run: async ({ signal }) => {
      await queueDue({ db: deps.db, makeKey: makeJobKey }, new Date(deps.clock.now()))
      await advanceJobRuns(deps, signal)
    },
  })

/** Makes runs that wait start now, if this server starts them. */
export const wakeJobs = (jobs: readonly BackgroundJob[]): void =>
  jobs.find((job) => job.name === name)?.wake()
