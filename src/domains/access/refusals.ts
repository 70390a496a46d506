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
  /** how often it happened since it was recorded */
  more: number
}

export type Refusals = ReturnType<typeof createRefusals>

/**
 * Records refused requests in the event log: the first of a kind immediately, and its repetitions
 * within a minute as one event with their count. Counts that are not written yet are lost when the
 * server dies.
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
  const countOther = ({ type }: Refusal): void => {
    const event: Refusal = { type, subject: 'server', chain: 'server', data: { why: 'various' } }
    const others = counted.get(type) ?? { event, more: 0 }
    others.more += 1
    counted.set(type, others)
  }
  return {
    record: async (event: Refusal): Promise<void> => {
      const key = JSON.stringify([event.type, event.subject, event.actor, event.data])
      const same = counted.get(key)
      if (same) return void (same.more += 1)
      if (counted.size >= distinctPerMinute) return countOther(event)
      counted.set(key, { event, more: 0 })
      await write(event, 1)
    },
    /** Writes the counts. Call it once a minute, and before the server ends. */
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
