import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** A switch that a monitor which is down must turn off. */
export interface DuePull {
  app: string
  environment: string
  name: string
  /** of the switch; 0 when it was never set */
  version: number
  monitor: string
  /** names the monitor and the beginning of what it found */
  harm: string
  reason: string
  entities: string[]
}

/** The switches that monitors must turn off, and have not yet for what they found. */
export const duePulls = (db: Database): Promise<DuePull[]> =>
  db.query<DuePull>(sql`
    with pull as (
      select m.app, m.environment, p.name, m.name as monitor, m.reason, m.entities,
        m.id || '/' || coalesce(m.onset_until, m.since) as harm
      from monitor m, jsonb_array_elements_text(m.settings -> 'pulls') as p (name)
      where m.firing and m.state = 'down' and jsonb_typeof(m.settings -> 'pulls') = 'array')
    select p.*, coalesce(s.version, 0) as version
    from pull p left join switch s
      on (s.app, s.environment, s.name) = (p.app, p.environment, p.name)
    where not (p.harm = any(coalesce(s.pulled_for, '{}')))
    order by p.app, p.environment, p.name, p.harm`)

/**
 * The team that owns what an alert turned off or set back, the first of several switches; null when
 * no team is named. `isPull` is false when the alert is not about switches.
 */
export async function pulledOwnerOf(
  db: Database,
  alert: number,
): Promise<{ isPull: boolean; team: string | null }> {
  const rows = await db.query<{ team: string | null }>(sql`
    with pull as (select p.name, p.position, m.app, m.environment
    from alert_source a join monitor m on a.source = 'monitor/' || m.id || '/page',
      jsonb_array_elements_text(coalesce(m.settings -> 'pulls', '[]')) with ordinality
        as p (name, position)
    where a.alert = ${alert}
    union all
    select split_part(a.source, '/', 3), 0, l.app, l.environment
    from alert_source a join alert l on l.id = a.alert
    where a.alert = ${alert} and a.source like 'rollout/%')
    select r.definition -> 'switches' -> p.name ->> 'owner' as team
    from pull p
      join deployment d on d.app = p.app and d.environment = p.environment and d.state = 'live'
      join release r on r.id = d.release
    order by p.position`)
  return { isPull: rows.length > 0, team: rows.find(({ team }) => team !== null)?.team ?? null }
}

/** Those of some apps that exist. */
export async function existingApps(db: Database, apps: string[]): Promise<Set<string>> {
  const rows = await db.query<{ name: string }>(
    sql`select name from app where name = any(${apps}::text[])`,
  )
  return new Set(rows.map(({ name }) => name))
}
