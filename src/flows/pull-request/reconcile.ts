import { setTimeout as sleep } from 'node:timers/promises'
import { previewName } from '#contract/pull-request/pull-request.ts'
import { deleteEnvironment, liveDeployment } from '#domains/deployment/store.ts'
import { getChange } from '#domains/source/store.ts'
import { type Action, decide, decideOrphans } from '#domains/pull-request/rules.ts'
import * as pulls from '#domains/pull-request/store.ts'
import { forgetHead, listHeads } from '#domains/source/heads.ts'
import type { StoredApp } from '#domains/source/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Engine } from '#engine/workflow.ts'
import { sqlState } from '#platform/postgres/postgres.ts'
import { readBranchFile } from '#flows/delivery/branch-file.ts'
import type { ForgeAccess } from '#flows/forge/connect.ts'
import { seeHeads, seePullRequests } from './sync.ts'
import { removeFromTargets, targetsInUse } from '#flows/deployment/targets.ts'
import { queueDelivery } from '#flows/delivery/queue.ts'
import { closeAbandoned } from '#flows/upkeep/abandoned.ts'
import type { Dependencies } from '#flows/dependencies.ts'

export interface PullRequestsOptions {
  deps: Dependencies
  engine: Engine
  source: { stored(app: string): Promise<StoredApp | null> }
  fetch: typeof fetch
  clients: ForgeAccess['clients']
  /** between two looks at an app that nobody asks for, in milliseconds */
  every: number
  /** apps looked at at once */
  parallel: number
}

/**
 * A replica has an app to itself for so long, and says again and again that it goes on; no look
 * takes longer than that, in seconds.
 */
const claimSeconds = 10
const renewSeconds = 3
const lookSeconds = 300
/**
 * What is cancelled is waited for so long within a look, in milliseconds; else the next one comes
 * soon.
 */
const settleMs = 15_000
const soonSeconds = 3

/**
 * Keeps what exists of pull requests the same as what is wanted: asks what is open, and begins,
 * cancels and removes. Everything is safe to repeat, on every replica and after any end: what is
 * wanted is compared with what is there, and nothing has to be remembered.
 */
export async function keepPullRequests(
  options: PullRequestsOptions,
  signal: AbortSignal,
): Promise<void> {
  const { db, log } = options.deps
  const busy = new Set<Promise<void>>()
  let sweepAt = 0
  while (!signal.aborted) {
    try {
      if (performance.now() >= sweepAt) {
        sweepAt = performance.now() + Math.min(options.every, 30_000)
        await db.query(pulls.addLooks())
        await sweep(options.deps)
      }
      if (busy.size < options.parallel)
        for (const look of await pulls.claimLooks(db, claimSeconds, options.parallel - busy.size)) {
          const one: Promise<void> = lookAt(options, look, signal).finally(() => busy.delete(one))
          busy.add(one)
        }
    } catch (error) {
      if (!signal.aborted)
        log.warn('pull requests could not be looked at', { error: (error as Error).message })
    }
    await sleep(1000, undefined, { signal }).catch(() => undefined)
  }
  await Promise.all(busy)
}

/** Never rejects. */
async function lookAt(
  options: PullRequestsOptions,
  look: pulls.Look,
  stop: AbortSignal,
): Promise<void> {
  const { db, log } = options.deps
  const signal = AbortSignal.any([stop, AbortSignal.timeout(lookSeconds * 1000)])
  const renew = setInterval(() => {
    if (!signal.aborted) db.query(pulls.keepLook(look, claimSeconds)).catch(() => undefined)
  }, renewSeconds * 1000)
  try {
    const { problem, seconds } = await see(options, look, signal)
    await db.query(pulls.endLook(look, { problem, seconds }))
  } catch (error) {
    if (stop.aborted || lostClaim(error)) return
    const problem = (error as Error).message.slice(0, 400)
    log.warn('the pull requests of an app could not be looked at', {
      app: look.app,
      error: problem,
    })
    await db.query(pulls.endLook(look, { problem, seconds: soonSeconds })).catch(() => undefined)
  } finally {
    clearInterval(renew)
  }
}

const lostClaim = (error: unknown): boolean => sqlState(error) === '22012'

