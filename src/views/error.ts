import type { ErrorGroup, ErrorRelease, ErrorState } from '#contract/error/error.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'

/** The environments in which an error is new: seen first in the live release, or in a newer one. */
const newIn = sql`coalesce((select json_agg(n.environment order by n.environment)
  from error_environment n join deployment l on l.app = e.app and l.environment = n.environment
    and l.state = 'live'
  where n.error = e.id and n.first_release >= l.release), '[]')`

const columns = sql`e.id, e.app, e.type, e.message, e.place, e.language, e.state,
  ${newIn} as "newIn", e.regressed, e.first_seen as "firstSeen", e.last_seen as "lastSeen", e.count,
  (select nullif(count(*), 0)::int from error_person p where p.error = e.id) as people,
  coalesce((select json_agg(v.environment order by v.environment) from error_environment v
    where v.error = e.id), '[]') as environments,
  (select json_agg(coalesce(c.n, 0) order by h) from generate_series(
      date_trunc('hour', now()) - interval '23 hours', date_trunc('hour', now()),
      interval '1 hour') as h
    left join (select hour, sum(count)::int as n from error_count
      where error = e.id and hour > now() - interval '25 hours' group by hour) c
      on c.hour = h) as hours`

export async function getErrorGroup(db: Database, id: number): Promise<ErrorGroup | null> {
  const rows = await db.query<ErrorGroup>(sql`select ${columns} from error e where e.id = ${id}`)
  return rows[0] ?? null
}

export interface ErrorFilter {
  app?: string | undefined
  environment?: string | undefined
  state?: ErrorState | undefined
  text?: string | undefined
  fresh?: boolean | undefined
  before?: number | undefined
  /** only those of these apps; null for all */
  apps: string[] | null
  limit: number
}

/** The last seen first. */
export async function listErrorGroups(db: Database, filter: ErrorFilter): Promise<ErrorGroup[]> {
  return db.query<ErrorGroup>(sql`select ${columns} from error e
    where ${join(conditions(filter), ' and ')} order by e.last_seen desc, e.id desc
    limit ${filter.limit}`)
}

function conditions(filter: ErrorFilter): Statement[] {
  const where = [sql`true`]
  if (filter.app !== undefined) where.push(sql`e.app = ${filter.app}`)
  if (filter.apps) where.push(sql`e.app = any(${filter.apps}::text[])`)
  if (filter.state !== undefined) where.push(sql`e.state = ${filter.state}`)
  if (filter.environment !== undefined)
    where.push(sql`exists (select from error_environment v where v.error = e.id
      and v.environment = ${filter.environment})`)
  if (filter.fresh === true)
    where.push(sql`(e.regressed is not null or json_array_length(${newIn}) > 0)`)
  if (filter.before !== undefined)
    where.push(sql`(e.last_seen, e.id) < (select last_seen, id from error
      where id = ${filter.before})`)
  if (filter.text !== undefined) {
    const pattern = `%${filter.text.replace(/[\\%_]/g, '\\$&')}%`
    where.push(sql`concat_ws(' ', e.type, e.message, e.place) ilike ${pattern}`)
  }
  return where
}

/** The releases in which an error was seen, newest first, at most 50. */
export async function releasesOfError(db: Database, error: number): Promise<ErrorRelease[]> {
  return db.query<ErrorRelease>(sql`select c.release, c.environment, r.sha, h.subject,
      (select max(d.id) from deployment d where d.release = c.release) as deployment,
      c.n as count
    from (select release, environment, sum(count)::int as n from error_count
        where error = ${error} group by release, environment) c
      left join release r on r.id = c.release
      left join change h on h.app = r.app and h.sha = r.sha
    order by c.release desc limit 50`)
}

/** The deployment that brought an error to an environment: the first one of its first release. */
export async function broughtBy(
  db: Database,
  { error, environment }: { error: number; environment: string },
): Promise<number | null> {
  const rows = await db.query<{ id: number | null }>(sql`select min(d.id) as id
    from error_environment v join deployment d on d.release = v.first_release
    where v.error = ${error} and v.environment = ${environment}`)
  return rows[0]?.id ?? null
}
