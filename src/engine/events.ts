import {
  eventTypes,
  type EventType,
  type NewEvent,
  nameOfActor,
  type StoredEvent,
} from '#contract/event/event.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'

/**
 * The statement that appends an event: put it in the batch with the state that it tells of. Throws
 * for an unknown type.
 */
export function appendEvent(event: NewEvent): Statement {
  const version = (eventTypes as Record<string, string>)[event.type]
  if (version === undefined)
    throw new Error(`"${event.type}" is not an event type; add it to src/contract/event.ts`)
  const { actor = 'fairlead' } = event
  const by = typeof actor === 'string' ? null : actor.by
  return sql`select append_event(${event.type}::text, ${version}::text, ${event.subject}::text, ${event.chain}::text, ${event.app ?? null}::text,
    ${nameOfActor(actor)}::text, ${event.data ?? {}}::jsonb, ${by}::jsonb)`
}

export interface EventFilter {
  app?: string | undefined
  chain?: string | undefined
  type?: EventType | (string & {}) | undefined
  /** in any case */
  actor?: string | undefined
  /** only of these apps; null for all, and for what is of none */
  apps?: string[] | null
}

/**
 * Reads events: oldest first those after an id, or newest first those before one (the newest when
 * neither is given). What is read has no hole: an event that is missing between two that were read
 * will never appear.
 */
export async function readEvents(
  db: Database,
  query: EventFilter & { after?: number | undefined; before?: number | undefined; limit: number },
): Promise<StoredEvent[]> {
  const horizon = await eventHorizon(db)
  const where = [sql`id <= ${horizon}`]
  if (query.app !== undefined) where.push(sql`app = ${query.app}`)
  if (query.chain !== undefined) where.push(sql`chain = ${query.chain}`)
  if (query.type !== undefined) where.push(sql`type = ${query.type}`)
  if (query.actor !== undefined) where.push(sql`lower(actor) = lower(${query.actor})`)
  if (query.apps) where.push(sql`app = any(${query.apps}::text[])`)
  if (query.after !== undefined) where.push(sql`id > ${query.after}`)
  if (query.before !== undefined) where.push(sql`id < ${query.before}`)
  const order = query.after === undefined ? sql`desc` : sql`asc`
  return db.query<StoredEvent>(sql`select id, time, type, version, subject, chain, app, actor, by, data from event
    where ${join(where, ' and ')} order by id ${order} limit ${query.limit}`)
}

/** The id up to which every event is there; what is appended from now on has a higher one. */
export async function eventHorizon(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(sql`select event_horizon() as id`)
  return rows[0]?.id ?? 0
}

/** A lost NOTIFY costs this much, in milliseconds. */
const slowPoll = 5000
const pageSize = 500

/**
 * Every event after an id (from now on when it is left out), in order, without a hole, until the
 * signal aborts.
 */
export async function* followEvents(
  db: Database,
  query: { after?: number | undefined; app?: string | undefined; apps?: string[] | null },
  signal: AbortSignal,
): AsyncIterable<StoredEvent> {
  let news = Promise.withResolvers<void>()
  const wake = (): void => news.resolve()
  const stopListening = await db.listen('fairlead_event', wake)
  signal.addEventListener('abort', wake)
  try {
    let after = query.after ?? (await eventHorizon(db))
    while (!signal.aborted) {
      news = Promise.withResolvers<void>()
      const horizon = await eventHorizon(db)
      const page = await readEvents(db, {
        app: query.app,
        apps: query.apps ?? null,
        after,
        limit: pageSize,
      })
      for (const event of page) {
        if (signal.aborted) return
        yield event
        after = event.id
      }
      if (page.length === pageSize) continue
      // Without a filter the pages tell the position; with one, the horizon keeps the next search
      // short.
      after = Math.max(after, horizon)
      const timer = setTimeout(wake, slowPoll)
      if (!signal.aborted) await news.promise
      clearTimeout(timer)
    }
  } finally {
    signal.removeEventListener('abort', wake)
    await stopListening()
  }
}
