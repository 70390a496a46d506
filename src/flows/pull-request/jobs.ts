import { decideOrphans } from '#domains/pull-request/rules.ts'
import * as syncs from '#domains/pull-request/sync-store.ts'
import { listHeads } from '#domains/source/heads.ts'
import type { StoredApp } from '#domains/source/store.ts'
import { every, oneReplica, rows } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { Engine } from '#engine/workflow.ts'
import { readBranchFile } from '#flows/delivery/branch-file.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { ForgeAccess } from '#flows/forge/connect.ts'
import { targetsInUse } from '#flows/deployment/targets.ts'
import { sqlState } from '#platform/postgres/postgres.ts'
import { appsWithPullRequests, listPreviews } from '#views/pull-requests.ts'
import { syncHeads } from './heads.ts'
import { reconcile } from './reconcile.ts'
import { syncWithForge } from './sync.ts'

export interface PullRequestJobsOptions {
  deps: Dependencies
  engine: Engine
  source: { stored(app: string): Promise<StoredApp | null> }
  fetch: typeof fetch
  clients: ForgeAccess['clients']
  /** milliseconds between two syncs of an app, unless one is requested */
  syncInterval: number
  /** milliseconds between two checks for syncs that are due or requested */
  interval: number
  /** apps synced at the same time */
  parallel: number
}

/** Seconds after which another replica takes over an app, and between two extensions. */
const claimSeconds = 10
const extendSeconds = 3
const timeoutSeconds = 300
/** Seconds until the next sync when cancelled runs have not ended yet. */
const retrySeconds = 3
const maxSweepInterval = 30_000

/**
 * Keeps runs and previews of pull requests as they are wanted. Every run compares what exists with
 * what is wanted, so that each one is safe to repeat on any replica.
 */
export const pullRequestJobs = (options: PullRequestJobsOptions): BackgroundJob[] => [
  every<syncs.SyncClaim>({
    name: 'sync-pull-requests',
    interval: options.interval,
    timeout: timeoutSeconds * 1000,
    claim: rows({
      parallel: options.parallel,
      key: ({ app }) => app,
      take: ({ count, except }) =>
        syncs.claimSyncs(options.deps.db, { seconds: claimSeconds, count, except: [...except] }),
      renew: {
        every: extendSeconds * 1000,
        extend: async (claim) =>
          (await options.deps.db.query(syncs.extendSync(claim, claimSeconds))).length > 0,
      },
    }),
    run: ({ item, signal }) => runSync(options, item, signal),
  }),
  every({
    name: 'remove-orphaned-previews',
    interval: Math.min(options.syncInterval, maxSweepInterval),
    claim: oneReplica(),
    run: async () => {
      const { db } = options.deps
      await db.query(syncs.addSyncs(await appsWithPullRequests(db)))
      await removeOrphans(options.deps)
    },
  }),
]

async function runSync(
  options: PullRequestJobsOptions,
  claim: syncs.SyncClaim,
  signal: AbortSignal,
): Promise<void> {
  const { db } = options.deps
  try {
    await db.query(syncs.endSync(claim, await sync(options, claim, signal)))
  } catch (error) {
    if (lostClaim(error)) return
    const problem = (error as Error).message.slice(0, 400)
    if (!signal.aborted) await db.query(syncs.endSync(claim, { problem, seconds: retrySeconds }))
    throw error
  }
}

/** `mustHoldClaim` divides by zero. */
const lostClaim = (error: unknown): boolean => sqlState(error) === '22012'

async function sync(
  { deps, engine, source, fetch, clients, syncInterval }: PullRequestJobsOptions,
  claim: syncs.SyncClaim,
  signal: AbortSignal,
): Promise<{ problem: string | null; seconds: number }> {
  const app = await source.stored(claim.app)
  if (!app) return { problem: null, seconds: 0 }
  const { db, secrets } = deps
  const forge = await syncWithForge({ db, secrets, fetch, clients }, app, signal)
  const bare = deps.source.bareOf(app.name)
  const { isConnected } = forge
  const heads = await listHeads(bare)
  const headProblem = await syncHeads({ db, app, bare, isConnected, heads, signal })
  const isSettled = await reconcile({ deps, engine, claim, app, signal })
  const file = await readBranchFile(deps.source, app.name)
  const fileProblem =
    file === null ? 'fairlead.yaml on the branch cannot be read, so no run starts' : null
  return {
    problem: forge.problem ?? headProblem ?? fileProblem,
    seconds: isSettled ? Math.max(syncInterval, forge.pauseMs) / 1000 : retrySeconds,
  }
}

/**
 * Removes preview environments that a target has and the database does not. Returns their number; a
 * target that does not answer is skipped.
 */
async function removeOrphans(deps: Dependencies): Promise<number> {
  let removed = 0
  for (const target of await targetsInUse(deps)) {
    const present = await target.environments().catch(() => null)
    // Read after the target answered: an environment is stored before it exists on its target.
    const orphans = present === null ? [] : decideOrphans(present, await listPreviews(deps.db))
    for (const orphan of orphans) {
      await target.removeEnvironment(orphan)
      deps.log.info('removed a preview environment that no pull request has', { ...orphan })
    }
    removed += orphans.length
  }
  return removed
}
