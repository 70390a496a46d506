import { beginSchedule, claimScheduled, newestDue } from '#domains/pipeline/schedule.ts'
import { getChange } from '#domains/source/store.ts'
import type { Engine } from '#engine/workflow.ts'
import { type Database, sqlState } from '#platform/postgres/postgres.ts'
import { scheduledApps } from '#views/schedule.ts'
import { queueDelivery } from './queue.ts'

/**
 * Queues the scheduled runs that are due, and returns how many. Each is queued once, whichever
 * replica is first; when several were missed, one run makes up for them.
 */
export async function startScheduled(db: Database, engine: Engine, now: Date): Promise<number> {
  let started = 0
  for (const { app, head, patterns, last } of await scheduledApps(db)) {
    if (last === null) {
      await db.query(beginSchedule(app, now))
      continue
    }
    // The newest time, so that two replicas claim the same one.
    const due = newestDue(patterns, new Date(last), now)
    if (due === null || head === null) continue
    const change = await getChange(db, app, head)
    if (!change) continue
    const { run, statements } = await queueDelivery(db, engine, change, {
      actor: 'schedule',
      retryOf: null,
      trigger: 'schedule',
    })
    const isMine = await db.batch([claimScheduled(app, due, run), ...statements]).then(
      () => true,
      (error: unknown) => {
        if (sqlState(error) === '23505') return false
        throw error
      },
    )
    if (isMine) started += 1
  }
  return started
}
