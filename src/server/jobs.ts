import { randomBytes } from 'node:crypto'
import { insertGap } from '#domains/forge/webhook-store.ts'
import type { Access } from '#domains/access/access.ts'
import { pollingJobs } from '#domains/source/polling.ts'
import type { Source } from '#domains/source/source.ts'
import { eachReplica, every, oneReplica } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { Engine } from '#engine/workflow.ts'
import { startScheduled } from '#flows/delivery/schedule.ts'
import { startCatchUps } from '#flows/deployment/catch-up.ts'
import { readLive, reportCrashLoops } from '#flows/deployment/crash-loops.ts'
import { checkDue } from '#flows/drift/due.ts'
import { checkMachinesDue } from '#flows/drift/machines.ts'
import type { Monitoring } from '#flows/monitoring/jobs.ts'
import { watchCertificates } from '#flows/monitoring/watch-certificates.ts'
import { WatchReachable } from '#flows/monitoring/watch-reachable.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { closeAbandonedExperiments } from '#flows/experiment/abandoned.ts'
import { runScheduled } from '#flows/experiment/schedule.ts'
import { jobsOfApps } from '#flows/job/background.ts'
import { mitigateIncidents } from '#flows/incident/mitigate.ts'
import { reconcileIncidents } from '#flows/incident/reconcile.ts'
import { reconcileReviews } from '#flows/review/reconcile.ts'
import { rehearseDue } from '#flows/rehearsal/night.ts'
import { closeAbandoned } from '#flows/upkeep/abandoned.ts'
import { clean } from '#flows/upkeep/clean.ts'
import type { Hosts } from '#flows/host/hosts.ts'
import { ensureHost } from '#platform/process/host-process.ts'
import { forgeJobs } from './forge-jobs.ts'
import type { Periods } from './settings.ts'

export interface JobParts {
  deps: Dependencies
  env: Record<string, string | undefined>
  hosts: Pick<Hosts, 'sync' | 'named' | 'remote'>
  engine: Engine
  source: Source
  access: Pick<Access, 'refusals'>
  /** processes webhook deliveries */
  inbox: BackgroundJob
  periods: Periods
  monitoring: Monitoring
  /** finds errors in the output of services */
  errors: BackgroundJob
  /** null without a watcher outside */
  heartbeat: BackgroundJob | null
}

const hour = 3_600_000
const minute = 60_000
const second = 1000

/** All background work of a server. */
export function backgroundJobs({
  deps,
  env,
  hosts,
  engine,
  source,
  access,
  inbox,
  periods,
  monitoring: monitors,
  errors,
  heartbeat,
}: JobParts): BackgroundJob[] {
  const { db, log, clock } = deps
  const reachable = new WatchReachable({ db, now: () => clock.now() })
  return [
    ...pollingJobs({
      db,
      source,
      clock,
      random: Math.random,
      log,
      periods: {
        path: periods.localRepositories,
        url: periods.remoteRepositories,
        hosted: periods.hostedRepositories,
      },
      onFound: async (app, sha, checked) => void (await db.query(insertGap(app, sha, checked))),
    }),
    inbox,
    ...forgeJobs({ deps, engine, source, random: Math.random, periods }),
    every({
      name: 'start-scheduled-deliveries',
      interval: periods.schedule,
      claim: oneReplica(),
      run: async () => void (await startScheduled(db, engine, new Date(clock.now()))),
    }),
    every({
      name: 'run-scheduled-experiments',
      interval: 30 * second,
      claim: oneReplica(),
      run: () =>
        runScheduled({
          ...{ db, engine, now: () => clock.now() },
          seed: () => randomBytes(32).toString('hex'),
        }),
    }),
    every({
      name: 'close-abandoned-runs',
      interval: periods.abandoned,
      claim: oneReplica(),
      run: async () => {
        await closeAbandoned(db)
        await closeAbandonedExperiments(db, engine)
      },
    }),
    every({
      name: 'watch-instances',
      interval: periods.crashes,
      claim: oneReplica(),
      run: async () => {
        const read = await readLive(deps)
        await reportCrashLoops(deps, read)
        await reachable.run(read.seen)
      },
    }),
    every({
      name: 'watch-certificates',
      interval: 10 * second,
      claim: oneReplica(),
      run: () => watchCertificates({ db, targets: deps.targets, now: () => clock.now() }),
    }),
    ...monitors.jobs,
    every({
      name: 'reconcile-incidents',
      interval: periods.monitors,
      claim: oneReplica(),
      run: async () => {
        await reconcileIncidents({ db, now: () => clock.now() })
        await mitigateIncidents({ db, engine, log, now: () => clock.now() })
      },
    }),
    every({
      name: 'reconcile-reviews',
      interval: Math.min(periods.drift, 10 * second),
      claim: oneReplica(),
      run: () => reconcileReviews({ db, now: () => clock.now() }),
    }),
    jobsOfApps(deps, periods.jobs),
    errors,
    ...(heartbeat ? [heartbeat] : []),
    every({
      name: 'rehearse-services',
      interval: Math.min(periods.rehearsals, minute),
      claim: oneReplica(),
      timeout: hour,
      run: ({ signal }) => rehearseDue(deps, periods.rehearsals, signal),
    }),
    every({
      name: 'find-drift',
      interval: Math.min(periods.drift, minute),
      claim: oneReplica(),
      timeout: hour,
      run: ({ signal }) => checkDue(deps, periods.drift, signal),
    }),
    every({
      name: 'compare-machines',
      interval: Math.min(periods.drift, 10 * second),
      claim: oneReplica(),
      run: () => checkMachinesDue(deps, engine, periods.drift),
    }),
    every({
      name: 'keep-host-running',
      interval: periods.host,
      claim: eachReplica,
      run: async () => void (await ensureHost(deps.home, env)),
    }),
    every({
      name: 'connect-hosts',
      interval: 5 * second,
      claim: eachReplica,
      run: () => hosts.sync(),
    }),
    every({
      name: 'catch-up-hosts',
      interval: 2 * second,
      claim: oneReplica(),
      run: () => startCatchUps(deps, engine, hosts),
    }),
    every({
      name: 'report-refusals',
      interval: periods.refusals,
      claim: eachReplica,
      run: () => access.refusals.flush(),
    }),
    every({
      name: 'clean-up',
      interval: periods.cleanUp,
      claim: eachReplica,
      timeout: hour,
      run: async () => {
        const removed = await clean(deps)
        if (removed.artifacts + removed.workspaces > 0) log.info('cleaned up', removed)
      },
    }),
  ]
}
