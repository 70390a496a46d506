import * as webhooks from '#domains/forge/webhook-store.ts'
import type { Push } from '#domains/source/push.ts'
import type { Received } from '#domains/source/receive.ts'
import type { StoredApp } from '#domains/source/store.ts'
import type { Actor } from '#contract/event/event.ts'
import { every, rows } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import { recordAnnounced } from '#flows/pull-request/record.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import {
  actorOf,
  decideAfterFailure,
  decideAfterSync,
  decideWithoutSync,
  isSameRepository,
  pullRequestOf,
  pushesOf,
} from './decide.ts'

export interface InboxOptions {
  db: Database
  log: Logger
  source: {
    sync(
      name: string,
      actor: Actor,
      options: { signal: AbortSignal; pushes: Push[] },
    ): Promise<Received>
    listStored(): Promise<StoredApp[]>
  }
  /** milliseconds since 1970 */
  now(): number
  /** apps processed at the same time */
  parallel: number
  /** milliseconds between two checks for pending deliveries */
  interval: number
}

/** Longest pause between two tries of a repository that cannot be read, in milliseconds. */
const maxPause = 60_000

/**
 * Processes stored deliveries: one sync of a repository for all deliveries that wait for it. A
 * delivery only triggers the sync; what is delivered is what the repository contains. Every replica
 * runs this job, because a sync is safe to repeat. Wake it when a delivery was stored.
 */
export const webhookInbox = (options: InboxOptions): BackgroundJob =>
  every<string>({
    ...{ name: 'process-webhook-deliveries', interval: options.interval, maxPause },
    claim: rows({
      parallel: options.parallel,
      key: (app) => app,
      take: async ({ count, except }) => {
        const apps = await webhooks.appsWithPendingDeliveries(options.db)
        return apps.filter((app) => !except.has(app)).slice(0, count)
      },
    }),
    run: async ({ item, signal }) => {
      const apps = await options.source.listStored()
      const app = apps.find(({ name }) => name === item)
      if (app) await processDeliveries(options, app, apps, signal)
    },
  })

/** Throws when the repository cannot be read, so that the job pauses before the next try. */
async function processDeliveries(
  options: InboxOptions,
  app: StoredApp,
  apps: StoredApp[],
  signal: AbortSignal,
): Promise<void> {
  const { db, source } = options
  // Several apps may share a repository of which only one has the webhook.
  const others = apps.filter((one) => one.name !== app.name && isSameRepository(one, app))
  const pending = await webhooks.listPendingDeliveries(db, app.name)
  const ended = pending.flatMap((one) => decideWithoutSync(one, app) ?? [])
  await recordPullRequests(db, [app, ...others], pending, ended)
  if (ended.length > 0) await db.query(webhooks.endDeliveries(ended))
  const waiting = pending.filter(({ number }) => !ended.some((one) => one.number === number))
  if (waiting.length === 0) return
  const actor = actorOf(waiting)
  const pushes = pushesOf(waiting)
  try {
    const received = await source.sync(app.name, actor, { signal, pushes })
    const results = waiting.map((one) => decideAfterSync(one, app.branch, received))
    await db.query(webhooks.endDeliveries(results))
  } catch (error) {
    if (signal.aborted) return
    const { message } = error as Error
    const results = waiting.map((one) => decideAfterFailure(one, options.now(), message))
    await db.query(webhooks.endDeliveries(results))
    throw error
  }
  for (const other of others)
    await source
      .sync(other.name, actor, { signal, pushes })
      .catch((error: Error) =>
        options.log.warn('a repository cannot be read', { app: other.name, error: error.message }),
      )
}

/** Stores what the deliveries announce of pull requests, for every app of the repository. */
async function recordPullRequests(
  db: Database,
  apps: StoredApp[],
  pending: webhooks.PendingDelivery[],
  ended: webhooks.DeliveryResult[],
): Promise<void> {
  const isFailed = ({ number }: webhooks.PendingDelivery): boolean =>
    ended.some((result) => result.number === number && result.state === 'failed')
  for (const delivery of pending) {
    const pull = pullRequestOf(delivery)
    if (pull === null || isFailed(delivery)) continue
    for (const app of apps) await recordAnnounced(db, app, delivery.forge, pull)
  }
}
