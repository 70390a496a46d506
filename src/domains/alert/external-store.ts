import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import { type Origin, type Place, type Report, sourceOf } from './external.ts'
import type { Change } from './pagerduty-event.ts'
import type { Labels } from './matcher.ts'

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/**
 * Stores what a tool reports. A report of what fires already moves its end, and keeps its start.
 */
export function putReports(reports: { report: Report; place: Place }[]): Statement {
  // One statement cannot write a row twice: the last report counts.
  const rows = new Map(
    reports.map(({ report, place }) => [
      `${report.origin} ${report.key}`,
      {
        ...{ ...report, ...place, source: sourceOf(report, place) },
        ...{ starts: iso(report.starts), ends: iso(report.ends) },
      },
    ]),
  )
  return sql`insert into external_alert as x (origin, fingerprint, source, app, environment,
      service, title, reason, urgency, labels, annotations, link, starts, ends)
    select origin, key, source, app, environment, service, title, reason, urgency, labels,
      annotations, link, starts, ends
    from jsonb_to_recordset(${JSON.stringify([...rows.values()])}::jsonb) as r(origin text,
      key text, source text, app text, environment text, service text, title text, reason text,
      urgency text, labels jsonb, annotations jsonb, link text, starts timestamptz,
      ends timestamptz)
    on conflict (origin, fingerprint) do update set source = excluded.source,
      app = excluded.app, environment = excluded.environment, service = excluded.service,
      title = excluded.title, reason = excluded.reason, urgency = excluded.urgency,
      labels = excluded.labels, annotations = excluded.annotations, link = excluded.link,
      starts = case when x.ends <= now() then excluded.starts
        else least(x.starts, excluded.starts) end,
      ends = excluded.ends, updated = now()`
}

export interface KeyedReport {
  app: string | null
  source: string
  /** the alert that it fires in; null when there is none */
  alert: number | null
}

/** What fires under a key of a sender; null when nothing does. */
export async function getFiring(
  db: Database,
  origin: Origin,
  key: string,
): Promise<KeyedReport | null> {
  const rows = await db.query<KeyedReport>(sql`select x.app, x.source,
      (select max(s.alert) from alert_source s where s.source = x.source and s.ended is null)
        as alert
    from external_alert x where x.origin = ${origin} and x.fingerprint = ${key}
      and (x.ends is null or x.ends > now())`)
  return rows[0] ?? null
}

export const endReport = (origin: Origin, key: string): Statement =>
  sql`update external_alert set ends = now(), updated = now() where origin = ${origin}
    and fingerprint = ${key} and (ends is null or ends > now())`

/** Ends reports without an end that fire in an alert, because a person resolved it. */
export const endReportsOf = (alert: number): Statement =>
  sql`update external_alert set ends = now() where ends is null and source in (
    select source from alert_source where alert = ${alert})`

/** Something that fires, as tools of Alertmanager see it. Times are ISO 8601. */
export interface Target {
  source: string
  /** the alert that it fires in; null until one is opened, and for what opens none */
  alert: number | null
  app: string | null
  environment: string | null
  service: string | null
  labels: Labels
  annotations: Labels
  link: string | null
  starts: string
  ends: string | null
  updated: string
}

/** More are not listed. */
const mostTargets = 10_000

/** Everything that fires: what tools report with their labels, and all else with its place. */
export async function listTargets(db: Database): Promise<Target[]> {
  return db.query<Target>(sql`
    select x.source, (select max(s.alert) from alert_source s
        where s.source = x.source and s.ended is null) as alert,
      x.app, x.environment, x.service,
      jsonb_strip_nulls(jsonb_build_object('app', x.app, 'environment', x.environment,
        'service', x.service)) || x.labels as labels,
      x.annotations, x.link, x.starts, x.ends, x.updated
    from external_alert x where x.ends is null or x.ends > now()
    union all
    select s.source, a.id, a.app, a.environment, a.service,
      jsonb_strip_nulls(jsonb_build_object('alertname', s.title, 'app', a.app,
        'environment', a.environment, 'service', a.service, 'source', s.source,
        'severity', case a.urgency when 'high' then 'critical' else 'warning' end)),
      jsonb_build_object('summary', s.title, 'description', s.reason), null, s.began, null,
      a.opened
    from alert_source s join alert a on a.id = s.alert
    where s.ended is null and a.resolved is null and s.source not like 'external/%'
    limit ${mostTargets}`)
}

/** Reserves the id of a change. */
export async function nextChange(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('external_change', 'id')) as id`,
  )
  return rows[0]?.id ?? 0
}

export const insertChange = (
  id: number,
  { summary, source, link, time }: Change,
  { app, environment, service }: Place,
): Statement =>
  sql`insert into external_change (id, app, environment, service, summary, source, link, time)
    overriding system value values (${id}, ${app}::text, ${environment}::text, ${service}::text,
      ${summary}, ${source}, ${link}::text, ${iso(time)}::timestamptz)`

/** Minutes before the harm began, in which a change may explain it. */
const explainMinutes = 10

/** Adds the changes shortly before an alert of the same app to its timeline. */
export const addChanges = (alert: number): Statement =>
  sql`insert into alert_entry (alert, kind, actor, text)
    select a.id, 'changed', 'fairlead', concat('shortly before, ', nullif(c.source, '') || ': ',
      c.summary)
    from alert a join external_change c on c.time between
        a.onset_from - ${explainMinutes} * interval '1 minute' and a.onset_until
      and (c.app is null or c.app = a.app)
      and (c.environment is null or c.environment = a.environment)
    where a.id = ${alert} order by c.time desc limit 5`

/** Days for which reports that ended, and changes, are kept. */
const keptDays = 30

export const deleteOldReports = (): Statement[] => [
  sql`delete from external_alert where ends < now() - ${keptDays} * interval '1 day'`,
  sql`delete from external_change where time < now() - ${keptDays} * interval '1 day'`,
]
