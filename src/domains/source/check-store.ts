import type { Repository } from '#contract/app/app.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** A claimed check of an app's repository. */
export interface RepositoryCheck {
  app: string
  /** names this claim among all claims of the app */
  claim: number
  /** checks in a row that failed before this one */
  failures: number
  /** start of the last check that succeeded */
  checked: string | null
}

const seconds = (count: number): Statement => sql`${count} * interval '1 s'`

/** Claims up to `count` repositories of a kind that are due, the longest overdue first. */
export async function claimChecks(
  db: Database,
  kind: Repository['kind'],
  { count, except, lease }: { count: number; except: ReadonlySet<string>; lease: number },
): Promise<RepositoryCheck[]> {
  const isFree = sql`c.due <= clock_timestamp()
    and (c.claimed is null or c.claimed <= clock_timestamp())`
  return db.query<RepositoryCheck>(sql`insert into repository_check as c (app, claimed)
    select a.name, clock_timestamp() + ${seconds(lease)}
    from app a left join repository_check c on c.app = a.name
    where a.repository->>'kind' = ${kind} and a.name <> all (${[...except]})
      and (c.app is null or (${isFree}))
    order by c.due nulls first, a.name limit ${count}
    on conflict (app) do update set claimed = excluded.claimed, claim = c.claim + 1 where ${isFree}
    returning app, claim, failures, checked`)
}

/** Makes every repository of a kind due now. */
export function makeDue(kind: Repository['kind']): Statement {
  return sql`update repository_check c set due = clock_timestamp() from app a
    where a.name = c.app and a.repository->>'kind' = ${kind} and c.due > clock_timestamp()`
}

/** Extends a claim; answers whether it is still held. */
export async function extendCheck(
  db: Database,
  { app, claim }: RepositoryCheck,
  lease: number,
): Promise<boolean> {
  const extended = await db.query(sql`update repository_check
    set claimed = clock_timestamp() + ${seconds(lease)}
    where app = ${app} and claim = ${claim} and claimed is not null returning app`)
  return extended.length > 0
}

/** Ends a check: `checked` is its start, or null when it failed; `pause` is in seconds. */
export function endCheck(
  { app, claim }: RepositoryCheck,
  { failures, checked, pause }: { failures: number; checked: Date | null; pause: number },
): Statement {
  return sql`update repository_check set claimed = null, failures = ${failures},
      due = clock_timestamp() + ${seconds(pause)},
      checked = coalesce(${checked}::timestamptz, checked)
    where app = ${app} and claim = ${claim}`
}
