import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'
import { pipelineFile } from '#contract/pipeline-file/pipeline-file.ts'

/** Stores the app `shop` whose release 1, of a fairlead.yaml, is live in an environment. */
export async function storeLiveRelease(
  db: Database,
  environment: string,
  file: Record<string, unknown>,
): Promise<void> {
  const definition = JSON.stringify(
    pipelineFile.parse({ ...file, environments: { [environment]: {} } }),
  )
  const sha = 'a'.repeat(40)
  await db.batch([
    sql`insert into app (name, repository, branch) values ('shop', '{"kind": "hosted"}', 'main')`,
    sql`insert into environment (app, name, position) values ('shop', ${environment}, 0)`,
    sql`insert into artifact (digest, app, run, size) values ('sha256:0', 'shop', 1, 1)`,
    sql`insert into change (app, sha, branch, subject, author, committed, chain)
      values ('shop', ${sha}, 'main', 'x', ${{ name: 'Ada', email: 'a@x' }}::jsonb, now(), 'c-1')`,
    sql`insert into release (id, app, environment, artifact, configuration, run, sha, definition)
      overriding system value values (1, 'shop', ${environment}, 'sha256:0', 0, 1, ${sha},
        ${definition}::json)`,
    sql`insert into deployment (id, app, environment, kind, state, run, release, actor, workflow,
        live)
      overriding system value values (1, 'shop', ${environment}, 'delivery', 'live', 1, 1, 'Ada',
        'w', now())`,
  ])
}
