import { createForgeClients } from '#domains/forge/registry.ts'
import { insertGap } from '#domains/forge/webhook-store.ts'
import type { Access } from '#domains/access/access.ts'
import { pollingJobs } from '#domains/source/polling.ts'
import type { Source } from '#domains/source/source.ts'
import { eachReplica, every, oneReplica } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { Engine } from '#engine/workflow.ts'
import { startScheduled } from '#flows/delivery/schedule.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import { writeBack } from '#flows/forge/write-back.ts'
import { keepPullRequests } from '#flows/pull-request/reconcile.ts'
import { closeAbandoned } from '#flows/upkeep/abandoned.ts'
import { clean } from '#flows/upkeep/clean.ts'
import type { Inbox } from '#flows/webhook/inbox.ts'
import { ensureHost } from '#platform/process/host-process.ts'
import type { Periods, ServerSettings } from './settings.ts'

export interface JobParts {
  deps: Dependencies
  env: Record<string, string | undefined>
  engine: Engine
  source: Source
  access: Pick<Access, 'refusals'>
  periods: Periods
}

const hour = 3_600_000

/** All background work of a server. */
export function backgroundJobs({
  deps,
  env,
  engine,
  source,
  access,
  periods,
}: JobParts): BackgroundJob[] {
  const { db, log, clock } = deps
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
    every({
      name: 'start-scheduled-deliveries',
      interval: periods.schedule,
      claim: oneReplica(),
      run: async () => void (await startScheduled(db, engine, new Date(clock.now()))),
    }),
    every({
      name: 'close-abandoned-runs',
      interval: periods.abandoned,
      claim: oneReplica(),
      run: async () => void (await closeAbandoned(db)),
    }),
    every({
      name: 'keep-host-running',
      interval: periods.host,
      claim: eachReplica,
      run: async () => void (await ensureHost(deps.home, env)),
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

export interface LoopParts {
  deps: Dependencies
  inbox: Inbox
  engine: Engine
  source: Source
}

/** Loops towards forges that are not background jobs yet. */
export function startForgeLoops(
  { deps, inbox, engine, source }: LoopParts,
  { publicUrl, periods }: ServerSettings,
  signal: AbortSignal,
): void {
  const { db, log, secrets } = deps
  const clients = createForgeClients()
  const common = { db, log, secrets, fetch, clients, random: Math.random }
  void inbox.run(signal)
  void writeBack({ ...common, source: deps.source, publicUrl, every: periods.writeBack }, signal)
  void keepPullRequests(
    { deps, engine, source, fetch, clients, every: periods.pullRequests, parallel: 4 },
    signal,
  )
}
