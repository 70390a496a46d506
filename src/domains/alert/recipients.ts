import type { Channel, Suspect, Urgency } from '#contract/alert/alert.ts'

export interface Recipient {
  channel: string
  person: string | null
  /** why this person or channel gets it, without full stop */
  reason: string
}

/** At most so many suspects are told themselves. */
const mostPeople = 3

/**
 * Who gets a message: the first channel of each of the first suspects, and every shared channel.
 * `missing` names suspects without a channel.
 */
export function recipientsOf(
  urgency: Urgency,
  suspects: Suspect[],
  channels: Channel[],
): { recipients: Recipient[]; missing: string[] } {
  const wanted = channels.filter((one) => one.urgency === 'low' || urgency === 'high')
  const people = suspects.slice(0, mostPeople).map((suspect) => ({
    suspect,
    own: wanted.find(({ person }) => person !== null && person === suspect.user),
  }))
  const own = people.flatMap(({ suspect, own: channel }) =>
    channel ? [{ channel: channel.name, person: suspect.user, reason: suspect.reason }] : [],
  )
  const shared = wanted
    .filter(({ person }) => person === null)
    .map(({ name }) => ({ channel: name, person: null, reason: 'it is a shared channel' }))
  return {
    recipients: [...own, ...shared],
    missing: people.flatMap(({ suspect, own: channel }) => (channel ? [] : [suspect.name])),
  }
}

/** The channel to try after one that failed: the next one of the same person, if there is one. */
export function nextChannel(
  { channel, person }: Pick<Recipient, 'channel' | 'person'>,
  urgency: Urgency,
  channels: Channel[],
): string | null {
  if (person === null) return null
  const own = channels.filter(
    (one) => one.person === person && (one.urgency === 'low' || urgency === 'high'),
  )
  const at = own.findIndex(({ name }) => name === channel)
  return own[at + 1]?.name ?? null
}

/** Seconds until a refused message is tried again; null to give it up. */
export function pauseAfter(tries: number): number | null {
  return [5, 15, 60, 300][tries - 1] ?? null
}
