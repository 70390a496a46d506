import type { Escalation, RotaOverride, RotaPlan } from '#contract/oncall/oncall.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { OverrideSpan } from './shifts.ts'

export interface StoredRota extends RotaPlan {
  name: string
  modified: string
}

export const listRotas = (db: Database): Promise<StoredRota[]> =>
  db.query<StoredRota>(sql`select name, zone, layers, modified from rota order by name`)

export async function getRota(db: Database, name: string): Promise<StoredRota | null> {
  const rows = await db.query<StoredRota>(
    sql`select name, zone, layers, modified from rota where name = ${name}`,
  )
  return rows[0] ?? null
}

export const putRota = (name: string, { zone, layers }: RotaPlan): Statement =>
  sql`insert into rota (name, zone, layers) values (${name}, ${zone},
      ${JSON.stringify(layers)}::jsonb)
    on conflict (name) do update set zone = excluded.zone, layers = excluded.layers,
      modified = now()`

export const deleteRota = (name: string): Statement => sql`delete from rota where name = ${name}`

const touch = (rota: string): Statement =>
  sql`update rota set modified = now() where name = ${rota}`

export interface OverrideRow extends RotaOverride {
  rota: string
}

const overrideColumns = sql`id, rota, person, starts as "from", ends as "until", reason, actor`

/** The overrides that have not ended at a time (milliseconds); null for every rota. */
export const listOverrides = (
  db: Database,
  rota: string | null,
  after: number,
): Promise<OverrideRow[]> =>
  db.query<OverrideRow>(sql`select ${overrideColumns} from rota_override
    where (rota = ${rota}::text or ${rota}::text is null)
      and ends > ${new Date(after).toISOString()}::timestamptz order by id`)

/** As the rule of the shifts takes them. */
export const spanOf = ({ id, person, from, until }: RotaOverride): OverrideSpan => ({
  ...{ id, person, from: Date.parse(from), until: Date.parse(until) },
})

export type NewOverride = Omit<RotaOverride, 'id'> & { rota: string; uid?: string }

/** The statements; the first one returns the override. */
export const insertOverride = ({
  rota,
  person,
  from,
  until,
  reason,
  actor,
  uid,
}: NewOverride): Statement[] => [
  sql`insert into rota_override (rota, person, starts, ends, reason, actor, uid)
    values (${rota}, ${person}, ${from}::timestamptz, ${until}::timestamptz, ${reason}, ${actor},
      ${uid ?? null}::text) returning ${overrideColumns}`,
  touch(rota),
]

export const deleteOverride = (rota: string, id: number): Statement[] => [
  sql`delete from rota_override where rota = ${rota} and id = ${id}`,
  touch(rota),
]

/** Deletes what earlier imports stored and what has not ended at a time (milliseconds). */
export const deleteImported = (rota: string, after: number): Statement =>
  sql`delete from rota_override where rota = ${rota} and uid is not null
    and ends > ${new Date(after).toISOString()}::timestamptz`

/** Stores the hash of the key of the calendar of a rota. */
export const putCalendar = (rota: string, hash: string): Statement =>
  sql`update rota set calendar = ${hash} where name = ${rota}`

export async function calendarHash(db: Database, rota: string): Promise<string | null> {
  const rows = await db.query<{ calendar: string | null }>(
    sql`select calendar from rota where name = ${rota}`,
  )
  return rows[0]?.calendar ?? null
}

export interface StoredTeam {
  name: string
  escalation: Escalation
  modified: string
}

export const listTeams = (db: Database): Promise<StoredTeam[]> =>
  db.query<StoredTeam>(sql`select name, escalation, modified from team order by name`)

export const putTeam = (name: string, escalation: Escalation): Statement =>
  sql`insert into team (name, escalation) values (${name}, ${JSON.stringify(escalation)}::jsonb)
    on conflict (name) do update set escalation = excluded.escalation, modified = now()`

export const deleteTeam = (name: string): Statement => sql`delete from team where name = ${name}`

/** Removes overrides that ended long ago. */
export const deleteOldOverrides = (days: number): Statement =>
  sql`delete from rota_override where ends < now() - ${days} * interval '1 day'`
