import type { Channel, Urgency } from '#contract/alert/alert.ts'

export interface Recipient {
  channel: string
  person: string | null
  /** why this person or channel gets it, without full stop */
  reason: string
}

/** At most so many suspects get a message of their own. */
export const mostPeople = 3

/**
 * The channel to try after one that failed: of the person's channels, the first one after it that
 * was not tried yet, or else the first of them.
 */
export function nextChannel(
  { channel, person }: Pick<Recipient, 'channel' | 'person'>,
  urgency: Urgency,
  channels: readonly Channel[],
  tried: readonly string[],
): string | null {
  if (person === null) return null
  const own = channels.filter(
    (one) => one.person === person && (one.urgency === 'low' || urgency === 'high'),
  )
  const at = own.findIndex(({ name }) => name === channel)
  const inOrder = [...own.slice(at + 1), ...own.slice(0, Math.max(0, at))]
  return inOrder.find(({ name }) => !tried.includes(name))?.name ?? null
}

/** So many refusals mean that a message does not arrive for now, and that the next step is due. */
export const manyTries = 5
/** About a day of attempts. */
const mostTries = 100
const longPause = 900

/** Seconds for which a message waits for a channel that is full, while there is another one. */
export const longestWait = 60

/**
 * Seconds until a refused message is tried again; null to give it up. With another channel to try,
 * a second refusal is enough, or one that says `full` for more than a minute; a call or an SMS is
 * given up soon, because it would come too late.
 */
export function pauseAfter(
  tries: number,
  { hasNext, isCall, full = null }: { hasNext: boolean; isCall: boolean; full?: number | null },
): number | null {
  if (hasNext && (full ?? 0) > longestWait) return null
  const pause = (hasNext ? [5] : [5, 15, 60, 300])[tries - 1]
  const seconds = pause ?? (hasNext || isCall || tries >= mostTries ? null : longPause)
  return seconds === null ? null : Math.max(seconds, full ?? 0)
}
