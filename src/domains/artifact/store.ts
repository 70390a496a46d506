import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export interface Artifact {
  digest: string
  app: string
  /** the first run of the branch that built it, or a run of a pull request */
  run: number
}

/**
 * Records an artifact. The same content built again stays one artifact of the first run; a run of
 * the branch replaces one of a pull request.
 */
export function insertArtifact(
  artifact: Artifact & { size: number; isFromPullRequest: boolean },
): Statement {
  const { digest, app, run, size, isFromPullRequest } = artifact
  return sql`insert into artifact (digest, app, run, size, from_pull_request)
    values (${digest}, ${app}, ${run}, ${size}, ${isFromPullRequest})
    on conflict (digest) do update set removed = null,
      run = case when artifact.from_pull_request then excluded.run else artifact.run end,
      from_pull_request = artifact.from_pull_request and excluded.from_pull_request`
}

export async function getArtifact(db: Database, digest: string): Promise<Artifact | null> {
  const rows = await db.query<Artifact>(
    sql`select digest, app, run from artifact where digest = ${digest}`,
  )
  return rows[0] ?? null
}

/** Digests of the artifacts whose content is kept. */
export async function listKept(db: Database): Promise<string[]> {
  const rows = await db.query<{ digest: string }>(
    sql`select digest from artifact where removed is null`,
  )
  return rows.map(({ digest }) => digest)
}

/** Which of these artifacts still have their content. */
export async function keptOf(db: Database, digests: string[]): Promise<Set<string>> {
  const rows = await db.query<{ digest: string }>(
    sql`select digest from artifact where removed is null and digest = any(${digests}::text[])`,
  )
  return new Set(rows.map(({ digest }) => digest))
}

/**
 * Marks as removed every artifact that is older than ten minutes, not in use, and not among the
 * newest that the branch of its app built. Returns the removed artifacts; their content is deleted
 * afterwards.
 */
export async function removeArtifacts(
  db: Database,
  { newest, inUse }: { newest: number; inUse: string[] },
): Promise<Artifact[]> {
  return db.query<Artifact>(sql`update artifact set removed = now()
    where removed is null and created < now() - interval '10 minutes'
      and digest <> all(${inUse}::text[]) and digest not in (
        select digest from (
          select digest, row_number() over (partition by app order by run desc) as age
          from artifact where not from_pull_request) numbered
        where age <= ${newest})
    returning digest, app, run`)
}

/** Takes back the removal of an artifact whose content was not deleted yet. */
export function restoreArtifacts(digests: string[]): Statement {
  return sql`update artifact set removed = null where digest = any(${digests}::text[])`
}
