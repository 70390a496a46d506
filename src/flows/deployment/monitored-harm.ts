import { blameOf, type Harm, listHarm } from '#domains/monitor/blame.ts'
import { readEvents } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'

/** A monitor that was down this often in the day before a release goes down by itself. */
const restless = 2
const dayMs = 86_400_000

/** The harm of a release, as one sentence, and whether its cause is certain by now. */
export interface MonitoredHarm {
  reason: string
  isSettled: boolean
}

/** What a monitor found since a release got the traffic; null for nothing. */
export async function monitoredHarm(
  db: Database,
  release: { app: string; environment: string; live: number; now: number },
): Promise<MonitoredHarm | null> {
  const all = await listHarm(db)
  const blame = blameOf(release, all)
  if (!blame || (await isRestless(db, blame.harm, release.live))) return null
  const { harm, isSettled } = blame
  return { reason: `the monitor ${harm.name} found harm: ${harm.reason}`, isSettled }
}

async function isRestless(db: Database, { id }: Harm, live: number): Promise<boolean> {
  const changes = await readEvents(db, {
    ...{ subject: `monitor/${id}`, type: 'dev.cdeventsx.fairlead-monitor.changed', limit: 100 },
    since: new Date(live - dayMs).toISOString(),
    until: new Date(live).toISOString(),
  })
  const isHarm = ({ state }: { state?: unknown }) => state === 'down' || state === 'degraded'
  return changes.filter(({ data }) => isHarm(data)).length >= restless
}
