import type { Monitor, MonitorState } from '#contract/monitor/monitor.ts'
import { appendEventForEach } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'
import type { MonitorSettings } from './plan.ts'

/** What a monitor watches. */
export interface MonitorKey {
  app: string | null
  environment: string | null
  service: string | null
  kind: string
  name: string
}

/** What a monitor found. */
export interface Verdict {
  state: MonitorState
  reason: string
  /** when the harm began, in milliseconds */
  onset: { from: number; until: number } | null
  /** the routes that fail or are slow, if not all of the service do */
  routes?: string[] | undefined
}

const columns = sql`id, app, environment, service, kind, name, state, reason, since,
  case when onset_from is not null then
    json_build_object('from', onset_from, 'until', onset_until) end as onset, checked,
  settings is not null as "isConfigured", entities, took, hosts`

export interface MonitorFilter {
  app?: string | undefined
  environment?: string | undefined
  state?: MonitorState | undefined
  /** only those of these apps; null for all, and for those of the installation */
  apps: string[] | null
}

/** A monitor of an app with its settings; null when there is none. */
export async function getMonitor(
  db: Database,
  app: string,
  id: number,
): Promise<(Monitor & { stored: MonitorSettings | null }) | null> {
  const [row] = await db.query<Monitor & { stored: MonitorSettings | null }>(
    sql`select ${columns}, settings as stored from monitor where app = ${app} and id = ${id}`,
  )
  return row ? { ...row, onset: row.onset && isoOf(row.onset) } : null
}

/** The state that was stored last; null for a monitor that does not exist. */
export async function getState(db: Database, key: MonitorKey): Promise<MonitorState | null> {
  const { app, environment, service, kind, name } = key
  const [row] = await db.query<{ state: MonitorState }>(sql`select state from monitor
    where (app, environment, service) is not distinct from (${app}, ${environment}, ${service})
      and kind = ${kind} and name = ${name}`)
  return row?.state ?? null
}

/** What is not up comes first. */
export async function listMonitors(db: Database, filter: MonitorFilter): Promise<Monitor[]> {
  const where = [sql`true`]
  if (filter.app !== undefined) where.push(sql`app = ${filter.app}`)
  if (filter.environment !== undefined) where.push(sql`environment = ${filter.environment}`)
  if (filter.state !== undefined) where.push(sql`state = ${filter.state}`)
  if (filter.apps) where.push(sql`app = any(${filter.apps}::text[])`)
  const rows = await db.query<Monitor>(sql`select ${columns} from monitor
    where ${join(where, ' and ')}
    order by array_position(array['down', 'degraded', 'unknown', 'maintenance', 'up'], state),
      app, environment, service, kind, name`)
  return rows.map((row) => ({ ...row, onset: row.onset && isoOf(row.onset) }))
}

const isoOf = ({ from, until }: { from: string; until: string }) => ({
  from: new Date(from).toISOString(),
  until: new Date(until).toISOString(),
})

/**
 * Stores what a monitor found. A change of state is an event, unless the monitor is new and well.
 * Harm that was found fires until its end is found: an unknown state leaves it as it is.
 */
export function setMonitor(
  key: MonitorKey,
  { state, reason, onset, routes = [] }: Verdict,
): Statement[] {
  const { app, environment, service, kind, name } = key
  const from = onset && new Date(onset.from).toISOString()
  const until = onset && new Date(onset.until).toISOString()
  const isFiring = state === 'unknown' ? null : state !== 'up'
  const place = sql`(app, environment, service, kind, name) is not distinct from
    (${app}::text, ${environment}::text, ${service}::text, ${kind}::text, ${name}::text)`
  return [
    appendEventForEach(
      'dev.cdeventsx.fairlead-monitor.changed',
      sql`update monitor set checked = now()
        where ${place} and state <> ${state} and (firing or ${isFiring ?? false}::boolean)
        returning 'monitor/' || id as subject, coalesce('app/' || app, 'server') as chain, app,
          ${{ environment, service, kind, name, state, reason }}::jsonb as data`,
    ),
    sql`insert into monitor (app, environment, service, kind, name, state, firing, reason,
        onset_from, onset_until, routes, checked)
      values (${app}::text, ${environment}::text, ${service}::text, ${kind}, ${name}, ${state},
        ${isFiring ?? false}, ${reason}, ${from}::timestamptz, ${until}::timestamptz,
        ${routes}::text[], now())
      on conflict (app, environment, service, kind, name) do update set
        since = case when monitor.state = excluded.state then monitor.since else now() end,
        state = excluded.state, reason = excluded.reason, checked = now(),
        firing = case when ${isFiring}::boolean is null then monitor.firing
          else ${isFiring ?? false}::boolean end,
        onset_from = case when excluded.state = 'unknown' then monitor.onset_from
          else excluded.onset_from end,
        onset_until = case when excluded.state = 'unknown' then monitor.onset_until
          else excluded.onset_until end,
        routes = case when excluded.state = 'unknown' then monitor.routes
          else excluded.routes end`,
  ]
}

/** Removes monitors of environments that are gone; the statement lists those that remain. */
export const deleteMonitorsExcept = (
  environments: { app: string; name: string }[],
): Statement[] => {
  const kept = environments.map(({ app, name }) => `${app}/${name}`)
  return [
    sql`delete from monitor where app is not null
      and app || '/' || environment <> all(${kept}::text[])`,
    sql`delete from detector where app || '/' || environment <> all(${kept}::text[])`,
  ]
}

/** What monitors of a kind that watch no service found last. */
export const listFindings = (
  db: Database,
  kind: string,
): Promise<
  { app: string; environment: string; name: string; state: MonitorState; reason: string }[]
> =>
  db.query(sql`select app, environment, name, state, reason from monitor
    where kind = ${kind} and app is not null`)

/**
 * Removes what no live release has; `kept` are `app/environment/` with the service or name. All of
 * the environments `silent` remain: their targets do not answer.
 */
export const deleteExcept = (kind: string, kept: string[], silent: string[] = []): Statement =>
  sql`delete from monitor where kind = ${kind}
    and concat_ws('/', app, environment, coalesce(service, name)) <> all(${kept}::text[])
    and app || '/' || environment <> all(${silent}::text[])`

/** Removes the monitors of hosts on other machines that are gone. */
export const deleteHostsExcept = (names: string[]): Statement =>
  sql`delete from monitor where app is null and kind in ('host', 'disk', 'clock')
    and name <> kind and name <> all(${names}::text[])`

export interface StoredDetector {
  app: string
  environment: string
  service: string
  /** by host, the last second that it knows, of the host process `run` */
  places: Record<string, { run: string; next: number }>
  state: Buffer
}

/** Becomes the one server that judges the seconds of a host. */
export const takeDetectors = (host: string, holder: string): Statement =>
  sql`insert into detector_holder (host, holder) values (${host}, ${holder})
    on conflict (host) do update set holder = excluded.holder`

/** Whether another server judges by now. */
export async function holdsDetectors(db: Database, host: string, holder: string): Promise<boolean> {
  const rows = await db.query(
    sql`select from detector_holder where host = ${host} and holder = ${holder}`,
  )
  return rows.length > 0
}

export const listDetectors = (db: Database): Promise<StoredDetector[]> =>
  db.query(sql`select app, environment, service, places, state from detector`)

export const saveDetector = (one: StoredDetector): Statement =>
  sql`insert into detector (app, environment, service, places, state)
    values (${one.app}, ${one.environment}, ${one.service},
      ${JSON.stringify(one.places)}::jsonb, ${one.state})
    on conflict (app, environment, service) do update set places = excluded.places,
      state = excluded.state, saved = now()`
