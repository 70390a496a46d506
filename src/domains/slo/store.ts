import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import { type Indicator, indicatorText, type MinuteCounts } from './count.ts'

/** How far the seconds of a host were counted; null before the first. */
export interface Position {
  run: string
  next: number
}

export async function getPosition(db: Database, host: string): Promise<Position | null> {
  const [found] = await db.query<Position>(
    sql`select run, next from slo_position where host = ${host}`,
  )
  return found ?? null
}

/** Seconds of the two resolutions, and for how many days they are kept. */
const steps = [
  { step: 60, days: 1 },
  { step: 3600, days: 32 },
] as const

/**
 * Adds counts, unless another server has counted these seconds since `before` was read. Counts
 * older than their resolution is kept for are deleted.
 */
export function addCounts(
  host: string,
  { before, after }: { before: Position | null; after: Position },
  counts: MinuteCounts[],
): Statement[] {
  const rows = counts.map(({ app, environment, at, requests, bad, ...one }) => ({
    ...{ app, environment, indicator: indicatorText(one), at, requests, bad },
  }))
  const { run, next } = before ?? { run: '', next: 0 }
  const isNext = sql`(host, run, next) = (${host}::text, ${run}::text, ${next}::int)`
  return [
    sql`insert into slo_position (host, run, next) values (${host}, '', 0) on conflict do nothing`,
    sql`select from slo_position where host = ${host} for update`,
    ...steps.map(
      ({ step }) => sql`insert into slo_count (app, environment, indicator, step, start, requests,
          bad)
        select c.app, c.environment, c.indicator, ${step}::int,
          to_timestamp(floor(c.at / 1000 / ${step}::float8) * ${step}::float8),
          sum(c.requests), sum(c.bad)
        from json_to_recordset(${JSON.stringify(rows)}::json) as c(app text, environment text,
          indicator text, at float8, requests float8, bad float8)
        where exists (select from slo_position where ${isNext})
        group by 1, 2, 3, 5
        on conflict (app, environment, indicator, step, start) do update set
          requests = slo_count.requests + excluded.requests, bad = slo_count.bad + excluded.bad`,
    ),
    ...steps.map(
      ({ step, days }) => sql`delete from slo_count where step = ${step}
        and start < now() - ${days} * interval '1 day'`,
    ),
    sql`update slo_position set run = ${after.run}, next = ${after.next} where ${isNext}`,
  ]
}

export interface Counts {
  requests: number
  bad: number
}

/** The counts of an indicator in the last seconds before `now`. */
export type CountsOver = (seconds: number) => Counts

/** Windows up to this many seconds are summed from minutes. */
const fineWindow = 6 * 3600

/** Reads the counts of an indicator; the returned function sums them. */
export async function readCounts(
  db: Database,
  one: Indicator,
  { window, now }: { window: number; now: number },
): Promise<{ over: CountsOver; hours: (Counts & { at: number })[] }> {
  const rows = await db.query<Counts & { step: number; start: string }>(sql`
    select step, start, requests, bad from slo_count
    where app = ${one.app} and environment = ${one.environment}
      and indicator = ${indicatorText(one)}
      and start > ${new Date(now - window).toISOString()}::timestamptz
      and (step = 3600 or start > ${new Date(now - fineWindow * 1000).toISOString()}::timestamptz)
    order by start`)
  const points = rows.map(({ start, ...row }) => ({ ...row, at: Date.parse(start) }))
  const over: CountsOver = (seconds) => {
    const step = seconds <= fineWindow ? 60 : 3600
    const mine = points.filter((point) => point.step === step && point.at > now - seconds * 1000)
    return mine.reduce(
      (sum, { requests, bad }) => ({ requests: sum.requests + requests, bad: sum.bad + bad }),
      { requests: 0, bad: 0 },
    )
  }
  const hours = points.flatMap(({ step, at, requests, bad }) =>
    step === 3600 ? [{ at, requests, bad }] : [],
  )
  return { over, hours }
}
