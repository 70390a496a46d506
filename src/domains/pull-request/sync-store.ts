import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** One replica's claim to sync the pull requests of an app. */
export interface SyncClaim {
  app: string
  /** increases with each claim of the app */
  claim: number
}

/** Schedules syncs for apps that have none yet. */
export function addSyncs(apps: string[]): Statement {
  return sql`
    insert into pull_request_look (app) select app from unnest(${apps}::text[]) as app
    on conflict do nothing`
}

/**
 * Claims apps whose sync is due or requested; another replica may claim them after `seconds`. Syncs
 * that were requested come first.
 */
export async function claimSyncs(
  db: Database,
  { seconds, count, except }: { seconds: number; count: number; except: string[] },
): Promise<SyncClaim[]> {
  return db.query<SyncClaim>(sql`
    update pull_request_look set claim = claim + 1, asked = null,
      claimed = now() + make_interval(secs => ${seconds})
    where (claimed is null or claimed <= now()) and app in (
      select app from pull_request_look
      where (claimed is null or claimed <= now()) and (asked is not null or due <= now())
        and app <> all(${except}::text[])
      order by asked nulls last, due limit ${count})
    returning app, claim`)
}

export function requestSync(app: string): Statement {
  return sql`
    insert into pull_request_look (app, asked) values (${app}, now())
    on conflict (app) do update set asked = now()`
}

/** Returns no row when another replica has the claim. */
export function extendSync({ app, claim }: SyncClaim, seconds: number): Statement {
  return sql`
    update pull_request_look set claimed = now() + make_interval(secs => ${seconds})
    where app = ${app} and claim = ${claim} returning app`
}

/** Releases the claim; the next sync is due in `seconds`. */
export function endSync(
  { app, claim }: SyncClaim,
  { problem, seconds }: { problem: string | null; seconds: number },
): Statement {
  return sql`
    update pull_request_look set claimed = null, due = now() + make_interval(secs => ${seconds}),
      problem = ${problem}::text,
      looked = case when ${problem}::text is null then now() else looked end
    where app = ${app} and claim = ${claim}`
}

/** Rolls back its batch, by a division by zero, when another replica has the claim. */
export function mustHoldClaim({ app, claim }: SyncClaim): Statement {
  return sql`
    select 1 / count(*) from pull_request_look where app = ${app} and claim = ${claim}`
}

/** When the pull requests of an app were last synced, and why that fails now. */
export async function getSync(
  db: Database,
  app: string,
): Promise<{ looked: string | null; problem: string | null }> {
  const rows = await db.query<{ looked: string | null; problem: string | null }>(
    sql`select looked, problem from pull_request_look where app = ${app}`,
  )
  return rows[0] ?? { looked: null, problem: null }
}
