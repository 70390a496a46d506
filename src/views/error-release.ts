import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** The release that an event comes from. */
export interface Ran {
  release: number
  environment: string
  artifact: string
  services: string[]
}

/** What an SDK states about the release that an event comes from. */
export interface Stated {
  app: string
  release: string | null
  environment: string | null
}

/** The number that Fairlead gave a release (`shop@42+1f2e3d4`); 0 when the text has none. */
export const numberOf = (release: string | null): number =>
  Number(/@(\d{1,15})\+/.exec(release ?? '')?.[1] ?? 0)

/**
 * The release that an SDK states: by the number that Fairlead gave it (`shop@42+1f2e3d4`), or by a
 * commit; otherwise the one that is live in the environment, or in the last one. Null when nothing
 * was ever live.
 */
export async function whatRan(
  db: Database,
  { app, release, environment }: Stated,
): Promise<Ran | null> {
  const sha = /(?:^|[@+-])([0-9a-f]{7,64})$/.exec(release ?? '')?.[1] ?? ''
  const rows = await db.query<Ran>(sql`
    with found as (
      select id, 0 as rank, 0 as place from release where app = ${app} and id = ${numberOf(release)}
      union all
      select id, case when environment = ${environment ?? ''} then 1 else 2 end, 0 from release
        where app = ${app} and ${sha} <> '' and starts_with(sha, ${sha})
      union all
      select d.release, case when d.environment = ${environment ?? ''} then 3 else 4 end,
          -e.position
        from deployment d join environment e on e.app = d.app and e.name = d.environment
        where d.app = ${app} and d.state = 'live' and e.pull_request is null
    )
    select r.id as release, r.environment, r.artifact,
      coalesce((select json_agg(name) from json_object_keys(
        case when json_typeof(r.definition->'services') = 'object'
          then r.definition->'services' else '{}' end) as name), '[]') as services
    from found f join release r on r.id = f.id
    order by f.rank, f.place, r.id desc limit 1`)
  return rows[0] ?? null
}

/** The artifacts of releases, by their numbers. */
export async function artifactsOf(db: Database, releases: number[]): Promise<Map<number, string>> {
  const rows = await db.query<{ id: number; artifact: string }>(
    sql`select id, artifact from release where id = any(${releases}::bigint[])`,
  )
  return new Map(rows.map(({ id, artifact }) => [id, artifact]))
}
