import type { Actor } from '#contract/event/event.ts'
import { deleteEnvironment } from '#domains/deployment/store.ts'
import { deleteDrift } from '#domains/drift/store.ts'
import { deleteDraws } from '#domains/experiment/draw-store.ts'
import { deleteExperimentRuns } from '#domains/experiment/store.ts'
import { deleteJobs } from '#domains/job/store.ts'
import { deleteMaintenance } from '#domains/maintenance/store.ts'
import { deleteMachines } from '#domains/machine/store.ts'
import { deleteRehearsals } from '#domains/rehearsal/store.ts'
import { deleteScales } from '#domains/scale/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Dependencies } from '#flows/dependencies.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { liveDeployment } from '#views/deployment.ts'
import { removeFromTargets } from './targets.ts'

export interface Removal {
  app: string
  name: string
  /** one sentence without a full stop */
  reason: string
  chain: string
  actor?: Actor
  pullRequest?: number
  /** statements of the same transaction */
  also?: Statement[]
}

/**
 * Stops the services of an environment, frees its routes and its port, and deletes it. Its
 * deployments, releases and configuration remain.
 */
export async function removeEnvironment(
  deps: Pick<Dependencies, 'db' | 'targets'>,
  { app, name, reason, chain, actor, pullRequest, also = [] }: Removal,
): Promise<void> {
  const keys = {
    ...{ subject: `environment/${app}/${name}`, chain, app },
    ...(actor === undefined ? {} : { actor }),
  }
  const data = { reason, ...(pullRequest === undefined ? {} : { pullRequest }) }
  const live = await liveDeployment(deps.db, app, name)
  // The rows go last: while they exist, an interrupted removal can be repeated.
  await removeFromTargets(deps, app, name)
  await deps.db.batch([
    ...also,
    ...deleteEnvironment({ app, name, reason }),
    deleteRehearsals(app, name),
    ...deleteDrift(app, name),
    ...deleteJobs(app, name),
    ...deleteMachines(app, name),
    deleteMaintenance(app, name),
    deleteScales(app, name),
    deleteExperimentRuns(app, name),
    deleteDraws(app, name),
    ...(live === null
      ? []
      : [
          appendEvent({
            ...keys,
            type: 'dev.cdevents.service.removed',
            data: { ...data, environment: name },
          }),
        ]),
    appendEvent({ ...keys, type: 'dev.cdevents.environment.deleted', data }),
  ])
}
