import { appendEventForEach } from '#engine/events.ts'
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

/** Digests of the artifacts whose content is kept, hidden ones included. */
export async function listKept(db: Database): Promise<string[]> {
  const rows = await db.query<{ digest: string }>(
    sql`select digest from artifact where removed is null or removed = 'infinity'`,
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
 * Takes away, for rollbacks and deployments, every artifact that is older than ten minutes, not in
 * use, and not among the newest that the branch of its app built. Returns the digests of these
 * artifacts, and of those whose removal was interrupted.
 */
export async function hideArtifacts(
  db: Database,
  { newest, inUse }: { newest: number; inUse: string[] },
): Promise<string[]> {
  const rows = await db.query<{ digest: string }>(sql`update artifact set removed = 'infinity'
    where removed = 'infinity' or (removed is null and created < now() - interval '10 minutes'
      and digest <> all(${inUse}::text[]) and digest not in (
        select digest from (
          select digest, row_number() over (partition by app order by run desc) as age
          from artifact where not from_pull_request) numbered
        where age <= ${newest}))
    returning digest`)
  return rows.map(({ digest }) => digest)
}

/** Takes back that artifacts are hidden. */
export function restoreArtifacts(digests: string[]): Statement {
  return sql`update artifact set removed = null
    where removed = 'infinity' and digest = any(${digests}::text[])`
}

/** Marks hidden artifacts as removed, with an event for each; their content is deleted next. */
export function removeArtifacts(digests: string[]): Statement {
  return appendEventForEach(
    'dev.cdevents.artifact.deleted',
    sql`update artifact set removed = now()
      where removed = 'infinity' and digest = any(${digests}::text[])
      returning 'artifact/' || digest as subject, 'app/' || app as chain, app,
        jsonb_build_object('run', run) as data`,
  )
}
