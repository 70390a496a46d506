import type { MonitorState } from '#contract/monitor/monitor.ts'
import type {
  PublicMaintenance,
  PublicReview,
  StatusChange,
  StatusPhase,
} from '#contract/status-page/status-page.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The last environment of an app, and the settings of the page in its live release. */
export interface PageEnvironment {
  app: string
  environment: string
  release: number
  status: unknown
}

/** The last environment of each app, when something is live in it. */
export async function pageEnvironments(db: Database): Promise<PageEnvironment[]> {
  return db.query(sql`select e.app, e.name as environment, d.release,
      r.definition -> 'status' as status
    from environment e
      join lateral (select release from deployment
        where app = e.app and environment = e.name and state = 'live'
        order by id desc limit 1) d on true
      join release r on r.id = d.release
    where e.pull_request is null and e.position = (select max(position) from environment
      where app = e.app and pull_request is null)
    order by e.app`)
}

/** A monitor that may decide what the status page shows. */
export interface PageMonitor {
  app: string | null
  environment: string | null
  service: string | null
  name: string
  kind: string
  /** the address or path that it requests; null for other kinds */
  url: string | null
  /** of a monitor that finds them: the routes that fail or are slow */
  routes: string[]
  state: MonitorState
  /** ISO 8601; when the harm began, or when the state did */
  since: string
  /** milliseconds since its last check; null before the first one */
  age: number | null
  /** milliseconds between two checks; null for a monitor of traffic, which has no schedule */
  every: number | null
}

/**
 * The monitors of these kinds and of these names, and `disk` of the installation, which is checked
 * all the time.
 */
export const pageMonitors = (
  db: Database,
  kinds: readonly string[],
  names: readonly string[],
): Promise<PageMonitor[]> =>
  db.query(sql`select app, environment, service, name, kind, state,
      case when kind = 'http' then settings -> 'check' ->> 'url' end as url, routes,
      coalesce(onset_from, since) as since,
      (extract(epoch from now() - checked) * 1000)::float8 as age,
      (settings ->> 'every')::float8 as every
    from monitor where app is not null
        and (kind = any(${[...kinds]}::text[]) or name = any(${[...names]}::text[]))
      or app is null and kind = 'disk' and name = 'disk'`)

/** The changes of all components in the last days and the last one before, newest first. */
export async function pageChanges(db: Database, days: number): Promise<StatusChange[]> {
  return db.query<StatusChange>(sql`
    select app, data ->> 'environment' as environment,
      coalesce(data ->> 'component', '') as component, data ->> 'state' as state,
      data ->> 'since' as since
    from event e where type = 'dev.cdeventsx.fairlead-status.changed' and app is not null
      and (time > now() - make_interval(days => ${days}::int) or id = (
        select max(id) from event b where b.type = e.type and b.app = e.app
          and b.subject = e.subject and b.time <= now() - make_interval(days => ${days}::int)))
    order by id desc`)
}

/** An incident in the last environment of an app. Times are milliseconds since 1970. */
export interface PageIncident {
  id: number
  app: string
  environment: string
  /** null when it is about the whole environment */
  service: string | null
  state: 'open' | 'mitigated' | 'over' | 'closed'
  occurrence: number
  began: number
  mitigated: number | null
  over: number | null
  /** its review, when it is published outside */
  review: PublicReview | null
}

/** The incidents that are not closed, and those of the last days that customers read of. */
export const pageIncidents = (db: Database, days: number): Promise<PageIncident[]> =>
  db.query<PageIncident>(sql`select i.id, i.app, i.environment, i.service, i.occurrence,
      case when i.closed is not null then 'closed' when i.over is not null then 'over'
        when i.mitigated is not null then 'mitigated' else 'open' end as state,
      (extract(epoch from coalesce(i.onset_from, i.detected)) * 1000)::float8 as began,
      (extract(epoch from i.mitigated) * 1000)::float8 as mitigated,
      (extract(epoch from i.over) * 1000)::float8 as over,
      case when r.outside is not null then json_build_object('text', r.outside,
        'published', to_char(r.published at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
        end as review
    from incident i join environment e on e.app = i.app and e.name = i.environment
      left join review r on r.incident = i.id
    where e.pull_request is null and e.position = (select max(position) from environment
        where app = i.app and pull_request is null)
      and (i.closed is null or i.closed > now() - make_interval(days => ${days}::int)
        and (r.outside is not null or exists (
          select from status_update u where u.incident = i.id and u.state <> 'discarded')))
    order by i.id desc limit 100`)

/** Who informs the customers about the incident of a promised update; null for nobody. */
export async function promiseKeeper(
  db: Database,
  update: number,
): Promise<{ incident: number; person: string | null } | null> {
  const rows = await db.query<{ incident: number; person: string | null }>(
    sql`select i.id as incident, coalesce(i.communicator, i.commander) as person
      from status_update u join incident i on i.id = u.incident where u.id = ${update}`,
  )
  return rows[0] ?? null
}

/** Announced maintenance of last environments: what goes on, comes, or ended in the last days. */
export const pageMaintenances = (db: Database, days: number): Promise<PublicMaintenance[]> =>
  db.query<PublicMaintenance>(sql`select s.id, e.app, e.name as environment,
      s.created as announced, s.starts as from, s.until
    from silence s join environment e on e.app = s.app
    where s.starts > s.created and s.until > s.starts and s.matchers = '[]'
      and (s.environment is null or s.environment = e.name) and s.service is null
      and s.until > now() - make_interval(days => ${days}::int)
      and e.pull_request is null and e.position = (select max(position) from environment
        where app = e.app and pull_request is null)
    order by s.starts, s.id limit 50`)

/** A published update with its incident. */
export interface ToldUpdate {
  id: number
  incident: number
  title: string
  phase: StatusPhase
  text: string
  /** ISO 8601; null without a promise */
  promised: string | null
}

export async function toldUpdate(db: Database, id: number): Promise<ToldUpdate | null> {
  const rows = await db.query<ToldUpdate>(sql`select id, incident, title, phase, text, promised
    from status_update where id = ${id} and state = 'published'`)
  return rows[0] ?? null
}

/** The app that has a domain, also with a wildcard; null when none does. */
export async function appAtDomain(db: Database, host: string): Promise<string | null> {
  const wildcard = `*${host.slice(host.indexOf('.'))}`
  const rows = await db.query<{ app: string }>(
    sql`select app from environment_domain where name in (${host}, ${wildcard}) limit 1`,
  )
  return rows[0]?.app ?? null
}
