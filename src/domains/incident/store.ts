import type {
  Incident,
  IncidentChange,
  IncidentRole,
  RankingRecord,
  Severity,
} from '#contract/incident/incident.ts'
import type { Impact } from '#contract/incident/impact.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'
import type { RankedChange } from './changes.ts'
import type { KnownIncident } from './reconcile.ts'

const columns = sql`i.id, i.app, i.environment, i.service, i.title, i.reason,
  case when i.closed is not null then 'closed' when i.over is not null then 'over'
    when i.mitigated is not null then 'mitigated' else 'open' end as state,
  i.severity, i.severity_by as "severityBy", i.opened_by as "openedBy", i.opener, i.deployment,
  i.onset_from as "onsetFrom", i.onset_until as "onsetUntil", i.detected, i.acknowledged,
  i.declared, i.mitigated, i.mitigation, i.over, i.proof, i.closed, i.closed_by as "closedBy",
  i.commander, i.communicator, i.occurrence, i.merged_into as "mergedInto"`

type Row = Omit<Incident, 'onset'> & { onsetFrom: string | null; onsetUntil: string | null }

const shape = ({ onsetFrom, onsetUntil, ...row }: Row): Incident => ({
  ...row,
  onset: onsetFrom && onsetUntil ? { from: onsetFrom, until: onsetUntil } : null,
})

export async function getIncident(db: Database, id: number): Promise<Incident | null> {
  const rows = await db.query<Row>(sql`select ${columns} from incident i where i.id = ${id}`)
  return rows[0] ? shape(rows[0]) : null
}

export interface IncidentFilter {
  app?: string | undefined
  state?: Incident['state'] | 'unclosed' | undefined
  before?: number | undefined
  /** only those of these apps; null for all, and for those of the installation */
  apps: string[] | null
  limit: number
}

const states = {
  open: sql`i.closed is null and i.over is null and i.mitigated is null`,
  mitigated: sql`i.closed is null and i.over is null and i.mitigated is not null`,
  over: sql`i.closed is null and i.over is not null`,
  closed: sql`i.closed is not null`,
  unclosed: sql`i.closed is null`,
}

export async function listIncidents(db: Database, filter: IncidentFilter): Promise<Incident[]> {
  const where = [filter.state === undefined ? sql`true` : states[filter.state]]
  if (filter.app !== undefined) where.push(sql`i.app = ${filter.app}`)
  if (filter.apps) where.push(sql`i.app = any(${filter.apps}::text[])`)
  if (filter.before !== undefined) where.push(sql`i.id < ${filter.before}`)
  const rows = await db.query<Row>(sql`select ${columns} from incident i
    where ${join(where, ' and ')} order by i.id desc limit ${filter.limit}`)
  return rows.map(shape)
}

/** The incidents that are not long closed, and those with these ids. */
export async function listKnown(db: Database, ids: number[]): Promise<KnownIncident[]> {
  const ms = (time: Statement): Statement => sql`(extract(epoch from ${time}) * 1000)::float8`
  return db.query<KnownIncident>(sql`select i.id, i.app, i.environment, i.service, i.deployment,
      i.opened_by as "openedBy", ${ms(sql`coalesce(i.reopened, i.detected)`)} as began,
      ${ms(sql`i.acknowledged`)} as acknowledged, ${ms(sql`i.mitigated`)} as mitigated,
      ${ms(sql`i.over`)} as over, ${ms(sql`i.closed`)} as closed,
      coalesce((select json_agg(json_build_object('alert', a.alert, 'occurrence', a.occurrence))
        from incident_alert a where a.incident = i.id), '[]') as alerts,
      array(select c.ref from incident_change c where c.incident = i.id and c.kind = 'switch')
        as switches, i.merged_into is not null as "isMerged"
    from incident i where i.closed is null or i.closed > now() - interval '2 hours'
      or i.id = any(${ids}::bigint[])
    order by i.id desc`)
}

