import { setTimeout as sleep } from 'node:timers/promises'
import type { CheckIn } from '#domains/forge/check-in.ts'
import * as webhooks from '#domains/forge/webhook-store.ts'
import { isSeenByWebhook, notePullRequest } from '#flows/pull-request/sync.ts'
import type { Received } from '#domains/source/source.ts'
import type { StoredApp } from '#domains/source/store.ts'
import type { Actor } from '#contract/event/event.ts'
import { appendEvent } from '#engine/events.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'

export interface InboxOptions {
  db: Database
  log: Logger
  source: {
    sync(name: string, actor: Actor, signal?: AbortSignal): Promise<Received>
    listStored(): Promise<StoredApp[]>
  }
  /** milliseconds since 1970 */
  now(): number
  /** apps looked at at once */
  parallel: number
}

/**
 * A repository that does not answer is asked for so long, in milliseconds; the poll goes on asking
 * after that.
 */
const giveUpAfter = 24 * 3_600_000
const longestPause = 60_000
/**
 * Between two rounds, in milliseconds, so that a stream of deliveries is taken up in parts and not
 * one by one.
 */
const gatherMs = 50
/**
 * A delivery that comes within so many seconds of the look that found its change was slow, not
 * lost.
 */
const graceSeconds = 60

/**
 * Takes up what webhooks brought: one look at a repository for all that wait for it. A delivery
 * says only that it is time to look; what is delivered is what is there. Every replica does so,
 * because a look is safe to repeat.
 */
export type Inbox = ReturnType<typeof createInbox>

export function createInbox(options: InboxOptions) {
  const { db, log } = options
  const busy = new Map<string, Promise<void>>()
  const pauses = new Map<string, { until: number; failures: number }>()
  let wake = Promise.withResolvers<void>()

  const look = async (app: StoredApp, all: StoredApp[], signal: AbortSignal): Promise<void> => {
    const pending = await webhooks.pendingOf(db, app.name)
    const proposed = pending.flatMap((one) => {
      const checkIn = pullRequestOf(one)
      return checkIn && app.repository.kind !== 'hosted' && isSeenByWebhook(one.forge)
        ? [{ forge: one.forge, checkIn }]
        : []
    })
    for (const one of [
      app,
      ...all.filter((other) => other.name !== app.name && isSameRepository(other, app)),
    ])
      for (const { forge, checkIn } of proposed) await notePullRequest(db, one, forge, checkIn)
    const ended = pending.flatMap((one) => decideIgnored(one, app) ?? [])
    const waiting = pending.filter(({ number }) => !ended.some((one) => one.number === number))
    if (ended.length > 0) await db.query(webhooks.endDeliveries(ended))
    if (waiting.length === 0) return
    try {
      const received = await options.source.sync(app.name, actorOf(waiting), signal)
      pauses.delete(app.name)
      await db.query(
        webhooks.endDeliveries(waiting.map((one) => decideLooked(one, app.branch, received))),
      )
    } catch (error) {
      if (signal.aborted) return
      const failures = (pauses.get(app.name)?.failures ?? 0) + 1
      const pause = Math.min(1000 * 2 ** failures, longestPause)
      pauses.set(app.name, { until: options.now() + pause, failures })
      const outcome = (error as Error).message
      await db.query(
        webhooks.endDeliveries(
          waiting.map((one) => ({ ...decideFailed(one, options.now()), outcome, change: null })),
        ),
      )
      return
    }
    // One repository may hold several apps, of which only one has the webhook.
    const others = all.filter((one) => one.name !== app.name && isSameRepository(one, app))
    for (const other of others)
      await options.source
        .sync(other.name, actorOf(waiting), signal)
        .catch((error: Error) =>
          log.warn('a repository cannot be read', { app: other.name, error: error.message }),
        )
  }

  const round = async (signal: AbortSignal): Promise<void> => {
    const names = await webhooks.appsWithPending(db)
    if (names.length === 0) return
    const all = await options.source.listStored()
    for (const name of names) {
      const app = all.find((one) => one.name === name)
      const isPaused = (pauses.get(name)?.until ?? 0) > options.now()
      if (!app || busy.has(name) || isPaused || busy.size >= options.parallel) continue
      const one = look(app, all, signal)
        .catch((error: Error) =>
          log.warn('what a webhook brought could not be taken up', {
            app: name,
            error: error.message,
          }),
        )
        .finally(() => {
          busy.delete(name)
          wake.resolve()
        })
      busy.set(name, one)
    }
  }

  return {
    /** Something was stored. */
    onStored: (): void => wake.resolve(),
    /** Ends when the signal aborts and nothing is under way any more. */
    run: async (signal: AbortSignal): Promise<void> => {
      while (!signal.aborted) {
        wake = Promise.withResolvers()
        try {
          await round(signal)
          await tellGaps(db, log)
        } catch (error) {
          if (!signal.aborted)
            log.warn('the inbox could not be read', { error: (error as Error).message })
        }
        await sleep(gatherMs, undefined, { signal }).catch(() => undefined)
        await Promise.race([
          wake.promise,
          sleep(1000, undefined, { signal }).catch(() => undefined),
        ])
      }
      await Promise.all(busy.values())
    },
  }
}

