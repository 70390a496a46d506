import type { NewEvent } from '#contract/events.ts'
import { appendEvent } from '#engine/events.ts'
import type { Logger } from '#platform/log.ts'
import type { Database } from '#platform/postgres/postgres.ts'

/** Distinct refusals recorded per minute; all others count as one, so that the log stays short. */
const distinctPerMinute = 20

type Refusal = NewEvent<
  'dev.cdeventsx.fairlead-session.refused' | 'dev.cdeventsx.fairlead-request.refused'
>

interface Counted {
  event: Refusal
  more: number
}

/**
 * What was refused, in the event log: the first of a kind at once, the others of that minute as one
 * event with their count. What was counted and not yet written is lost when the server dies.
 */
export function createRefusals({ db, log }: { db: Database; log: Logger }) {
  let counted = new Map<string, Counted>()
  const write = (event: Refusal, count: number): Promise<void> =>
    db
      .batch([appendEvent(withCount(event, count))])
      .then(() => undefined)
      .catch((error: Error) =>
        log.warn('a refusal could not be recorded', { error: error.message }),
      )
  return {
    note: async (event: Refusal): Promise<void> => {
      const key = JSON.stringify([event.type, event.subject, event.actor, event.data])
      const known = counted.get(key)
      if (known) return void (known.more += 1)
      if (counted.size >= distinctPerMinute) {
        const others: Refusal = {
          type: event.type,
          subject: 'server',
          chain: 'server',
          data: { why: 'various' },
        }
        const rest = counted.get(event.type) ?? { event: others, more: 0 }
        rest.more += 1
        return void counted.set(event.type, rest)
      }
      counted.set(key, { event, more: 0 })
      await write(event, 1)
    },
    /** To be called once a minute, and at the end. */
    flush: async (): Promise<void> => {
      const before = counted
      counted = new Map()
      for (const { event, more } of before.values()) if (more > 0) await write(event, more)
    },
  }
}

const withCount = (event: Refusal, count: number): Refusal =>
  event.type === 'dev.cdeventsx.fairlead-session.refused'
    ? { ...event, data: { ...event.data, count } }
    : { ...event, data: { ...event.data, count } }