/** Reserves the id of an incident. */
export async function nextIncident(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('incident', 'id')) as id`,
  )
  return rows[0]?.id ?? 0
}

export type NewIncident = Pick<
  Incident,
  | 'app'
  | 'environment'
  | 'service'
  | 'title'
  | 'reason'
  | 'openedBy'
  | 'opener'
  | 'severity'
  | 'severityBy'
  | 'deployment'
  | 'commander'
> & {
  /** milliseconds */
  onset: { from: number; until: number } | null
  detected: number
}

const at = (ms: number | null | undefined): Statement =>
  sql`${ms === null || ms === undefined ? null : new Date(ms).toISOString()}::timestamptz`

/** Stores an incident. One that a person opens is acknowledged and declared. */
export function insertIncident(id: number, one: NewIncident): Statement {
  const byPerson = one.openedBy === 'person' ? one.detected : null
  return sql`insert into incident (id, app, environment, service, title, reason, opened_by, opener,
      severity, severity_by, deployment, onset_from, onset_until, detected, acknowledged, declared,
      commander)
    overriding system value values (${id}, ${one.app}::text, ${one.environment}::text,
      ${one.service}::text, ${one.title}, ${one.reason}, ${one.openedBy}, ${one.opener},
      ${one.severity}, ${one.severityBy}::text, ${one.deployment}::bigint, ${at(one.onset?.from)},
      ${at(one.onset?.until)}, ${at(one.detected)}, ${at(byPerson)}, ${at(byPerson)},
      ${one.commander}::text)`
}

/**
 * An alert belongs to an incident, or to the one that this was merged into meanwhile; `occurrence`
 * is how often the alert has opened. Fails when the alert belongs to one, so that no second server
 * opens a second incident.
 */
export const attachAlert = (incident: number, alert: number, occurrence: number): Statement =>
  sql`insert into incident_alert (alert, incident, occurrence)
    select ${alert}, coalesce(i.merged_into, i.id), ${occurrence}
      from (select id, merged_into from incident where id = ${incident} for share) i`

/** Attaches an alert, or notes that one of the incident has opened again. */
export const countAlert = (incident: number, alert: number, occurrence: number): Statement =>
  sql`${attachAlert(incident, alert, occurrence)}
    on conflict (alert) do update set occurrence = excluded.occurrence`

/** The onset of an incident is the earliest of its alerts. */
export const widenOnset = (id: number, onset: { from: number; until: number } | null): Statement =>
  sql`update incident set onset_from = ${at(onset?.from)}, onset_until = ${at(onset?.until)}
    where id = ${id} and ${at(onset?.from)} < coalesce(onset_from, detected)`

export const reopen = (id: number, reason: string): Statement =>
  sql`update incident set over = null, proof = null, closed = null, closed_by = null,
    mitigated = null, mitigation = null, occurrence = occurrence + 1, reopened = now(),
    reason = ${reason}
    where id = ${id} and merged_into is null`

// A time is never before the detection, whatever the clocks say.
export const acknowledge = (id: number, when: number): Statement =>
  sql`update incident set acknowledged = greatest(detected, ${at(when)})
    where id = ${id} and acknowledged is null`

export const declare = (id: number, when: number): Statement =>
  sql`update incident set acknowledged = coalesce(acknowledged, greatest(detected, ${at(when)})),
      declared = greatest(detected, acknowledged, ${at(when)})
    where id = ${id} and declared is null`

export const mitigate = (id: number, when: number, what: string): Statement =>
  sql`update incident set mitigated = greatest(detected, ${at(when)}), mitigation = ${what}
    where id = ${id} and over is null`

export const end = (id: number, when: number, proof: string): Statement =>
  sql`update incident set over = greatest(detected, mitigated, ${at(when)}), proof = ${proof}
    where id = ${id} and over is null`

/** Closes an incident. If a person closes one that goes on, it is over by their word. */
export const close = (id: number, by: string, when: number): Statement =>
  sql`update incident set closed = greatest(over, detected, ${at(when)}), closed_by = ${by},
      over = coalesce(over, greatest(detected, mitigated, ${at(when)})),
      proof = coalesce(proof, ${`${by} closed it`})
    where id = ${id} and closed is null`

export const takeRole = (id: number, role: IncidentRole, person: string | null): Statement =>
  sql`update incident set commander = case when ${role} = 'commander'::text
      then ${person}::text else commander end,
    communicator = case when ${role} = 'communicator'::text then ${person}::text
      else communicator end where id = ${id}`

export const setTitle = (id: number, title: string): Statement =>
  sql`update incident set title = ${title} where id = ${id}`

export const setSeverity = (id: number, severity: Severity, by: string): Statement =>
  sql`update incident set severity = ${severity}, severity_by = ${by} where id = ${id}`

/** A severity that a person set stays. */
export const raiseSeverity = (id: number, severity: Severity): Statement =>
  sql`update incident set severity = ${severity} where id = ${id} and severity_by is null`

export const insertChanges = (incident: number, changes: RankedChange[]): Statement[] =>
  changes.map(
    (one, i) => sql`insert into incident_change (incident, place, kind, ref, app, environment, text,
        reason, time, confidence)
      values (${incident}, ${i + 1}, ${one.kind}, ${one.ref}, ${one.app}::text,
        ${one.environment}::text, ${one.text}, ${one.reason}, ${at(one.time)}, ${one.confidence})
      on conflict (incident, place) do nothing`,
  )

export const listChanges = (db: Database, incident: number): Promise<IncidentChange[]> =>
  db.query<IncidentChange>(sql`select id, place, kind, ref, app, environment, text, reason, time,
      confidence, confirmed_by as "confirmedBy"
    from incident_change where incident = ${incident} order by place`)

/** Keeps which change was the cause; null for none of them. */
export const confirmCause = (incident: number, change: number | null, by: string): Statement =>
  sql`update incident_change set confirmed_by = case when id = ${change}::bigint
    then ${by} end where incident = ${incident}`

/** Keeps what breaks the rules of the business in an incident; what is kept already stays. */
export const addEntities = (
  incident: number,
  { monitor, entities, since }: { monitor: string; entities: string[]; since: string },
): Statement =>
  sql`insert into incident_entity (incident, monitor, entity, since)
    select ${incident}, ${monitor}, unnest(${entities}::text[]), ${since}::timestamptz
    on conflict do nothing`

export const listEntities = (
  db: Database,
  incident: number,
  limit: number,
): Promise<Impact['entities']> =>
  db.query(sql`select monitor, entity, since from incident_entity where incident = ${incident}
    order by monitor, since, entity limit ${limit}`)

export const countEntities = async (db: Database, incident: number): Promise<number> => {
  const [row] = await db.query<{ count: number }>(
    sql`select count(*)::int as count from incident_entity where incident = ${incident}`,
  )
  return row?.count ?? 0
}

/** The impact that was kept when an incident was closed; null while it is not. */
export async function getImpact(db: Database, id: number): Promise<Impact | null> {
  const [row] = await db.query<{ impact: Impact | null }>(
    sql`select impact from incident where id = ${id} and closed is not null`,
  )
  return row?.impact ?? null
}

export const keepImpact = (id: number, impact: Impact): Statement =>
  sql`update incident set impact = ${JSON.stringify(impact)}::json where id = ${id}`

/** How often the confirmed cause was ranked first, or among the first three. */
export async function getRanking(
  db: Database,
  { app, apps }: Pick<IncidentFilter, 'app' | 'apps'>,
): Promise<RankingRecord> {
  const rows = await db.query<RankingRecord>(sql`select count(*)::int as ranked,
      count(place)::int as confirmed, count(*) filter (where place = 1)::int as first,
      count(*) filter (where place <= 3)::int as "firstThree"
    from (select min(c.place) filter (where c.confirmed_by is not null) as place
      from incident_change c join incident i on i.id = c.incident
      where (${app ?? null}::text is null or i.app = ${app ?? null}::text)
        and (${apps}::text[] is null or i.app = any(${apps}::text[]))
      group by c.incident) as ranked`)
  return rows[0] ?? { ranked: 0, confirmed: 0, first: 0, firstThree: 0 }
}

/** Removes incidents that were closed long ago. */
export const deleteOldIncidents = (days: number): Statement =>
  sql`delete from incident where closed < now() - ${days} * interval '1 day'`
