import { every, rows } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import { pauseAfter } from '#engine/job-run.ts'
import type { Clock } from '#platform/clock.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { claimChecks, endCheck, extendCheck, makeDue, type RepositoryCheck } from './check-store.ts'
import { localSignature } from './repository.ts'
import type { Source } from './source.ts'
import type { StoredApp } from './store.ts'

export interface PollingOptions {
  db: Database
  source: Pick<Source, 'sync' | 'listStored'>
  clock: Clock
  random(): number
  log: Logger
  /** milliseconds between two checks of a repository, by its kind */
  periods: { path: number; url: number; hosted: number }
  /** a check found a change that the check before it, at `checked`, did not */
  onFound(app: string, sha: string, checked: Date | null): Promise<void>
}

/** Repositories of one kind that a replica checks at the same time. */
const parallel = 4
/** Longest pause after failures, in milliseconds. */
const maxPause = 600_000
/** Seconds; another replica checks the repository after they expire. */
const lease = 30
/** Milliseconds between two queries for repositories that are due. */
const dueEvery = 1000

/**
 * Checks every repository for new commits at an interval, so that no check-in is lost when a
 * webhook or a push was: paths on this machine on each replica, remote ones on one replica at a
 * time. The hosted repositories are compared with the database. A repository that does not respond
 * delays no other.
 */
export function pollingJobs(options: PollingOptions): BackgroundJob[] {
  return [
    localJob(options),
    claimedJob('check-remote-repositories', 'url', options),
    claimedJob('check-hosted-repositories', 'hosted', options),
  ]
}

function claimedJob(
  name: string,
  kind: 'url' | 'hosted',
  { db, source, random, log, periods, onFound }: PollingOptions,
): BackgroundJob {
  const interval = periods[kind]
  let isFirst = kind === 'hosted'
  return every<RepositoryCheck>({
    name,
    interval: Math.min(interval, dueEvery),
    claim: rows({
      parallel,
      key: ({ app }) => app,
      take: async ({ count, except }) => {
        // A server that died may have left a push whose change is not stored.
        if (isFirst) await db.query(makeDue(kind))
        isFirst = false
        return claimChecks(db, kind, { count, except, lease })
      },
      renew: { every: (lease * 1000) / 3, extend: (check) => extendCheck(db, check, lease) },
    }),
    run: async ({ item: check, signal }) => {
      const { app } = check
      const started = new Date()
      const { failures, checked } = await source.sync(app, 'fairlead', { signal }).then(
        async ({ decision }) => {
          const before = check.checked === null ? null : new Date(check.checked)
          if (decision.kind === 'new_change') await onFound(app, decision.sha, before)
          return { failures: 0, checked: started }
        },
        (error: Error) => {
          signal.throwIfAborted()
          logFirst(log, check, error)
          return { failures: check.failures + 1, checked: null }
        },
      )
      const pause = pauseAfter({ interval, maxPause }, failures, random) / 1000
      await db.query(endCheck(check, { failures, checked, pause }))
    },
  })
}

/** What this replica knows of a repository on its machine. */
interface LocalState {
  /** by the monotonic clock */
  due: number
  failures: number
  signature: string | null
  checked: Date | null
}

/**
 * The refs of a repository on this machine are read on every replica and cost next to nothing, so
 * nothing of it is stored; only a changed branch leads to a sync.
 */
function localJob(options: PollingOptions): BackgroundJob {
  const { source, clock, random, log, periods, onFound } = options
  const interval = periods.path
  const states = new Map<string, LocalState>()
  const stateOf = (app: string): LocalState =>
    states.get(app) ?? { due: 0, failures: 0, signature: null, checked: null }
  return every<StoredApp>({
    name: 'check-local-repositories',
    interval: Math.min(interval, dueEvery),
    claim: rows({
      parallel,
      key: (app) => app.name,
      take: async ({ count, except }) => {
        const apps = (await source.listStored()).filter((app) => app.repository.kind === 'path')
        for (const name of states.keys())
          if (!apps.some((app) => app.name === name)) states.delete(name)
        return apps
          .filter((app) => !except.has(app.name) && stateOf(app.name).due <= clock.monotonic())
          .toSorted((one, other) => stateOf(one.name).due - stateOf(other.name).due)
          .slice(0, count)
      },
    }),
    run: async ({ item: app, signal }) => {
      const before = stateOf(app.name)
      const dueAfter = (failures: number): number =>
        clock.monotonic() + pauseAfter({ interval, maxPause }, failures, random)
      try {
        const started = new Date()
        const signature = await signatureOf(app)
        const isSame = signature !== null && signature === before.signature && app.problem === null
        if (!isSame) {
          const { decision } = await source.sync(app.name, 'fairlead', { signal })
          if (decision.kind === 'new_change') await onFound(app.name, decision.sha, before.checked)
        }
        states.set(app.name, { due: dueAfter(0), failures: 0, signature, checked: started })
      } catch (error) {
        signal.throwIfAborted()
        logFirst(log, { app: app.name, failures: before.failures }, error as Error)
        const failures = before.failures + 1
        states.set(app.name, { ...before, due: dueAfter(failures), failures, signature: null })
      }
    },
  })
}

const signatureOf = async ({ repository, branch }: StoredApp): Promise<string | null> =>
  repository.kind === 'path' ? localSignature(repository.path, branch) : null

function logFirst(log: Logger, check: { app: string; failures: number }, error: Error): void {
  if (check.failures === 0)
    log.warn('a repository cannot be read', { app: check.app, error: error.message })
}
