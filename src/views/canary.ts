import type { Former } from '#domains/verdict/record.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { pastDeployments } from './deployment.ts'

/**
 * When the first canary began of those that newer deployments have superseded, one after the other,
 * since a canary of the environment was decided; null when there is none.
 */
export async function supersededSince(db: Database, deployment: number): Promise<string | null> {
  const rows = await db.query<{ since: string | null }>(sql`select min(v.started) as since
    from deployment mine
    join deployment d on d.app = mine.app and d.environment = mine.environment and d.id < mine.id
      and d.state = 'superseded'
    join verdict v on v.deployment = d.id
    where mine.id = ${deployment} and v.started > coalesce((
      select max(w.ended) from deployment e join verdict w on w.deployment = e.id
      where e.app = mine.app and e.environment = mine.environment
        and w.state in ('promoted', 'taken_back')), '-infinity')`)
  return rows[0]?.since ?? null
}

/** The release that has the traffic of an environment, before another release replaces it. */
export async function formerOf(
  db: Database,
  place: { app: string; environment: string },
  release: number,
): Promise<Former> {
  const { app, environment } = place
  const [history, watches] = await Promise.all([
    pastDeployments(db, app, environment),
    db.query<NonNullable<Former['watch']> & { replaced: number | null }>(sql`select w.before,
        w.record, extract(epoch from w.started)::float8 * 1000 as started, b.release as replaced
      from deployment d join watch w on w.deployment = d.id
      left join deployment b on b.id = d.replaces
      where d.app = ${app} and d.environment = ${environment} and d.release = ${release}
      order by d.id desc limit 1`),
  ])
  const isProven = (one: number): boolean =>
    history.find((past) => past.release === one)?.isProven ?? false
  const [found] = watches
  const replaced = found?.replaced ?? null
  return {
    isProven: isProven(release),
    watch: found ? { before: found.before, record: found.record, started: found.started } : null,
    replaced: replaced === null ? null : { release: replaced, isProven: isProven(replaced) },
  }
}
