import type { StoredEvent } from '#contract/event/event.ts'
import type { Caller, SomeHandlers } from '#contract/handler.ts'
import { may, visibleApps } from '#contract/access/grants.ts'
import { followEvents, readEvents } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'

/** From where somebody did something is for admins to see, and for themselves. */
function forCaller(event: StoredEvent, caller: Caller): StoredEvent {
  if (event.by === null || event.actor === caller.name || may(caller, 'admin', null)) return event
  return { ...event, by: { ...event.by, address: null } }
}

export function eventHandlers(db: Database): SomeHandlers<'listEvents' | 'followEvents'> {
  return {
    listEvents: async ({ query }, caller) => {
      const events = await readEvents(db, { ...query, apps: visibleApps(caller) })
      return { events: events.map((event) => forCaller(event, caller)) }
    },
    followEvents: async function* ({ query }, caller, signal) {
      for await (const event of followEvents(db, { ...query, apps: visibleApps(caller) }, signal))
        yield { id: String(event.id), data: forCaller(event, caller) }
    },
  }
}
