import { readdir, rm } from 'node:fs/promises'
import { trimCaches } from '#domains/pipeline/cache-store.ts'
import { forgetClosed } from '#domains/pull-request/store.ts'
import { forgetReports } from '#domains/report/store.ts'
import { forgetOld } from '#domains/forge/webhook-store.ts'
import { forgetSteps } from '#engine/records.ts'
import { sql } from '#platform/postgres/sql.ts'
import { runFolders } from '#platform/home.ts'
import { collectGarbage } from '#platform/oci/oci.ts'
import { cleanCaches } from '#flows/step/cache.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/**
 * Artifacts of this many of an app's newest runs are kept beside those that run or are a rollback
 * target.
 */
const artifactsKept = 10
/** Workspaces of failed runs are kept for a look this long. */
const workspaceHours = 24
/** Reports of this many of an app's newest runs are kept. */
const reportsKept = 200
/** Closed pull requests are remembered this long; their runs stay. */
const pullRequestDays = 90
/** Recorded results of ended workflows are kept this long; events and domain tables stay. */
const stepDays = 7

/**
 * Removes what nothing needs any more: old workspaces, and artifacts that are neither among an
 * app's newest, nor live anywhere, nor among the last ten that were. Safe to run at any time and on
 * every replica.
 */
export async function clean(
  deps: Dependencies,
): Promise<{ artifacts: number; workspaces: number }> {
  await forgetSteps(deps.db, stepDays)
  await forgetReports(deps.db, reportsKept)
  await deps.db.query(forgetOld())
  await deps.db.query(forgetClosed(pullRequestDays))
  await cleanCaches(deps, (bytes) => trimCaches(deps.db, bytes), deps.cacheBudget)
  return { artifacts: await cleanArtifacts(deps), workspaces: await cleanWorkspaces(deps) }
}

async function cleanArtifacts(deps: Dependencies): Promise<number> {
  // The row goes first, so that nothing is offered as a rollback target whose content is about to
  // go.
  const removed = await deps.db.query<{ digest: string }>(sql`update artifact set removed = now()
    where removed is null and created < now() - interval '10 minutes' and digest not in (
      select digest from (select a.digest, row_number() over (partition by a.app order by a.run desc) as age from artifact a
        where not exists (select from pipeline_run p where p.id = a.run and p.pull_request is not null)) newest where age <= ${artifactsKept}
      union select artifact from (
        select r.artifact, row_number() over (partition by d.app, d.environment order by d.id desc) as age
        from deployment d join release r on r.id = d.release
        join environment e on e.app = d.app and e.name = d.environment and e.pull_request is null where d.live is not null) recent where age <= ${artifactsKept}
      union select r.artifact from deployment d join release r on r.id = d.release
        where d.state in ('live', 'waiting', 'starting', 'verifying', 'canary', 'switching'))
    returning digest`)
  const kept = await deps.db.query<{
    digest: string
  }>(sql`select digest from artifact where removed is null
    union select e.manifest from evidence e join artifact a on a.digest = e.artifact where a.removed is null`)
  await collectGarbage({ layout: deps.home.artifacts, keep: kept.map((row) => row.digest) })
  return removed.length
}

async function cleanWorkspaces(deps: Dependencies): Promise<number> {
  const rows = await deps.db.query<{ id: number }>(sql`select id from pipeline_run
    where ended < now() - make_interval(hours => ${workspaceHours}) order by id desc limit 500`)
  const present = new Set(await readdir(deps.home.runs).catch(() => []))
  const old = rows.filter((row) => present.has(String(row.id)))
  await Promise.all(
    old.flatMap((row) => {
      const { workspace, tmp, home } = runFolders(deps.home, row.id)
      return [workspace, tmp, home].map((folder) => rm(folder, { recursive: true, force: true }))
    }),
  )
  return old.length
}