/** Who brought what is looked for: the forge, on behalf of who pushed last there, as it says. */
export function actorOf(waiting: webhooks.PendingDelivery[]): Actor {
  const [first] = waiting
  if (!first) return 'fairlead'
  const pushes = waiting.flatMap(({ checkIns }) => checkIns).filter((one) => one.kind === 'push')
  const by = pushes.findLast((one) => one.by !== undefined)?.by
  const { address } = waiting.at(-1) ?? first
  return {
    name: first.forge,
    by: { credential: 'webhook', address, ...(by === undefined ? {} : { onBehalfOf: by }) },
  }
}

/** What needs no look at the repository; null when it does. */
export function decideIgnored(
  one: webhooks.PendingDelivery,
  { branch, repository }: Pick<StoredApp, 'branch' | 'repository'>,
): webhooks.Ended | null {
  if (one.checkIns.some((checkIn) => isOfBranch(checkIn, branch))) return null
  const [first] = one.checkIns
  const end = (state: 'done' | 'ignored', outcome: string): webhooks.Ended => ({
    number: one.number,
    state,
    outcome,
    change: null,
  })
  if (first?.kind === 'ping') return end('done', 'the forge tried whether it is heard, and it is')
  if (first?.kind === 'push') return end('ignored', `not of ${branch}, which is delivered`)
  const pull = pullRequestOf(one)
  if (pull !== null) {
    if (repository.kind === 'hosted')
      return end('ignored', 'a repository that is hosted here has no pull requests')
    if (!isSeenByWebhook(one.forge))
      return end('ignored', 'nobody knows where this sender keeps heads of pull requests')
    const said = `pull request ${pull.number} is ${pull.state}`
    if (pull.base.branch !== branch)
      return end('ignored', `${said}, and for ${pull.base.branch}, which is not delivered`)
    return end('done', `${said}, and is looked at`)
  }
  return end(
    'ignored',
    first?.kind === 'other' ? `${first.what} is no check-in` : 'it holds no check-in',
  )
}

const pullRequestOf = (one: webhooks.PendingDelivery) =>
  one.checkIns.find((checkIn) => checkIn.kind === 'pull_request') ?? null

/** What a look made of a delivery that waited for it. */
export function decideLooked(
  one: webhooks.PendingDelivery,
  branch: string,
  { decision }: Pick<Received, 'decision'>,
): webhooks.Ended {
  const pushed = one.checkIns.find(
    (checkIn) => checkIn.kind === 'push' && isOfBranch(checkIn, branch),
  )
  const after = pushed?.kind === 'push' ? pushed.after : null
  const change = 'sha' in decision ? decision.sha : null
  const outcome = (): string => {
    if (decision.kind === 'branch_deleted') return `${branch} is deleted; what runs stays as it is`
    if (change === null) return `${branch} has no commit`
    if (after !== null && after !== change)
      return `${branch} is at another commit by now, which stands for it`
    return decision.kind === 'new_change' ? 'a new change' : 'known already'
  }
  return { number: one.number, state: 'done', outcome: outcome(), change }
}

/** The repository did not answer. */
export function decideFailed(
  one: webhooks.PendingDelivery,
  now: number,
): Pick<webhooks.Ended, 'number' | 'state'> {
  const isOver = now - new Date(one.received).getTime() > giveUpAfter
  return { number: one.number, state: isOver ? 'failed' : 'pending' }
}

const isOfBranch = (checkIn: CheckIn, branch: string): boolean =>
  checkIn.kind === 'push' &&
  (checkIn.ref === `refs/heads/${branch}` || checkIn.ref === 'refs/heads')

const isSameRepository = (one: StoredApp, other: StoredApp): boolean =>
  one.repository.kind !== 'hosted' &&
  JSON.stringify(one.repository) === JSON.stringify(other.repository)

/** Says of changes that no delivery told of that it was so, once. */
async function tellGaps(db: Database, log: Logger): Promise<void> {
  for (const gap of await webhooks.untoldGaps(db, graceSeconds)) {
    const isMine = (await db.query(webhooks.tellGap(gap.number))).length > 0
    if (!isMine || gap.arrived !== null) continue
    const late =
      gap.looked === null ? null : (Date.parse(gap.found) - Date.parse(gap.looked)) / 1000
    log.warn('a webhook did not come', {
      app: gap.app,
      change: gap.change,
      lateAtMostSeconds: late,
    })
    await db.batch([
      appendEvent({
        type: 'dev.cdeventsx.fairlead-webhook.missed',
        subject: `change/${gap.change}`,
        chain: `app/${gap.app}`,
        app: gap.app,
        data: { lateAtMostSeconds: late },
      }),
    ])
  }
}
