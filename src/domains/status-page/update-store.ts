import type { PublishedUpdate } from '#contract/status-page/status-page.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { StoredUpdate, Words } from './update.ts'

/** An update as it is stored; times are milliseconds since 1970. */
export interface UpdateRow extends StoredUpdate {
  incident: number
  published: number | null
  /** of a published update: the names of the status pages that show it */
  pages: string[]
}

/** The updates of some incidents, oldest first. */
export const listUpdates = (db: Database, incidents: readonly number[]): Promise<UpdateRow[]> =>
  incidents.length === 0
    ? Promise.resolve([])
    : db.query<UpdateRow>(sql`select id, incident, occurrence, state, phase, title, text, pages,
        (extract(epoch from due) * 1000)::float8 as due,
        (extract(epoch from published) * 1000)::float8 as published,
        (extract(epoch from promised) * 1000)::float8 as promised
      from status_update where incident = any(${[...incidents]}::bigint[])
      order by id`)

const at = (ms: number | null): Statement =>
  sql`${ms === null ? null : new Date(ms).toISOString()}::timestamptz`

/** Stores a draft; fails when there is one. */
export const insertDraft = (
  { incident, occurrence }: Pick<UpdateRow, 'incident' | 'occurrence'>,
  { phase, title, text }: Words,
  due: number | null,
): Statement =>
  sql`insert into status_update (incident, occurrence, state, phase, title, text, author, due)
    values (${incident}, ${occurrence}, 'draft', ${phase}, ${title}, ${text}, 'fairlead',
      ${at(due)})`

export const rewordDraft = (
  id: number,
  { phase, title, text }: Words,
  due: number | null,
): Statement =>
  sql`update status_update set phase = ${phase}, title = ${title}, text = ${text}, due = ${at(due)}
    where id = ${id} and state = 'draft'`

export const dropDraft = (incident: number): Statement =>
  sql`delete from status_update where incident = ${incident} and state = 'draft'`

/** Keeps that a person does not want this draft, so that it is not written again. */
export const discardDraft = (incident: number, by: string): Statement =>
  sql`update status_update set state = 'discarded', due = null, author = ${by}
    where incident = ${incident} and state = 'draft'`

/** Reserves the number of an update that has no draft. */
export async function nextUpdateId(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('status_update', 'id')) as id`,
  )
  return rows[0]?.id ?? 0
}

export interface PublishedBy extends Pick<UpdateRow, 'promised' | 'pages'> {
  author: string
  /** milliseconds since 1970 */
  now: number
}

/**
 * Stores a published update. It takes the number of the draft that it replaces, so it fails when
 * somebody else has published or discarded that draft meanwhile.
 */
export const publish = (
  { id, incident, occurrence }: Pick<UpdateRow, 'id' | 'incident' | 'occurrence'>,
  { phase, title, text }: Words,
  { author, now, promised, pages }: PublishedBy,
): Statement[] => [
  dropDraft(incident),
  sql`insert into status_update (id, incident, occurrence, state, phase, title, text, author,
      published, promised, pages)
    overriding system value values (${id}, ${incident}, ${occurrence}, 'published', ${phase},
      ${title}, ${text}, ${author}, ${at(now)}, ${at(promised)}, ${pages}::text[])`,
]

/**
 * What was published about an incident is about another one now, which goes on; the draft is
 * dropped. What came before an announced end counts as an earlier occurrence.
 */
export const moveUpdates = (
  from: number,
  to: Pick<UpdateRow, 'incident' | 'occurrence'>,
): Statement[] => [
  dropDraft(from),
  sql`update status_update u set incident = ${to.incident},
      occurrence = case when exists (select from status_update r where r.state = 'published'
        and r.incident in (${from}, ${to.incident}) and r.phase = 'resolved' and r.id >= u.id)
      then 0 else ${to.occurrence} end
    where incident = ${from} and state = 'published'`,
]

/** A published update for readers. */
export const publicUpdate = ({
  id,
  phase,
  text,
  published,
  promised,
}: UpdateRow): PublishedUpdate => ({
  ...{ id, phase, text, published: new Date(published ?? 0).toISOString() },
  promised: promised === null ? null : new Date(promised).toISOString(),
})
