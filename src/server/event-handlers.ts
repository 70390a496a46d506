import { toCdEvent } from '#contract/event/cdevent.ts'
import type { StoredEvent } from '#contract/event/event.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import { may, visibleApps } from '#contract/access/grants.ts'
import { followEvents, readEvents } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'

/** Hides the address of an actor from everyone but the actor and admins. */
function forCaller(event: StoredEvent, caller: Caller): StoredEvent {
  if (event.by === null || event.actor === caller.name || may(caller, 'admin', null)) return event
  return { ...event, by: { ...event.by, address: null } }
}

type EventEndpoints = 'listEvents' | 'listCdEvents' | 'followEvents'

/** `publicUrl` is the source of the CDEvents. */
export function eventHandlers(db: Database, publicUrl: string): SomeHandlers<EventEndpoints> {
  return {
    listEvents: async ({ query }, caller) => {
      const events = await readEvents(db, { ...query, apps: visibleApps(caller) })
      return { events: events.map((event) => forCaller(event, caller)) }
    },
    listCdEvents: async ({ query }, caller) => {
      const events = await readEvents(db, { ...query, apps: visibleApps(caller) })
      return { events: events.map((event) => toCdEvent(event, publicUrl)) }
    },
    followEvents: async function* ({ query }, caller, signal) {
      for await (const event of followEvents(db, { ...query, apps: visibleApps(caller) }, signal))
        yield { id: String(event.id), data: forCaller(event, caller) }
    },
  }
}
