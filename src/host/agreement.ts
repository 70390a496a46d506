import type { Outage, OutagePage, PeerReport, RosterHost } from '#contract/host/roster.ts'

/**
 * The rules by which the hosts of an installation agree on who notifies people. Pure; times are in
 * milliseconds.
 */

/** A host waits this long for those before it. */
export const takeOverMs = 60_000

/** Whether another host comes before this one. */
export function comesBefore(hosts: readonly RosterHost[], other: string, own: string): boolean {
  const place = hosts.findIndex(({ id }) => id === other)
  const ownPlace = hosts.findIndex(({ id }) => id === own)
  return place !== -1 && (ownPlace === -1 || place < ownPlace)
}

/** Whether a host sends, by the last time that one before it could. */
export const maySend = (
  hosts: readonly RosterHost[],
  own: string,
  { heard, now }: { heard: number; now: number },
): boolean => hosts.every(({ id }) => !comesBefore(hosts, id, own)) || now - heard >= takeOverMs

/** Whether what another host says means that this one waits for it. */
export const isHeard = (
  hosts: readonly RosterHost[],
  own: string,
  { host, canSend }: Pick<PeerReport, 'host' | 'canSend'>,
): boolean => canSend && comesBefore(hosts, host, own)

/**
 * What a host knows after it has heard what another one knows. The order in which hosts hear of
 * each other, and how often, makes no difference to what was sent and answered. An outage of
 * another identity changes nothing.
 */
export function mergeOutages(own: Outage | null, other: Outage | null): Outage | null {
  if (other === null || own === null)
    return own ?? (other?.ended === null ? { ...other, secret: '' } : null)
  if (own.alert !== other.alert) return own
  const later = isLater(other, own) ? other : own
  const drop = (page: OutagePage): OutagePage =>
    page.state === 'pending' && page.occurrence < later.occurrence
      ? { ...page, state: 'dropped' }
      : page
  const pages = unite([...own.pages, ...other.pages].map(drop), ({ id }) => id, furtherPage)
  return {
    ...own,
    ...{ since: Math.max(own.since, other.since), began: Math.min(own.began, other.began) },
    ...{ occurrence: later.occurrence, step: later.step },
    next: nextOf(own, other, later),
    answers: unite([...own.answers, ...other.answers], ({ page }) => page, earlierAnswer).toSorted(
      (one, two) => one.time - two.time || one.page.localeCompare(two.page),
    ),
    pages: pages.toSorted((one, two) => one.id.localeCompare(two.id)),
  }
}

const isLater = (one: Outage, two: Outage): boolean =>
  one.occurrence === two.occurrence ? one.step > two.step : one.occurrence > two.occurrence

/** When the next step is due: at the same step, the earlier of both times. */
function nextOf(own: Outage, other: Outage, later: Outage): number | null {
  if (own.ended !== null) return own.next
  if (isLater(own, other) || isLater(other, own)) return later.next
  const times = [own.next, other.next].filter((time) => time !== null)
  return times.length === 0 ? null : Math.min(...times)
}

const ranks = { pending: 0, dropped: 0, failed: 1, sent: 2 } as const
const rank = (page: OutagePage): number => ranks[page.state]

/** A message that was sent counts before one that a channel refused, and that one before others. */
function furtherPage(one: OutagePage, two: OutagePage): OutagePage {
  if (rank(one) !== rank(two)) return rank(one) > rank(two) ? one : two
  if (one.sent !== two.sent) return (one.sent ?? 0) < (two.sent ?? 0) ? one : two
  const isDropped = one.state === 'dropped' || two.state === 'dropped'
  return {
    ...one,
    ...(isDropped ? { state: 'dropped' } : {}),
    ...{ tries: Math.max(one.tries, two.tries), due: Math.max(one.due, two.due) },
    problem: (one.problem ?? '') >= (two.problem ?? '') ? one.problem : two.problem,
  }
}

type Given = Outage['answers'][number]
const earlierAnswer = (one: Given, two: Given): Given => (two.time < one.time ? two : one)

/** One item for each key. */
function unite<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  choose: (one: T, two: T) => T,
): T[] {
  const found = new Map<string, T>()
  for (const item of items) {
    const known = found.get(keyOf(item))
    found.set(keyOf(item), known === undefined ? item : choose(known, item))
  }
  return [...found.values()]
}
