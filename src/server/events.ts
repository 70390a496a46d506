import type { SomeHandlers } from '#contract/handler.ts'
import { followEvents, readEvents } from '#engine/events.ts'
import type { Database } from '#platform/postgres.ts'

export function eventHandlers(db: Database): SomeHandlers<'listEvents' | 'followEvents'> {
  return {
    listEvents: async ({ query }) => ({ events: await readEvents(db, query) }),
    followEvents: async function* ({ query }, _caller, signal) {
      for await (const event of followEvents(db, query, signal)) yield { id: String(event.id), data: event }
    },
  }
}
