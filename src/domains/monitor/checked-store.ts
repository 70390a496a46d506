import type { MonitorHost } from '#contract/monitor/monitor.ts'
import { appendEventForEach } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { CheckedMonitor, CheckVerdict } from './judge.ts'
import type { WantedMonitor } from './plan.ts'

/** The monitors of fairlead.yaml, without its objectives. */
export const listChecked = (db: Database): Promise<CheckedMonitor[]> =>
  db.query<CheckedMonitor>(sql`select id, app, environment, service, kind, name, state, reason,
      firing, entities, hosts, settings
    from monitor where settings is not null and kind <> 'slo' order by id`)

/** The monitor of an objective. */
export interface SloMonitor extends Omit<CheckedMonitor, 'settings' | 'entities' | 'hosts'> {
  /** ISO 8601 */
  since: string
  /** what the objective says */
  check: unknown
}

export const listSloMonitors = (db: Database): Promise<SloMonitor[]> =>
  db.query<SloMonitor>(sql`select id, app, environment, service, kind, name, state, firing, reason,
      since, settings -> 'check' as check from monitor
    where settings is not null and kind = 'slo' order by id`)

/**
 * Makes the monitors of fairlead.yaml those that are wanted: those of objectives, or all others.
 * One that is edited keeps its state, so that it raises no second alert; but what it found with
 * other settings proves nothing.
 */
export function syncMonitors(
  wanted: (Omit<WantedMonitor, 'settings'> & { settings: object })[],
  { isSlo }: { isSlo: boolean },
): Statement[] {
  const rows = sql`json_to_recordset(${JSON.stringify(wanted)}::json) as w(app text,
    environment text, service text, kind text, name text, urgency text, settings jsonb)`
  return [
    sql`delete from monitor m where settings is not null and (kind = 'slo') = ${isSlo}
      and not exists (select from ${rows}
        where (w.app, w.environment, w.name) = (m.app, m.environment, m.name))`,
    sql`insert into monitor (app, environment, service, kind, name, urgency, settings, state,
        reason)
      select w.app, w.environment, w.service, w.kind, w.name, w.urgency, w.settings, 'unknown',
        'it has not been checked yet' from ${rows}
      on conflict (app, environment, name) where settings is not null do update set
        service = excluded.service, kind = excluded.kind, urgency = excluded.urgency,
        proven = case when monitor.settings = excluded.settings then monitor.proven end,
        settings = excluded.settings
      where (monitor.service, monitor.kind, monitor.urgency, monitor.settings) is distinct from
        (excluded.service, excluded.kind, excluded.urgency, excluded.settings)`,
  ]
}

/** Stores what the checks of a monitor say; a change of state that matters is an event. */
export function setChecked(
  {
    id,
    environment,
    service,
    kind,
    name,
  }: Pick<CheckedMonitor, 'id' | 'environment' | 'service' | 'kind' | 'name'>,
  verdict: CheckVerdict,
): Statement[] {
  const { state, reason, onset, entities } = verdict
  const firing = state === 'unknown' || state === 'maintenance' ? null : state !== 'up'
  // Harm that goes on began when it was found; unknown says nothing about it.
  const keepsOnset = sql`(${firing}::boolean is null or (firing and ${firing ?? false}::boolean))`
  const from = onset && new Date(onset.from).toISOString()
  const until = onset && new Date(onset.until).toISOString()
  return [
    appendEventForEach(
      'dev.cdeventsx.fairlead-monitor.changed',
      sql`update monitor set checked = now()
        where id = ${id} and state <> ${state} and (firing or ${firing ?? false}::boolean)
        returning 'monitor/' || id as subject, 'app/' || app as chain, app,
          ${{ environment, service, kind, name, state, reason }}::jsonb as data`,
    ),
    sql`update monitor set
        since = case when state = ${state} then since else now() end,
        state = ${state}, reason = ${reason}, checked = now(),
        entities = ${entities}::text[],
        onset_from = case when ${keepsOnset} then onset_from
          else ${from}::timestamptz end,
        onset_until = case when ${keepsOnset} then onset_until
          else ${until}::timestamptz end,
        proven = case when ${state} = 'up'::text then coalesce(proven, now()) else proven end,
        firing = coalesce(${firing}::boolean, firing)
      where id = ${id}`,
  ]
}

/** Stores why a monitor has its state, and what breaks its rule, while the state stays. */
export const setReason = (
  { id }: Pick<CheckedMonitor, 'id'>,
  { entities, reason }: Pick<CheckVerdict, 'entities' | 'reason'>,
): Statement =>
  sql`update monitor set entities = ${entities}::text[], reason = ${reason} where id = ${id}`

/** Stores what each host says of a monitor. */
export const setHosts = ({ id }: Pick<CheckedMonitor, 'id'>, hosts: MonitorHost[]): Statement =>
  sql`update monitor set hosts = ${JSON.stringify(hosts)}::jsonb where id = ${id}`

/** Stores when monitors were checked last, and how long that took. */
export const noteChecks = (checks: { id: number; at: number; took: number }[]): Statement =>
  sql`update monitor m set checked = to_timestamp(c.at / 1000.0), took = c.took
    from json_to_recordset(${JSON.stringify(checks)}::json) as c(id bigint, at float8, took real)
    where m.id = c.id`
