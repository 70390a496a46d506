import type { Forge, ForgeReport } from '#contract/forge/forge.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { SealedValue } from '#platform/secret/secret-box.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { PendingReport } from './rules.ts'

export interface StoredForge extends Forge {
  /** sealed */
  token: string
  /** failed attempts in a row */
  failures: number
  /** increases with each claim */
  claim: number
}

const columns = sql`
  app, kind, url, repository, app_id as "appId", token, created, failures, claim,
  case when paused > now() then paused end as paused, problem`

export async function getForge(db: Database, app: string): Promise<StoredForge | null> {
  return (
    (await db.query<StoredForge>(sql`select ${columns} from forge where app = ${app}`))[0] ?? null
  )
}

/**
 * Connects an app to a forge. Another forge or repository receives all reports anew; a new token
 * receives those that the old one was refused.
 */
export function putForge(
  forge: Pick<StoredForge, 'app' | 'kind' | 'url' | 'repository' | 'appId' | 'token'>,
): Statement[] {
  const { app, kind, url, repository, appId, token } = forge
  return [
    sql`delete from forge where app = ${app}
      and (kind, url, repository) is distinct from (${kind}, ${url}, ${repository})`,
    sql`delete from forge_report where app = ${app} and problem is not null`,
    sql`insert into forge (app, kind, url, repository, app_id, token)
      values (${app}, ${kind}, ${url}, ${repository}, ${appId}, ${token})
      on conflict (app) do update set token = excluded.token, app_id = excluded.app_id,
        paused = null, failures = 0, problem = null`,
  ]
}

/** The context that the token of a forge is sealed with. */
export const sealedAs = (app: string): string => `forge/${app}`

/** All tokens, to seal them with a new key. */
export async function sealedTokens(db: Database): Promise<SealedValue[]> {
  const rows = await db.query<{ app: string; token: string }>(sql`select app, token from forge`)
  return rows.map(({ app, token }) => ({
    name: sealedAs(app),
    sealed: token,
    put: (resealed) =>
      sql`update forge set token = ${resealed} where app = ${app} and token = ${token}`,
  }))
}

export function deleteForge(app: string): Statement {
  return sql`delete from forge where app = ${app}`
}

/**
 * Claims the forges of these apps, except those that are paused or claimed; another replica may
 * claim them after `seconds`.
 */
export async function claimForges(
  db: Database,
  { apps, seconds, count }: { apps: string[]; seconds: number; count: number },
): Promise<StoredForge[]> {
  const isFree = sql`(paused is null or paused <= now()) and (claimed is null or claimed <= now())`
  return db.query<StoredForge>(sql`
    update forge set claim = claim + 1, claimed = now() + make_interval(secs => ${seconds})
    where ${isFree} and app in (
      select app from forge where ${isFree} and app = any(${apps}::text[]) order by app
      limit ${count})
    returning ${columns}`)
}

type ForgeClaim = Pick<StoredForge, 'app' | 'claim'>

/** Returns no row when another replica has the claim. */
export function extendClaim({ app, claim }: ForgeClaim, seconds: number): Statement {
  return sql`
    update forge set claimed = now() + make_interval(secs => ${seconds})
    where app = ${app} and claim = ${claim} returning app`
}

/** Records what was reported to the forge, or why the forge refused it. */
export function putReport(
  { app, subject, state }: Pick<PendingReport, 'app' | 'subject' | 'state'>,
  { remote, problem }: { remote: string | null; problem: string | null },
): Statement {
  return sql`
    insert into forge_report (app, subject, state, remote, problem)
    select app, ${subject}, ${state}, ${remote}, ${problem} from forge where app = ${app}
    on conflict (app, subject) do update set state = excluded.state,
      remote = coalesce(excluded.remote, forge_report.remote), problem = excluded.problem,
      told = clock_timestamp()`
}

/** Releases a claim; after a success, the forge counts as healthy again. */
export function releaseForge({ app, claim }: ForgeClaim, isHealthy: boolean): Statement {
  return isHealthy
    ? sql`update forge set claimed = null, failures = 0, paused = null, problem = null
        where app = ${app} and claim = ${claim}`
    : sql`update forge set claimed = null where app = ${app} and claim = ${claim}`
}

/** Releases a claim and sends the forge no requests for a while. */
export function pauseForge(
  { app, claim }: ForgeClaim,
  { pauseMs, problem }: { pauseMs: number; problem: string },
): Statement {
  return sql`
    update forge set claimed = null, failures = failures + 1, problem = ${problem},
      paused = now() + make_interval(secs => ${pauseMs / 1000})
    where app = ${app} and claim = ${claim}`
}

/** The latest reports, the newest first. */
export async function listReports(
  db: Database,
  app: string,
  limit: number,
): Promise<ForgeReport[]> {
  return db.query<ForgeReport>(sql`
    select subject, state, told, problem from forge_report where app = ${app}
    order by told desc, subject limit ${limit}`)
}
