import type { NewEvent } from '#contract/events.ts'
import { endDeployment, openDeployments } from '#domains/deployment/store.ts'
import { closeSteps, endRun } from '#domains/pipeline/store.ts'
import { type OpenRun, openRuns } from '#views/run.ts'
import { appendEvent } from '#engine/events.ts'
import { endsOf } from '#engine/records.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { endOfCancelled } from '#flows/pull-request/run.ts'

/**
 * Closes runs and deployments whose workflow ended without closing them, because it was cancelled
 * before it started, or broke (an unknown version, a bug). Returns how many were closed.
 */
export async function closeAbandoned(db: Database): Promise<number> {
  const [runs, deployments] = await Promise.all([openRuns(db), openDeployments(db)])
  const ends = new Map(
    (
      await endsOf(db, [
        ...runs.map((run) => `delivery/${run.id}`),
        ...deployments.map((one) => one.workflow),
      ])
    ).map((end) => [end.id, end]),
  )
  let closed = 0
  for (const run of runs) {
    const end = ends.get(`delivery/${run.id}`)
    if (!end) continue
    const { state, reason } = await endOf(db, run, end)
    const event: NewEvent = {
      type: 'dev.cdevents.pipelinerun.finished',
      subject: `run/${run.id}`,
      chain: run.chain,
      app: run.app,
      data: { outcome: 'failure', state, reason },
    }
    await db.batch([
      closeSteps(run.id, state === 'failed' ? 'failed' : 'cancelled'),
      endRun(run.id, state, reason),
      appendEvent(event),
    ])
    closed += 1
  }
  for (const one of deployments) {
    const end = ends.get(one.workflow)
    if (!end) continue
    await db.batch([
      endDeployment(
        one.id,
        end.state === 'cancelled' ? 'cancelled' : 'failed',
        end.reason ?? 'its workflow ended',
      ),
    ])
    closed += 1
  }
  return closed
}

async function endOf(
  db: Database,
  { app, id: run, pullRequest }: OpenRun,
  end: { state: string; reason: string | null },
): Promise<{ state: 'cancelled' | 'superseded' | 'failed'; reason: string }> {
  if (end.state !== 'cancelled')
    return {
      state: 'failed',
      reason: `the delivery broke: ${end.reason ?? 'no reason was recorded'}`,
    }
  return pullRequest === null
    ? { state: 'cancelled', reason: 'cancelled' }
    : endOfCancelled(db, { app, run, pullRequest })
}
