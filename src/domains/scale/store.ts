import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** A service that has another number of instances than fairlead.yaml asks for. */
export interface StoredScale {
  app: string
  environment: string
  service: string
  /** the number of fairlead.yaml that it replaces */
  declared: number
  instances: number
  reason: string
  actor: string
  since: string
}

type Key = Pick<StoredScale, 'app' | 'environment' | 'service'>

const columns = sql`app, environment, service, declared, instances, reason, actor, since`

export const listScales = (db: Database): Promise<StoredScale[]> =>
  db.query<StoredScale>(sql`select ${columns} from scale order by app, environment, service`)

export const scalesOf = (
  db: Database,
  { app, environment }: Pick<Key, 'app' | 'environment'>,
): Promise<StoredScale[]> =>
  db.query<StoredScale>(sql`select ${columns} from scale
    where app = ${app} and environment = ${environment}`)

export const putScale = (one: Omit<StoredScale, 'since'>): Statement =>
  sql`insert into scale (app, environment, service, declared, instances, reason, actor)
    values (${one.app}, ${one.environment}, ${one.service}, ${one.declared}, ${one.instances},
      ${one.reason}, ${one.actor})
    on conflict (app, environment, service) do update set declared = excluded.declared,
      instances = excluded.instances, reason = excluded.reason, actor = excluded.actor,
      since = now()`

/**
 * Ends a scale. Fails, with everything in its batch, when it has ended or has another number, so
 * that one end is recorded once.
 */
export const endScale = ({
  app,
  environment,
  service,
  declared,
  instances,
}: StoredScale): Statement =>
  sql`with gone as (delete from scale where app = ${app} and environment = ${environment}
      and service = ${service} and declared = ${declared} and instances = ${instances}
      returning 1)
    select 1 / count(*) from gone`

/** Forgets the numbers of an environment that is removed. */
export const deleteScales = (app: string, environment: string): Statement =>
  sql`delete from scale where app = ${app} and environment = ${environment}`
