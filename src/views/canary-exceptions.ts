import type { CountedError } from '#domains/verdict/exceptions-since.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/**
 * The errors of the releases that a canary compares, in the last two hours; those that a person
 * ignores are left out. A fresh start of the baseline counts as the baseline.
 */
export async function countExceptions(
  db: Database,
  {
    environment,
    app,
    baseline,
    canary,
    since,
  }: { app: string; environment: string; baseline: number; canary: number; since: string },
): Promise<CountedError[]> {
  return db.query<CountedError>(sql`
    select e.id as error, e.type, left(e.message, 120) as message, e.place,
      coalesce(e.regressed, e.first_seen) >= ${since}::timestamptz as "isNew",
      coalesce(sum(c.count) filter (where c.release <> ${canary}), 0)::int as baseline,
      coalesce(sum(c.count) filter (where c.release = ${canary}), 0)::int as canary
    from error e join error_count c on c.error = e.id
    where e.app = ${app} and e.state <> 'ignored' and c.environment = ${environment}
      and c.release in (${canary}, ${baseline}, ${-baseline})
      and c.hour > now() - interval '2 hours'
    group by e.id order by e.id limit 500`)
}
