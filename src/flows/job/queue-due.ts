import { admit, isScheduledIn, newestTime, type OpenRun } from '#domains/job/rules.ts'
import * as store from '#domains/job/store.ts'
import { appendEvent } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sqlState } from '#platform/postgres/postgres.ts'
import type { JobFile } from '#contract/pipeline-file/job-file.ts'
import { liveJobs, type LiveJobs } from '#views/job.ts'

export interface QueueParts {
  db: Database
  /** names a run on its target; never the same twice */
  makeKey(): string
}

/**
 * Queues the runs of jobs that are due. Each time of a schedule has one run, whichever server is
 * first; when several times were missed, one run makes up for them. The times of a schedule count
 * from when it was first seen.
 */
export async function queueDue(parts: QueueParts, now: Date): Promise<void> {
  const { db } = parts
  const [live, cursors, open] = await Promise.all([
    liveJobs(db),
    store.listCursors(db),
    store.openJobRuns(db),
  ])
  const known = new Set<store.Cursor>()
  for (const release of live) {
    for (const [name, file] of Object.entries(release.jobs)) {
      if (!isScheduledIn(file, release.environment)) continue
      const place = { app: release.app, environment: release.environment, name }
      const cursor = cursors.find((one) => isSame(one, place))
      const schedule = JSON.stringify([file.schedule, file.zone])
      if (cursor) known.add(cursor)
      // After a clock was set back, the times up to the cursor are due again; each has one run.
      if (cursor?.schedule !== schedule || Date.parse(cursor.due) > now.getTime()) {
        await db.query(store.setCursor(place, schedule, now))
        continue
      }
      const due = newestTime(file, new Date(cursor.due), now)
      if (due === null) continue
      const own = open.filter(
        ({ app, environment, job }) =>
          app === place.app && environment === place.environment && job === name,
      )
      await queue(parts, { release, name, file, schedule, due, now, own })
    }
  }
  for (const cursor of cursors) if (!known.has(cursor)) await db.query(store.deleteCursor(cursor))
}

const isSame = (one: store.JobPlace, other: store.JobPlace): boolean =>
  one.app === other.app && one.environment === other.environment && one.name === other.name

interface Due {
  release: LiveJobs
  name: string
  file: JobFile
  schedule: string
  due: Date
  now: Date
  /** the runs of the job that have not ended */
  own: OpenRun[]
}

async function queue({ db, makeKey }: QueueParts, one: Due): Promise<void> {
  const { release, name, file, schedule, due, now, own } = one
  const { app, environment, chain } = release
  const { state, reason } = admit(file, { due, now, open: own })
  const id = await store.nextJobRun(db)
  const run = {
    ...{ id, app, environment, job: name, key: makeKey(), command: file.run },
    ...{ service: file.service ?? null, timeout: file.timeout, late: file.late },
    ...{ overlaps: file.overlap === 'allow', trigger: 'schedule' as const, actor: 'schedule' },
    ...{ due, host: null, state, reason, terminal: null },
  }
  const data = { environment, job: name, release: null, state, exit: null, reason }
  const moved = store.setCursor({ app, environment, name }, schedule, due)
  const skipped = appendEvent({
    type: 'dev.cdeventsx.fairlead-job.ended',
    ...{ subject: `job-run/${id}`, chain, app, data },
  })
  try {
    await db.batch([store.insertJobRun(run), moved, ...(state === 'skipped' ? [skipped] : [])])
  } catch (error) {
    // Another server was first, or the clock was set back.
    if (sqlState(error) !== '23505') throw error
    await db.query(moved)
  }
}
