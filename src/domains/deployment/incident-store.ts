import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { Incident } from './crash-loop.ts'

export async function openIncidents(db: Database): Promise<Incident[]> {
  return db.query<Incident>(sql`select id, app, environment, service, deployment from incident
    where resolved is null order by id`)
}

/** Reserves the id of an incident. */
export async function nextIncident(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('incident', 'id')) as id`,
  )
  return rows[0]?.id ?? 0
}

export const insertIncident = (incident: Incident & { reason: string }): Statement =>
  sql`insert into incident (id, app, environment, service, deployment, reason)
    overriding system value values (${incident.id}, ${incident.app}, ${incident.environment},
      ${incident.service}, ${incident.deployment}, ${incident.reason})`

export const resolveIncident = (id: number): Statement =>
  sql`update incident set resolved = now() where id = ${id} and resolved is null`
