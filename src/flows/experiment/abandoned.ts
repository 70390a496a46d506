import { endExperimentRun, openExperimentRuns } from '#domains/experiment/store.ts'
import { appendEvent } from '#engine/events.ts'
import { endsOf } from '#engine/records.ts'
import type { Engine } from '#engine/workflow.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { listSuspended } from '#views/workflow.ts'

/**
 * Ends the runs of experiments whose workflow does not continue: it broke, was cancelled or is
 * suspended. The host undoes their faults without it.
 */
export async function closeAbandonedExperiments(
  db: Database,
  engine: Pick<Engine, 'cancel'>,
): Promise<void> {
  const open = await openExperimentRuns(db)
  if (open.length === 0) return
  const workflowOf = (id: number): string => `experiment/${id}`
  const ids = open.map(({ id }) => workflowOf(id))
  for (const { id } of await listSuspended(db, null)) if (ids.includes(id)) await engine.cancel(id)
  const ends = await endsOf(db, ids)
  for (const run of open) {
    const end = ends.find(({ id }) => id === workflowOf(run.id))
    if (!end) continue
    const reason = `its workflow ended: ${end.reason ?? end.state}`
    const { id, app, environment, name, plan } = run
    await db.batch([
      endExperimentRun(id, { state: 'unknown', reason }),
      appendEvent({
        type: 'dev.cdeventsx.fairlead-experiment.ended',
        ...{ subject: `experiment-run/${id}`, chain: `app/${app}`, app },
        data: {
          ...{ environment, name, service: plan.service, state: 'unknown', reason },
          noticedMs: null,
        },
      }),
    ])
  }
}
