import { roleFor, visibleApps } from '#contract/access/grants.ts'
import { mayDo } from '#contract/endpoint.ts'
import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import type { MonitorDetail } from '#contract/monitor/monitor.ts'
import { listPlaceSilences } from '#domains/alert/silence-store.ts'
import { getBeats, recordCall } from '#domains/monitor/heartbeat-store.ts'
import { byState, shownDuring } from '#domains/monitor/maintenance.ts'
import { getMonitor, listMonitors } from '#domains/monitor/store.ts'
import { readEvents } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'

export interface MonitorHandlersOptions {
  db: Database
  publicUrl: string
}

const mostChanges = 50

export function monitorHandlers({
  db,
  publicUrl,
}: MonitorHandlersOptions): SomeHandlers<'listMonitors' | 'getMonitor' | 'receiveHeartbeat'> {
  return {
    listMonitors: async ({ query: { state, ...filter } }, caller) => {
      const [all, silences] = await Promise.all([
        listMonitors(db, { ...filter, apps: visibleApps(caller) }),
        listPlaceSilences(db),
      ])
      const monitors = byState(all.map((one) => shownDuring(one, silences)))
      return { monitors: monitors.filter((one) => state === undefined || one.state === state) }
    },
    getMonitor: async ({ params: { app, monitor: id } }, caller) => {
      const found = await getMonitor(db, app, id)
      if (!found) throw new FairleadError('not_found', { kind: 'monitor', id: String(id) })
      const { stored, ...monitor } = found
      const { environment, name, kind } = monitor
      const hasCall =
        kind === 'heartbeat' && environment !== null && mayDo(roleFor(caller, app), 'developer')
      const beats = hasCall ? await getBeats(db, { app, environment, name }) : null
      return {
        ...shownDuring(monitor, await listPlaceSilences(db)),
        ...{ settings: stored?.check ?? null, every: stored?.every ?? null },
        needs: stored?.needs ?? [],
        changes: await changesOf(db, app, id),
        call: beats && `${publicUrl}/api/v1/heartbeats/${beats.key}`,
      }
    },
    receiveHeartbeat: async ({ params: { key }, query }) => {
      if (await recordCall(db, key, query)) return { done: true }
      throw new FairleadError('not_found', { kind: 'heartbeat', id: `${key.slice(0, 4)}…` })
    },
  }
}

async function changesOf(db: Database, app: string, id: number): Promise<MonitorDetail['changes']> {
  const events = await readEvents(db, {
    ...{ app, subject: `monitor/${id}`, limit: mostChanges },
    type: 'dev.cdeventsx.fairlead-monitor.changed',
  })
  return events.map(({ time, data }) => {
    const { state, reason } = data as Pick<MonitorDetail, 'state' | 'reason'>
    return { time, state, reason }
  })
}
