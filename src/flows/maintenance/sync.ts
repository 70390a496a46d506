import type { Actor } from '#contract/event/event.ts'
import type { Maintenance } from '#contract/maintenance/maintenance.ts'
import { endMaintenance, getMaintenance, listMaintenance } from '#domains/maintenance/store.ts'
import { appendEvent } from '#engine/events.ts'
import { type EveryHost, tellEveryHost } from '#flows/host/every-host.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { HostClient } from '#platform/process/host-client.ts'

export interface SyncMaintenanceParts {
  db: Database
  hosts: EveryHost<Pick<HostClient, 'setMaintenance'>>
  /** milliseconds since 1970 */
  now(): number
}

/** Records the pages whose time is over, and tells the host which ones are shown. */
export async function syncMaintenance(parts: SyncMaintenanceParts): Promise<void> {
  const { db, now } = parts
  for (const page of await listMaintenance(db)) if (isOver(page, now())) await end(db, page)
  await serveMaintenance(parts)
}

/** Whether the time of a page is over. */
export const isOver = ({ until }: Maintenance, now: number): boolean =>
  until !== null && Date.parse(until) <= now

/**
 * Returns whether every host shows the pages of the database. One that does not answer gets them
 * from a later run, and shows the last ones until then.
 */
export async function serveMaintenance({ db, hosts }: SyncMaintenanceParts): Promise<boolean> {
  const pages = (await listMaintenance(db)).map(({ app, environment, until }) => ({
    ...{ app, environment, until: until === null ? null : Date.parse(until) },
  }))
  return tellEveryHost(hosts, (host) => host.setMaintenance({ pages }))
}

/** Ends a page; `actor` is absent when its time is over. Nothing happens when it has ended. */
export async function end(db: Database, page: Maintenance, actor?: Actor): Promise<void> {
  const { app, environment, reason, until } = page
  try {
    await db.batch([
      endMaintenance(page),
      appendEvent({
        type: 'dev.cdeventsx.fairlead-maintenance.ended',
        ...{ subject: `environment/${app}/${environment}`, chain: `app/${app}`, app },
        ...(actor === undefined ? {} : { actor }),
        data: { environment, reason, isOver: actor === undefined },
      }),
    ])
  } catch (error) {
    const left = await getMaintenance(db, page)
    if (left?.until === until && left !== null) throw error
    if (left !== null && actor !== undefined) await end(db, left, actor)
  }
}
