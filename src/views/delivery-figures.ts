import type { DeliveryFigures } from '#contract/home/home.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

const milliseconds = (span: Statement): Statement => sql`(extract(epoch from ${span}) * 1000)`
const median = (value: Statement, condition: Statement): Statement => sql`
  (percentile_cont(0.5) within group (order by ${value}) filter (where ${condition}))::float8`

/**
 * Four of DORA's metrics (https://dora.dev/guides/dora-metrics/) of the deliveries to production,
 * the last environment of each app, for a period of days and for the same number of days before. A
 * change counts at the time it got all traffic, or, when it was rolled back as a canary, when that
 * ended.
 */
export async function deliveryFigures(
  db: Database,
  apps: string[],
  days: number,
): Promise<{ now: DeliveryFigures; before: DeliveryFigures }> {
  const rows = await db.query<DeliveryFigures & { isNow: boolean }>(sql`
    with production as (
      select distinct on (app) app, name from environment
      where pull_request is null and is_in_file and app = any(${apps}::text[])
      order by app, position desc, name desc),
    delivered as (
      select d.state, d.live, d.ended, coalesce(d.live, d.started) as since, c.received,
        coalesce(d.live, d.ended) > now() - make_interval(days => ${days}) as is_now
      from production p
        join deployment d on d.app = p.app and d.environment = p.name
        join release r on r.id = d.release join change c on c.app = d.app and c.sha = r.sha
      where d.kind = 'delivery' and (d.live is not null or d.state = 'rolled_back')
        and coalesce(d.live, d.ended) > now() - make_interval(days => ${days * 2}))
    select is_now as "isNow", count(*) filter (where live is not null)::int as deployments,
      ${median(milliseconds(sql`live - received`), sql`live is not null`)} as "leadTimeMs",
      count(*) filter (where state = 'rolled_back')::int as failed,
      ${median(milliseconds(sql`ended - since`), sql`state = 'rolled_back'`)} as "recoveryMs"
    from delivered group by is_now`)
  const of = (isNow: boolean): DeliveryFigures => {
    const { isNow: _, ...figures } = rows.find((row) => row.isNow === isNow) ?? none
    return figures
  }
  return { now: of(true), before: of(false) }
}

const none = { isNow: false, deployments: 0, leadTimeMs: null, failed: 0, recoveryMs: null }
