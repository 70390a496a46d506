import type { Actor } from '#contract/event/event.ts'
import { nameOfActor } from '#contract/event/event.ts'
import * as store from '#domains/experiment/store.ts'
import { appendEvent } from '#engine/events.ts'
import { type EveryHost, tellEveryHost } from '#flows/host/every-host.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { HostClient } from '#platform/process/host-client.ts'

export interface StopParts {
  db: Database
  hosts: EveryHost<Pick<HostClient, 'faults'>>
}

/**
 * Undoes the faults of all hosts and allows no new ones. Returns whether every host has begun; one
 * that is away undoes its faults itself, because nothing renews their leases.
 */
export async function stopExperiments(
  { db, hosts }: StopParts,
  reason: string,
  actor: Actor,
): Promise<boolean> {
  const by = nameOfActor(actor)
  await db.batch([
    ...store.stopAllExperiments(reason, by),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-experiment.stopped',
      ...{ subject: 'server', chain: 'server', actor, data: { reason } },
    }),
  ])
  return tellEveryHost(hosts, async ({ faults }) => {
    for (const { id, state } of await faults.list())
      if (state === 'armed') await faults.undo(id, `${by} stopped all experiments`)
  })
}

export const allowExperiments = (db: Database, actor: Actor): Promise<unknown> =>
  db.batch([
    store.allowAllExperiments(),
    appendEvent({
      type: 'dev.cdeventsx.fairlead-experiment.allowed',
      ...{ subject: 'server', chain: 'server', actor, data: {} },
    }),
  ])
