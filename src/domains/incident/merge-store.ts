import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { Merged } from './merge.ts'

/** The versions of the rows of incidents; each change of an incident gives it another one. */
export async function versionsOf(db: Database, ids: number[]): Promise<Map<number, string>> {
  const rows = await db.query<{ id: number; version: string }>(
    sql`select id, xmin::text as version from incident where id = any(${ids}::bigint[])`,
  )
  return new Map(rows.map(({ id, version }) => [id, version]))
}

/** The incidents that were merged into this one. */
export async function listMerged(db: Database, incident: number): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    sql`select id from incident where merged_into = ${incident} order by id`,
  )
  return rows.map(({ id }) => id)
}

export interface Merge {
  kept: number
  other: number
  versions: Map<number, string>
  by: string
  /** ISO 8601 */
  at: string
}

/** Fails, with everything in its batch, when the incident has another version. */
const titleIf = (id: number, versions: Map<number, string>): Statement =>
  sql`case when xmin::text = ${versions.get(id) ?? ''} then title end`

/**
 * Merges one incident into another: its alerts, changes and entities move, and it is closed. Fails
 * when one of them has changed since their versions were read.
 */
export function merge({ kept, other, versions, by, at }: Merge, merged: Merged): Statement[] {
  const now = sql`${at}::timestamptz`
  const { onset } = merged
  return [
    // Always in this order, so that two merges wait for each other.
    sql`select from incident where id in (${kept}, ${other}) order by id for update`,
    sql`update incident set title = ${titleIf(kept, versions)}, service = ${merged.service}::text,
        deployment = ${merged.deployment}::bigint, severity = ${merged.severity},
        severity_by = ${merged.severityBy}::text, onset_from = ${onset?.from ?? null}::timestamptz,
        onset_until = ${onset?.until ?? null}::timestamptz,
        detected = ${merged.detected}::timestamptz,
        acknowledged = ${merged.acknowledged}::timestamptz,
        declared = ${merged.declared}::timestamptz, mitigated = ${merged.mitigated}::timestamptz,
        mitigation = ${merged.mitigation}::text, over = ${merged.over}::timestamptz,
        proof = ${merged.proof}::text, commander = ${merged.commander}::text,
        communicator = ${merged.communicator}::text
      where id = ${kept}`,
    sql`update incident set title = ${titleIf(other, versions)}, merged_into = ${kept},
        over = coalesce(over, greatest(detected, mitigated, ${now})),
        proof = coalesce(proof, ${`it was merged into incident ${kept}`}),
        closed = greatest(over, detected, ${now}), closed_by = ${by}
      where id = ${other}`,
    sql`update incident set merged_into = ${kept} where merged_into = ${other}`,
    sql`update incident_alert set incident = ${kept} where incident = ${other}`,
    ...moveChanges(kept, other),
    sql`insert into incident_entity as e (incident, monitor, entity, since)
      select ${kept}, monitor, entity, since from incident_entity where incident = ${other}
      on conflict (incident, monitor, entity) do update
        set since = least(e.since, excluded.since)`,
    sql`delete from incident_entity where incident = ${other}`,
  ]
}

const isSame = sql`a.kind = b.kind and a.ref = b.ref and a.app is not distinct from b.app
  and a.environment is not distinct from b.environment and a.time = b.time`

/** Suspects of both are kept once, and a confirmed cause stays; those that move are the last. */
const moveChanges = (kept: number, other: number): Statement[] => [
  sql`update incident_change a set confirmed_by = b.confirmed_by from incident_change b
    where a.incident = ${kept} and b.incident = ${other} and ${isSame}
      and b.confirmed_by is not null and not exists (select from incident_change
        where incident = ${kept} and confirmed_by is not null)`,
  sql`delete from incident_change b using incident_change a
    where a.incident = ${kept} and b.incident = ${other} and ${isSame}`,
  sql`update incident_change c set incident = ${kept}, place = k.last + n.place,
      confirmed_by = case when k.is_confirmed then null else c.confirmed_by end
    from (select id, row_number() over (order by place) as place from incident_change
        where incident = ${other}) n,
      (select coalesce(max(place), 0) as last,
        coalesce(bool_or(confirmed_by is not null), false) as is_confirmed
        from incident_change where incident = ${kept}) k
    where c.id = n.id`,
]
