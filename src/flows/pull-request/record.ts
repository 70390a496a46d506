import { randomUUID } from 'node:crypto'
import type { ForgePullRequest } from '#contract/pull-request/pull-request.ts'
import type { AnnouncedPullRequest } from '#domains/forge/check-in.ts'
import { forgeOf } from '#domains/forge/registry.ts'
import * as forges from '#domains/forge/store.ts'
import { decideState } from '#domains/pull-request/rules.ts'
import * as pulls from '#domains/pull-request/store.ts'
import { requestSync } from '#domains/pull-request/sync-store.ts'
import type { StoredApp } from '#domains/source/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'

/** The keys of an event on a pull request. */
export const keysOf = (app: string, number: number, chain: string) => ({
  subject: `pull-request/${number}`,
  chain,
  app,
})

const shown = ['title', 'author', 'isDraft', 'branch', 'fork', 'base', 'ref'] as const

/** Stores an open pull request, unless it is stored like this already. */
export async function recordOpen(db: Database, app: string, pull: ForgePullRequest): Promise<void> {
  const stored = await pulls.getPullRequest(db, app, pull.number)
  const isSame =
    stored?.state === 'open' &&
    shown.every((key) => stored[key] === pull[key]) &&
    (pull.url === null || stored.url === pull.url)
  if (isSame) return
  const chain = stored?.chain ?? `c-${randomUUID()}`
  const { number, title, author, branch, base, fork } = pull
  const isAgain = stored !== null && stored.state !== 'open'
  await db.batch([
    pulls.putPullRequest(app, pull, chain),
    appendEvent({
      ...keysOf(app, number, chain),
      type: stored ? 'dev.cdevents.change.updated' : 'dev.cdevents.change.created',
      actor: author,
      data: { pullRequest: number, subject: title, author, branch, base, fork, isAgain },
    }),
  ])
}

/** Stores that a pull request was merged or closed, unless that is stored already. */
export async function recordClosed(
  db: Database,
  app: string,
  number: number,
  { state, reason }: { state: 'merged' | 'closed'; reason: string },
): Promise<void> {
  const stored = await pulls.getPullRequest(db, app, number)
  if (stored?.state !== 'open') return
  const { title, author, chain } = stored
  await db.batch([
    pulls.closePullRequest(app, number, state, reason),
    appendEvent({
      ...keysOf(app, number, chain),
      type: state === 'merged' ? 'dev.cdevents.change.merged' : 'dev.cdevents.change.abandoned',
      actor: author,
      data: { pullRequest: number, subject: title, author, reason },
    }),
  ])
}

/** Stores what the forge reports of a pull request; null when it no longer exists there. */
export async function recordReported(
  db: Database,
  app: Pick<StoredApp, 'name' | 'branch'>,
  number: number,
  reported: ForgePullRequest | null,
): Promise<void> {
  const { state, reason } = decideState(reported, app.branch)
  if (state !== 'open') await recordClosed(db, app.name, number, { state, reason: reason ?? state })
  else if (reported) await recordOpen(db, app.name, reported)
}

/**
 * Handles a pull request that a webhook announced: requests a sync, and, when the app's forge is
 * not connected, stores the announcement, because nothing else reports it.
 */
export async function recordAnnounced(
  db: Database,
  app: StoredApp,
  forge: string,
  announced: AnnouncedPullRequest,
): Promise<void> {
  const ref = forgeOf(forge).pullRequestRef?.(announced)
  if (ref === undefined || app.repository.kind === 'hosted') return
  if (announced.mergedAs)
    await db.query(pulls.setMergedAs(app.name, announced.number, announced.mergedAs))
  if (!(await forges.getForge(db, app.name))) {
    const { number, title, author, state, isDraft = false, head, base } = announced
    const isOwn = head.repository !== null && head.repository === base.repository
    await recordReported(db, app, number, {
      ...{ number, title, author, state, isDraft, ref, url: null },
      ...{ branch: head.branch, base: base.branch },
      fork: isOwn ? null : (head.repository ?? 'a deleted repository'),
    })
  }
  await db.query(requestSync(app.name))
}