async function see(
  { deps, engine, source, fetch, clients, every }: PullRequestsOptions,
  look: pulls.Look,
  signal: AbortSignal,
): Promise<{ problem: string | null; seconds: number }> {
  const app = await source.stored(look.app)
  if (!app) return { problem: null, seconds: 0 }
  const { db } = deps
  const eyes = { db, secrets: deps.secrets, fetch, clients, bareOf: deps.source.bareOf }
  const seen = await seePullRequests(eyes, app, signal)
  const bare = deps.source.bareOf(app.name)
  const before = { isConnected: seen.isConnected, heads: await listHeads(bare) }
  const headProblem = await seeHeads(eyes, app, before, signal)
  const isSettled = await act({ deps, engine, look, app, signal })
  const file = await readBranchFile(deps.source, app.name)
  const noFile =
    file === null ? 'fairlead.yaml of the branch cannot be read, so nothing is begun' : null
  return {
    problem: seen.problem ?? headProblem ?? noFile,
    seconds: isSettled ? Math.max(every, seen.pauseMs) / 1000 : soonSeconds,
  }
}

interface Act {
  deps: Dependencies
  engine: Engine
  look: pulls.Look
  app: StoredApp
  signal: AbortSignal
}

/**
 * Does what is decided until nothing is left to do, or until what is cancelled takes too long.
 * Answers whether nothing is left.
 */
async function act(options: Act): Promise<boolean> {
  const { deps, look, app, signal } = options
  for (const until = performance.now() + settleMs; performance.now() < until;) {
    const file = await readBranchFile(deps.source, app.name)
    const actions = decide({
      settings: file?.pull_requests ?? null,
      isConfined: deps.isolation.kind === 'confined',
      now: deps.clock.now(),
      pulls: await pulls.listStandings(
        deps.db,
        app.name,
        await listHeads(deps.source.bareOf(app.name)),
      ),
    })
    if (actions.length === 0) return true
    for (const action of actions) {
      signal.throwIfAborted()
      await deps.db.query(pulls.mustStillLook(look))
      await carryOut(options, action)
    }
    if (actions.some(({ kind }) => kind === 'cancel')) await sleep(200, undefined, { signal })
  }
  return false
}

async function carryOut({ deps, engine, look, app }: Act, action: Action): Promise<void> {
  const { db } = deps
  const { number } = action
  const pull = await pulls.getPullRequest(db, app.name, number)
  if (action.kind === 'cancel') {
    await engine.cancel(`delivery/${action.run}`)
    await closeAbandoned(db)
  }
  if (action.kind === 'begin') {
    const change = await getChange(db, app.name, action.sha)
    if (!change || !pull) return
    const { statements } = await queueDelivery(db, engine, change, {
      actor: pull.author,
      retryOf: null,
      trigger: 'pull_request',
      pullRequest: { number, isTrusted: action.isTrusted },
    })
    await db.batch([pulls.mustStillLook(look), ...statements])
  }
  if (action.kind === 'remove') {
    const name = previewName(number)
    const about = {
      subject: `environment/${app.name}/${name}`,
      chain: pull?.chain ?? `app/${app.name}`,
      app: app.name,
    }
    const live = await liveDeployment(db, app.name, name)
    // The rows are what is remembered of it: they go last.
    await removeFromTargets(deps, app.name, name)
    await db.batch([
      pulls.mustStillLook(look),
      ...deleteEnvironment({ app: app.name, name, reason: action.reason }),
      ...(live === null
        ? []
        : [
            appendEvent({
              ...about,
              type: 'dev.cdevents.service.removed',
              data: { environment: name, pullRequest: number, reason: action.reason },
            }),
          ]),
      appendEvent({
        ...about,
        type: 'dev.cdevents.environment.deleted',
        data: { pullRequest: number, reason: action.reason },
      }),
    ])
  }
  if (action.kind === 'forget') await forgetHead(deps.source.bareOf(app.name), number)
}

/**
 * Removes what a target has for pull requests that are not stored here. A target that does not
 * answer is skipped.
 */
export async function sweep(deps: Dependencies): Promise<number> {
  let removed = 0
  for (const target of await targetsInUse(deps)) {
    const present = await target.environments().catch(() => null)
    // Read after the target answered: an environment is stored before it exists on its target.
    const orphans =
      present === null ? [] : decideOrphans(present, await pulls.listPreviews(deps.db))
    for (const orphan of orphans) {
      await target.removeEnvironment(orphan)
      deps.log.info('an environment that belongs to no pull request was removed', { ...orphan })
    }
    removed += orphans.length
  }
  return removed
}
