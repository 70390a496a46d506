import type { CountedDeployment, DeliveryFigures } from '#contract/home/home.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

const milliseconds = (span: Statement): Statement =>
  sql`(extract(epoch from ${span}) * 1000)::float8`
const median = (value: Statement): Statement => sql`
  (percentile_cont(0.5) within group (order by ${value}))::float8`

/**
 * What an incident says of its cause: the change that a person confirmed, else the deployment that
 * explains it, unless a person said that it was none of the changes. A merged incident says nothing
 * of its own.
 */
const incidentCauses = sql`
  select i.id as incident, i.app, coalesce(i.onset_from, i.detected) as since,
    coalesce(least(i.mitigated, i.over), i.closed) as until,
    case when c.id is not null then case when c.kind = 'delivery' then c.ref::bigint end
      when said.cause = '' then null else i.deployment end as deployment
  from incident i
    left join incident_change c on c.incident = i.id and c.confirmed_by is not null
    left join lateral (select e.data->>'cause' as cause from event e
      where e.type = 'dev.cdeventsx.fairlead-incident.changed' and e.subject = 'incident/' || i.id
        and e.data->>'cause' is not null order by e.id desc limit 1) as said on true
  where i.merged_into is null`

/**
 * The changes that got traffic of production, the last environment of each app, in the last days. A
 * change counts at the time it got all traffic, or, when it was rolled back as a canary, when that
 * ended.
 */
const counted = (apps: string[], days: number): Statement => sql`
  with production as (
      select distinct on (app) app, name from environment
      where pull_request is null and is_in_file and app = any(${apps}::text[])
      order by app, position desc, name desc),
    cause as (${incidentCauses}),
    delivered as (
      select d.*, coalesce(d.live, d.ended) as at, d.state = 'rolled_back' as is_rolled_back,
        c.sha, c.subject, c.received
      from production p
        join deployment d on d.app = p.app and d.environment = p.name
        join release r on r.id = d.release join change c on c.app = d.app and c.sha = r.sha
      where d.kind = 'delivery' and (d.live is not null or d.state = 'rolled_back')
        and coalesce(d.live, d.ended) > now() - make_interval(days => ${days})),
    named as (
      select cause.deployment, json_agg(json_build_object('id', cause.incident, 'app', cause.app)
          order by cause.incident) as incidents, bool_or(cause.until is null) as goes_on,
        max(${milliseconds(sql`cause.until - cause.since`)}) as recovery
      from cause join delivered d on d.id = cause.deployment group by cause.deployment),
    counted as (
      select d.*, coalesce(n.incidents, '[]') as incidents,
        d.is_rolled_back or n.deployment is not null as is_failed,
        case when d.live is not null then ${milliseconds(sql`d.live - d.received`)} end as lead,
        case when n.goes_on then null when n.deployment is not null then greatest(n.recovery, 0)
          when d.is_rolled_back
          then ${milliseconds(sql`d.ended - coalesce(d.live, d.started)`)} end as recovery
      from delivered d left join named n on n.deployment = d.id)`

/**
 * DORA's metrics (https://dora.dev/guides/dora-metrics/) of the deliveries to production, for a
 * period of days and for the same number of days before.
 */
export async function deliveryFigures(
  db: Database,
  apps: string[],
  days: number,
): Promise<{ now: DeliveryFigures; before: DeliveryFigures }> {
  const rows = await db.query<DeliveryFigures & { isNow: boolean }>(sql`
    ${counted(apps, days * 2)}
    select at > now() - make_interval(days => ${days}) as "isNow",
      count(live)::int as deployments, ${median(sql`lead`)} as "leadTimeMs",
      count(*) filter (where is_failed)::int as failed,
      avg(is_failed::int)::float8 as "failureRate", ${median(sql`recovery`)} as "recoveryMs"
    from counted group by "isNow"`)
  const of = (isNow: boolean): DeliveryFigures => {
    const { isNow: _, ...figures } = rows.find((row) => row.isNow === isNow) ?? none
    return figures
  }
  return { now: of(true), before: of(false) }
}

const none = {
  ...{ isNow: false, deployments: 0, leadTimeMs: null },
  ...{ failed: 0, failureRate: null, recoveryMs: null },
}

/** The incidents of a counted deployment, with their apps, which the caller may not all see. */
export type Counted = Omit<CountedDeployment, 'incidents'> & {
  incidents: { id: number; app: string | null }[]
}

/** The deployments that the figures of the last days count, newest first. */
export const countedDeployments = (
  db: Database,
  apps: string[],
  {
    days,
    failed,
    before,
    limit,
  }: {
    days: number
    failed?: boolean | undefined
    before?: number | undefined
    limit: number
  },
): Promise<Counted[]> =>
  db.query<Counted>(sql`
    ${counted(apps, days)}
    select id, app, environment, run, sha, subject, at, lead as "leadTimeMs",
      is_failed as "isFailed", is_rolled_back as "isRolledBack", incidents,
      recovery as "recoveryMs"
    from counted where (is_failed or not ${failed ?? false})
      and (${before ?? null}::bigint is null or id < ${before ?? null}::bigint)
    order by id desc limit ${limit}`)
