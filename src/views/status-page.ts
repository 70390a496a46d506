import type { MonitorState } from '#contract/monitor/monitor.ts'
import type { StatusChange } from '#contract/status-page/status-page.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The last environment of each app, when something is live in it. */
export async function pageEnvironments(
  db: Database,
): Promise<{ app: string; environment: string; release: number; status: unknown }[]> {
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
  kind: string
  state: MonitorState
  /** ISO 8601; when the harm began, or when the state did */
  since: string
  /** milliseconds since its last check; null before the first one */
  age: number | null
  /** milliseconds between two checks; null for a monitor of traffic, which has no schedule */
  every: number | null
}

/** The monitors of these kinds, and `disk` of the installation, which is checked all the time. */
export const pageMonitors = (db: Database, kinds: readonly string[]): Promise<PageMonitor[]> =>
  db.query(sql`select app, environment, kind, state, coalesce(onset_from, since) as since,
      (extract(epoch from now() - checked) * 1000)::float8 as age,
      (settings ->> 'every')::float8 as every
    from monitor where kind = any(${[...kinds]}::text[]) and app is not null
      or app is null and kind = 'disk'`)

/** The changes of all components in the last days and the last one before, newest first. */
export async function pageChanges(db: Database, days: number): Promise<StatusChange[]> {
  return db.query<StatusChange>(sql`
    select app, data ->> 'environment' as environment, data ->> 'state' as state,
      data ->> 'since' as since
    from event e where type = 'dev.cdeventsx.fairlead-status.changed' and app is not null
      and (time > now() - make_interval(days => ${days}::int) or id = (
        select max(id) from event b where b.type = e.type and b.app = e.app
          and b.subject = e.subject and b.time <= now() - make_interval(days => ${days}::int)))
    order by id desc`)
}
