import { readdir, rm } from 'node:fs/promises'
import { deleteOldOverrides } from '#domains/oncall/store.ts'
import { resolutions } from '#contract/signal/signal.ts'
import { deleteOldReports } from '#domains/alert/external-store.ts'
import { deleteOldDraws } from '#domains/experiment/draw-store.ts'
import { deleteOldExperimentRuns } from '#domains/experiment/store.ts'
import { deleteOldAlerts } from '#domains/alert/store.ts'
import {
  hideArtifacts,
  listKept,
  removeArtifacts,
  restoreArtifacts,
} from '#domains/artifact/store.ts'
import { artifactsInUse } from '#domains/deployment/artifacts-in-use.ts'
import { deleteOldErrors } from '#domains/error/store.ts'
import { manifestsOf } from '#domains/evidence/store.ts'
import { listEndedRuns } from '#domains/pipeline/store.ts'
import { trimCaches } from '#domains/pipeline/cache-store.ts'
import { deleteClosed } from '#domains/pull-request/store.ts'
import { deleteOldRequestCounts } from '#domains/signal/request-count.ts'
import { deleteOld } from '#domains/signal/store.ts'
import { deleteReports } from '#domains/report/store.ts'
import { runsWithOldReports } from '#views/report.ts'
import { deleteOldIncidents } from '#domains/incident/store.ts'
import { deleteExpired } from '#domains/forge/webhook-store.ts'
import { deleteOldSteps } from '#engine/records.ts'
import { runFolders } from '#platform/home.ts'
import { collectGarbage } from '#platform/oci/oci.ts'
import { cleanJobRuns } from '#flows/job/advance.ts'
import { cleanMachineRuns } from '#flows/machine/clean.ts'
import { cleanCaches } from '#flows/step/cache.ts'
import type { Dependencies } from '#flows/dependencies.ts'

/**
 * Number of an app's newest runs whose artifacts are kept, besides artifacts that run or are a
 * rollback target.
 */
const artifactsKept = 10
/** Hours for which the workspace of a failed run is kept for inspection. */
const workspaceHours = 24
/** Number of an app's newest runs whose reports are kept. */
const reportsKept = 200
/** Days for which a closed pull request is kept; its runs remain. */
const pullRequestDays = 90
/** Days for which a resolved alert is kept. */
const alertDays = 400
/** Days for which a closed incident is kept. */
const incidentDays = 1200
/** Days for which recorded steps of ended workflows are kept; events and domain tables remain. */
const stepDays = 7

/**
 * Removes old workspaces, and artifacts that are neither among the newest of an app, nor live, nor
 * among the last ten that were live. Safe to run at any time and on every replica.
 */
export async function clean(
  deps: Dependencies,
): Promise<{ artifacts: number; workspaces: number }> {
  await deleteOldSteps(deps.db, stepDays)
  await deps.db.batch(deleteReports(await runsWithOldReports(deps.db, reportsKept)))
  await deps.db.query(deleteExpired())
  await deps.db.query(deleteClosed(pullRequestDays))
  await deps.db.query(deleteOldAlerts(alertDays))
  await deps.db.batch([deleteOldExperimentRuns(), deleteOldDraws()])
  await deps.db.query(deleteOldIncidents(incidentDays))
  await deps.db.batch(deleteOldReports())
  await deps.db.query(deleteOldOverrides(alertDays))
  await cleanJobRuns(deps)
  await cleanMachineRuns(deps)
  await deps.db.batch(deleteOldErrors(deps.errorBudget))
  await deps.db.query(deleteOldRequestCounts())
  await deps.db.batch(deleteOld(resolutions, deps.signalBudget))
  await cleanCaches(deps, (bytes) => trimCaches(deps.db, bytes), deps.cacheBudget)
  return { artifacts: await cleanArtifacts(deps), workspaces: await cleanWorkspaces(deps) }
}

async function cleanArtifacts(deps: Dependencies): Promise<number> {
  const { db } = deps
  // Hidden first, so that no rollback selects an artifact without content.
  const hidden = await hideArtifacts(db, {
    newest: artifactsKept,
    inUse: await artifactsInUse(db, artifactsKept),
  })
  // A deployment that started meanwhile keeps its artifact.
  const inUse = new Set(hidden.length > 0 ? await artifactsInUse(db, artifactsKept) : [])
  const gone = hidden.filter((digest) => !inUse.has(digest))
  const [, removed = []] = await db.batch([
    restoreArtifacts(hidden.filter((digest) => inUse.has(digest))),
    removeArtifacts(gone),
  ])
  const kept = await listKept(db)
  const manifests = await manifestsOf(db, kept)
  await collectGarbage({ layout: deps.home.artifacts, keep: [...kept, ...manifests] })
  return removed.length
}

async function cleanWorkspaces(deps: Dependencies): Promise<number> {
  const ended = await listEndedRuns(deps.db, { hours: workspaceHours, limit: 500 })
  const present = new Set(await readdir(deps.home.runs).catch(() => []))
  const old = ended.filter((run) => present.has(String(run)))
  await Promise.all(
    old.flatMap((run) => {
      const { workspace, tmp, home } = runFolders(deps.home, run)
      return [workspace, tmp, home].map((folder) => rm(folder, { recursive: true, force: true }))
    }),
  )
  return old.length
}
