import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/**
 * Every app with its environments in their order, and the services that are live in each. An app
 * without environments has one row. Environments of pull requests are left out.
 */
export async function listPlaces(
  db: Database,
): Promise<{ app: string; environment: string | null; services: string[] }[]> {
  return db.query(sql`select a.name as app, e.name as environment, coalesce((
        select json_agg(service order by service) from json_object_keys(live.services) service
      ), '[]') as services
    from app a left join environment e on e.app = a.name and e.pull_request is null
      left join lateral (
        select coalesce(r.definition -> 'services', '{}') as services
        from deployment d join release r on r.id = d.release
        where d.app = e.app and d.environment = e.name and d.state = 'live'
        order by d.id desc limit 1) live on true
    order by a.name, e.position`)
}
