import type { Maintenance } from '#contract/maintenance/maintenance.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export interface MaintenanceKey {
  app: string
  environment: string
}

/** The maintenance pages that are shown, and those whose time was over lately. */
export const listMaintenance = (db: Database): Promise<Maintenance[]> =>
  db.query<Maintenance>(sql`select app, environment, reason, actor, since, until
    from maintenance order by app, environment`)

export async function getMaintenance(
  db: Database,
  { app, environment }: MaintenanceKey,
): Promise<Maintenance | null> {
  const rows = await db.query<Maintenance>(sql`select app, environment, reason, actor, since, until
    from maintenance where app = ${app} and environment = ${environment}`)
  return rows[0] ?? null
}

/** Shows the page from now on; replaces the reason and the end of one that is shown. */
export const putMaintenance = (one: Omit<Maintenance, 'since'>): Statement =>
  sql`insert into maintenance as m (app, environment, reason, actor, until)
    values (${one.app}, ${one.environment}, ${one.reason}, ${one.actor},
      ${one.until}::timestamptz)
    on conflict (app, environment) do update set reason = excluded.reason,
      actor = excluded.actor, until = excluded.until`

/**
 * Ends a page. Fails, with everything in its batch, when the page has another end or has ended, so
 * that one end is recorded once.
 */
export const endMaintenance = ({ app, environment, until }: Maintenance): Statement =>
  sql`with gone as (delete from maintenance where app = ${app} and environment = ${environment}
      and until is not distinct from ${until}::timestamptz returning 1)
    select 1 / count(*) from gone`

/** Forgets the page of an environment that is removed. */
export const deleteMaintenance = (app: string, environment: string): Statement =>
  sql`delete from maintenance where app = ${app} and environment = ${environment}`
