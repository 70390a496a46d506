import { nameOfActor, type StoredEvent } from '#contract/event/event.ts'
import { eventOf, type EventType, type NewEvent } from '#contract/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'
import type { z } from 'zod'

/**
 * The statement that appends an event. Put it into the batch that writes the state which the event
 * reports. Throws when the type is not declared or the data does not fit its declaration.
 */
export function appendEvent(event: NewEvent): Statement {
  const { type, subject, chain, app, data = {}, actor = 'fairlead' } = event
  const definition = eventOf(type)
  if (definition === null)
    throw new Error(`Event type "${type}" is not declared; declare it in src/contract/*/events.ts`)
  const { error } = definition.data.safeParse(data)
  if (error) throw new Error(`Event "${type}" was refused: ${problemsOf(error)}`)
  const by = typeof actor === 'string' ? null : actor.by
  return sql`select append_event(${type}::text, ${definition.version}::text, ${subject}::text,
    ${chain}::text, ${app ?? null}::text, ${nameOfActor(actor)}::text, ${data}::jsonb,
    ${by}::jsonb)`
}

/**
 * The statement that changes rows and appends an event for each of them. `cause` is an `insert`,
 * `update` or `delete` that returns `subject`, `chain`, `app` and `data`; `actor` is an expression
 * over what it returns.
 */
export function appendEventForEach(
  type: EventType,
  cause: Statement,
  actor = sql`'fairlead'`,
): Statement {
  return sql`with cause as (${cause})
    select append_event(${type}::text, ${eventOf(type)?.version}::text, subject, chain, app,
      ${actor}, data, null::jsonb) from cause`
}

const problemsOf = ({ issues }: z.ZodError): string =>
  issues.map(({ path, message }) => `${['data', ...path].join('.')}: ${message}`).join('; ')

export interface EventFilter {
  app?: string | undefined
  chain?: string | undefined
  subject?: string | undefined
  type?: EventType | (string & {}) | undefined
  /** matched without regard to case */
  actor?: string | undefined
  /** part of the type, the subject, the actor or the data, without regard to case */
  text?: string | undefined
  /** ISO 8601; `since` is included, `until` is not */
  since?: string | undefined
  until?: string | undefined
  /** only events of these apps; null for all events, including those without an app */
  apps?: string[] | null
}

/**
 * Reads events: with `after`, the oldest events after that id, oldest first; otherwise the newest
 * events, or those before the id `before`, newest first. The result is complete: no event can
 * appear later between two events of it.
 */
export async function readEvents(
  db: Database,
  query: EventFilter & { after?: number | undefined; before?: number | undefined; limit: number },
): Promise<StoredEvent[]> {
  const horizon = await eventHorizon(db)
  const where = [sql`id <= ${horizon}`]
  if (query.app !== undefined) where.push(sql`app = ${query.app}`)
  if (query.chain !== undefined) where.push(sql`chain = ${query.chain}`)
  if (query.subject !== undefined) where.push(sql`subject = ${query.subject}`)
  if (query.type !== undefined) where.push(sql`type = ${query.type}`)
  if (query.actor !== undefined) where.push(sql`lower(actor) = lower(${query.actor})`)
  if (query.text !== undefined) {
    const pattern = `%${query.text.replace(/[\\%_]/g, '\\$&')}%`
    where.push(sql`concat_ws(' ', type, subject, actor, data::text) ilike ${pattern}`)
  }
  if (query.since !== undefined) where.push(sql`time >= ${query.since}::timestamptz`)
  if (query.until !== undefined) where.push(sql`time < ${query.until}::timestamptz`)
  if (query.apps) where.push(sql`app = any(${query.apps}::text[])`)
  if (query.after !== undefined) where.push(sql`id > ${query.after}`)
  if (query.before !== undefined) where.push(sql`id < ${query.before}`)
  const order = query.after === undefined ? sql`desc` : sql`asc`
  return db.query<StoredEvent>(sql`
    select id, time, type, version, subject, chain, app, actor, by, data from event
    where ${join(where, ' and ')} order by id ${order} limit ${query.limit}`)
}

/** The highest id below which no event can appear any more; new events have a higher one. */
export async function eventHorizon(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(sql`select event_horizon() as id`)
  return rows[0]?.id ?? 0
}

/** How often a follower polls in case a NOTIFY is lost, in milliseconds. */
const pollMs = 5000
const pageSize = 500

/**
 * Yields every event after an id, or every new event when the id is left out, in order and without
 * gaps, until the signal aborts.
 */
export async function* followEvents(
  db: Database,
  query: { after?: number | undefined; app?: string | undefined; apps?: string[] | null },
  signal: AbortSignal,
): AsyncIterable<StoredEvent> {
  let appended = Promise.withResolvers<void>()
  const wake = (): void => appended.resolve()
  const stopListening = await db.listen('fairlead_event', wake)
  signal.addEventListener('abort', wake)
  try {
    let after = query.after ?? (await eventHorizon(db))
    while (!signal.aborted) {
      appended = Promise.withResolvers<void>()
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
      // With a filter the last page may end far below the horizon; the next query starts at it.
      after = Math.max(after, horizon)
      const timer = setTimeout(wake, pollMs)
      if (!signal.aborted) await appended.promise
      clearTimeout(timer)
    }
  } finally {
    signal.removeEventListener('abort', wake)
    await stopListening()
  }
}
