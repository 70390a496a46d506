import { inflateRawSync } from 'node:zlib'
import { errorDetails, type DroppedEvents, type ErrorEvent } from '#contract/error/error.ts'
import { type OutputPlaces, outputPlaces } from '#contract/host/output.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export async function getAppOfError(db: Database, error: number): Promise<string | null> {
  const rows = await db.query<{ app: string }>(sql`select app from error where id = ${error}`)
  return rows[0]?.app ?? null
}

/** Who resolved an error; both are null when it is not resolved. */
export async function getResolution(
  db: Database,
  error: number,
): Promise<{ resolved: string | null; resolvedBy: string | null }> {
  const rows = await db.query<{ resolved: string | null; resolvedBy: string | null }>(
    sql`select case when state = 'resolved' then resolved end as resolved,
        case when state = 'resolved' then resolved_by end as "resolvedBy"
      from error where id = ${error}`,
  )
  return rows[0] ?? { resolved: null, resolvedBy: null }
}

/** With `nextRelease`, the events of the releases so far do not open it again. */
export const resolveError = (error: number, by: string, nextRelease: boolean): Statement =>
  sql`update error set state = 'resolved', resolved = now(), resolved_by = ${by},
      regressed = null, resolved_release = case when ${nextRelease} then (select max(last_release)
        from error_environment where error = ${error}) end
    where id = ${error}`

export const ignoreError = (error: number): Statement =>
  sql`update error set state = 'ignored' where id = ${error}`

export const reopenError = (error: number): Statement =>
  sql`update error set state = 'open', resolved = null, resolved_by = null,
    resolved_release = null where id = ${error}`

/** The newest event whose details are kept. */
export async function newestEvent(db: Database, error: number): Promise<ErrorEvent | null> {
  const rows = await db.query<Omit<ErrorEvent, 'details'> & { details: Buffer }>(
    sql`select id, time, environment, release, service, source, details from error_event
      where error = ${error} order by id desc limit 1`,
  )
  const [row] = rows
  if (!row) return null
  const details = errorDetails.parse(JSON.parse(inflateRawSync(row.details).toString()))
  return { ...row, details }
}

/** Events of each of the last 30 days, oldest first. */
export async function countDays(db: Database, error: number): Promise<number[]> {
  const rows = await db.query<{ n: number }>(sql`
    select coalesce(sum(c.count), 0)::int as n
    from generate_series(date_trunc('day', now()) - interval '29 days', date_trunc('day', now()),
      interval '1 day') as d
      left join error_count c on c.error = ${error} and c.hour >= d
        and c.hour < d + interval '1 day'
    group by d order by d`)
  return rows.map(({ n }) => n)
}

/** What was not recorded in the last 24 hours. `apps` limits it; null for all. */
export const listDropped = (
  db: Database,
  { app, apps }: { app?: string | undefined; apps: string[] | null },
): Promise<DroppedEvents[]> =>
  db.query<DroppedEvents>(sql`select app, reason, sum(count)::int as count from error_dropped
    where hour > now() - interval '24 hours'
      and (${app ?? null}::text is null or app = ${app ?? null}::text)
      and (${apps}::text[] is null or app = any(${apps}::text[]))
    group by app, reason order by app, reason`)

export async function getPlaces(db: Database, host: string): Promise<OutputPlaces> {
  const rows = await db.query<{ places: unknown }>(
    sql`select places from error_position where host = ${host}`,
  )
  return outputPlaces.parse(rows[0]?.places ?? {})
}

export const setPlaces = (host: string, places: OutputPlaces): Statement =>
  sql`insert into error_position (host, places) values (${host}, ${places}::jsonb)
    on conflict (host) do update set places = excluded.places`

export interface StoredKey {
  app: string
  project: number
  key: string
  created: string
}

const keyColumns = sql`app, project, key, created`

export async function getKey(db: Database, app: string): Promise<StoredKey | null> {
  const rows = await db.query<StoredKey>(
    sql`select ${keyColumns} from error_key where app = ${app}`,
  )
  return rows[0] ?? null
}

export async function findKey(db: Database, project: number): Promise<StoredKey | null> {
  const rows = await db.query<StoredKey>(
    sql`select ${keyColumns} from error_key where project = ${project}`,
  )
  return rows[0] ?? null
}

/** A key is no secret: pages contain it. It only tells the events of apps apart. */
const newKey = sql`replace(gen_random_uuid()::text, '-', '')`

/** Creates the key of an app; keeps one that exists. */
export const createKey = (app: string): Statement =>
  sql`insert into error_key (app, key) values (${app}, ${newKey}) on conflict (app) do nothing`

export const replaceKey = (app: string): Statement =>
  sql`insert into error_key (app, key) values (${app}, ${newKey})
    on conflict (app) do update set key = excluded.key, created = now()`

export const deleteErrorsOf = (app: string): Statement[] => [
  sql`delete from error where app = ${app}`,
  sql`delete from error_key where app = ${app}`,
  sql`delete from error_dropped where app = ${app}`,
]

/** Days for which events are counted, and for which an error that is not seen any more is kept. */
const keptDays = { counts: 90, errors: 400 }
/** Errors of an app; beyond them, those that were not seen for the longest time are deleted. */
const mostErrors = 5000

/** Keeps errors within their limits; `budget` is the bytes that details may take. */
export const deleteOldErrors = (budget: number): Statement[] => [
  sql`delete from error_count where hour < now() - ${keptDays.counts} * interval '1 day'`,
  sql`delete from error_dropped where hour < now() - interval '7 days'`,
  sql`delete from error where last_seen < now() - ${keptDays.errors} * interval '1 day'`,
  sql`delete from error where id in (select id from (select id, row_number()
      over (partition by app order by last_seen desc) as place from error) e
    where e.place > ${mostErrors})`,
  sql`delete from error_event where id in (select id from (select id,
      sum(length(details) + 120) over (order by id desc) as used from error_event) e
    where e.used > ${budget})`,
]
