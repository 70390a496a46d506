import type { StoredEvent } from '#contract/event/event.ts'

/**
 * Leaves out a reason that an earlier event has given: a step fails, then its run, each for the
 * same reason. The events are newest first.
 */
export function withoutRepeatedReasons(events: StoredEvent[]): StoredEvent[] {
  const given: string[] = []
  return events
    .toReversed()
    .map((event) => {
      const reason = event.data['reason']
      if (typeof reason !== 'string' || reason === '') return event
      if (given.some((earlier) => reason.includes(earlier)))
        return { ...event, data: { ...event.data, reason: null } }
      given.push(reason)
      return event
    })
    .toReversed()
}
