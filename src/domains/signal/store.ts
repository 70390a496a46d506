import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'
import { keyText, type SeriesKey } from './samples.ts'

/** How far the seconds of a host were stored; null before the first. */
export interface Position {
  run: string
  next: number
}

export async function getPosition(db: Database, host: string): Promise<Position | null> {
  const rows = await db.query<Position>(
    sql`select run, next from signal_position where host = ${host}`,
  )
  return rows[0] ?? null
}

/** Fails, with everything in its batch, when the position is not that of `before` any more. */
export const setPosition = (
  host: string,
  { run, next }: Position,
  before: Position | null,
): Statement =>
  sql`insert into signal_position as p (host, run, next) values (${host}, ${run}, ${next})
    on conflict (host) do update set run = excluded.run,
      next = case when p.run = ${before?.run ?? null}::text
        and p.next = ${before?.next ?? null}::int then excluded.next end`

const columns = sql`id, app, environment, service, release, instance, name, labels, unit`

/** The ids of series by `keyText`; creates those that are missing. */
export async function seriesIds(
  db: Database,
  keys: (SeriesKey & { unit?: string })[],
): Promise<Map<string, number>> {
  if (keys.length === 0) return new Map()
  const wanted = sql`select * from json_to_recordset(${JSON.stringify(keys)}::json)
    as t(app text, environment text, service text, release bigint, instance int, name text,
      labels text, unit text)`
  const [, rows = []] = await db.batch([
    sql`insert into signal (app, environment, service, release, instance, name, labels, unit)
      select w.app, w.environment, w.service, w.release, w.instance, w.name, w.labels,
        coalesce(w.unit, '') from (${wanted}) w
      on conflict do nothing`,
    sql`select s.id, s.app, s.environment, s.service, s.release, s.instance, s.name, s.labels
      from (${wanted}) w join signal s on (s.app, s.environment, s.service, s.release,
        s.instance, s.name, s.labels) is not distinct from (w.app, w.environment, w.service,
        w.release, w.instance, w.name, w.labels)`,
  ])
  return new Map(
    (rows as unknown as (SeriesKey & { id: number })[]).map((row) => [keyText(row), row.id]),
  )
}

export interface StoredBlock {
  signal: number
  step: number
  /** ISO 8601 */
  start: string
  values: Buffer
}

/** The blocks with the given starts, in milliseconds. */
export async function readBlocks(
  db: Database,
  wanted: { signals: number[]; step: number; starts: number[] },
): Promise<StoredBlock[]> {
  if (wanted.signals.length === 0 || wanted.starts.length === 0) return []
  return db.query<StoredBlock>(sql`select signal, step, start, "values" from signal_block
    where signal = any(${wanted.signals}::bigint[]) and step = ${wanted.step}
      and start = any(${wanted.starts.map((at) => new Date(at).toISOString())}::timestamptz[])`)
}

export function writeBlocks(blocks: StoredBlock[]): Statement[] {
  if (blocks.length === 0) return []
  const rows = blocks.map(
    ({ signal, step, start, values }) =>
      sql`(${signal}::bigint, ${step}::int, ${start}::timestamptz, ${values}::bytea)`,
  )
  return [
    sql`insert into signal_block (signal, step, start, "values") values ${join(rows, ', ')}
      on conflict (signal, step, start) do update set "values" = excluded."values"`,
  ]
}

/** Deletes what was measured of an app. */
export const deleteSeriesOf = (app: string): Statement => sql`delete from signal where app = ${app}`

export interface SeriesFilter {
  /** null for the machine */
  app: string | null
  environment?: string | undefined
  service?: string | undefined
  names: string[]
  /** metrics of the app instead of signals */
  isMetric?: boolean
}

export interface StoredSeries extends SeriesKey {
  id: number
  unit: string
}

export async function listSeries(
  db: Database,
  { app, environment, service, names, isMetric = false }: SeriesFilter,
): Promise<StoredSeries[]> {
  const where = [
    sql`app is not distinct from ${app}::text`,
    sql`name = any(${names}::text[])`,
    sql`(labels is not null) = ${isMetric}`,
  ]
  if (environment !== undefined) where.push(sql`environment = ${environment}`)
  if (service !== undefined) where.push(sql`service = ${service}`)
  return db.query(sql`select ${columns} from signal where ${join(where, ' and ')}
    order by environment, service, release, instance, name, labels`)
}

/** The metrics of an app that were measured in the last two days. */
export const listMetricSeries = (db: Database, app: string): Promise<StoredSeries[]> =>
  db.query(sql`select ${columns} from signal s where app = ${app} and labels is not null
      and exists (select from signal_block where signal = s.id and step = 10)
    order by name, labels, environment, service, instance`)

/** Number of series, and bytes of their values with the overhead of a row. */
export async function storageUsed(db: Database): Promise<{ series: number; bytes: number }> {
  const rows = await db.query<{ series: number; bytes: number }>(sql`
    select (select count(*) from signal) as series,
      coalesce(sum(pg_column_size("values") + 60), 0)::bigint as bytes from signal_block`)
  return rows[0] ?? { series: 0, bytes: 0 }
}

/**
 * Deletes what is older than its resolution is kept for, and the oldest fine values beyond the
 * budget of disk space.
 */
export const deleteOld = (
  kept: readonly { step: number; days: number }[],
  budget: number,
): Statement[] => [
  ...kept.map(
    ({ step, days }) => sql`delete from signal_block where step = ${step}
      and start < now() - ${days} * interval '1 day' - ${step * 360} * interval '1 second'`,
  ),
  sql`delete from signal_block b using (
      select signal, step, start, sum(pg_column_size("values") + 60)
        over (order by step desc, start desc, signal) as total from signal_block
    ) sized where sized.total > ${budget} and b.signal = sized.signal and b.step = sized.step
      and b.start = sized.start`,
  sql`delete from signal s where not exists (select from signal_block where signal = s.id)`,
]
