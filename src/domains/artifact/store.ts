import { sql, type Statement } from '#platform/postgres/sql.ts'

/**
 * The same content built twice is one artifact, of the run that built it first; that of a pull
 * request counts less than one of the branch.
 */
export function insertArtifact(artifact: {
  digest: string
  app: string
  run: number
  size: number
}): Statement {
  return sql`insert into artifact (digest, app, run, size)
    values (${artifact.digest}, ${artifact.app}, ${artifact.run}, ${artifact.size}) on conflict (digest) do update set removed = null, run = case when exists (
      select from pipeline_run p where p.id = artifact.run and p.pull_request is not null) then excluded.run else artifact.run end`
}
