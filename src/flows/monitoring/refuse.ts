import type { Alert, Channel } from '#contract/alert/alert.ts'
import * as channelStore from '#domains/alert/channel-store.ts'
import { hurry } from '#domains/alert/escalation-store.ts'
import * as store from '#domains/alert/notification-store.ts'
import { longestWait, manyTries, nextChannel, pauseAfter } from '#domains/alert/recipients.ts'
import { addEntry } from '#domains/alert/store.ts'
import type { Refused } from '#platform/channel/channel.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import { hold, type NotifyParts } from './channel.ts'

/** Records a refusal, and what follows: another attempt, another channel, or the next step. */
export async function refuse(
  parts: NotifyParts,
  claimed: store.Claimed,
  { alert, to, error }: { alert: Alert; to: string; error: Refused },
): Promise<void> {
  const { db } = parts
  const { message: problem, full } = error
  const { all, next } = await findNext(db, claimed, alert)
  const kind = all.find(({ name }) => name === claimed.channel)?.kind
  const hasNext = next !== null
  // A channel that was deleted does not come back.
  const isCall = kind === undefined || store.calling.includes(kind)
  const pause = pauseAfter(claimed.tries, { hasNext, isCall, full })
  const isStuck = pause === null || claimed.tries === manyTries
  const more = pause === null && hasNext && claimed.kind === 'opened' ? `; ${next} is next` : ''
  await db.batch([
    ...(await hold(parts, claimed.channel, full)),
    store.markRefused(claimed.id, problem, pause),
    channelStore.markProblem(claimed.channel, problem),
    // A message that is tried for a day fills no timeline.
    ...(isStuck || claimed.tries < manyTries
      ? [addEntry(alert.id, 'refused', `${to}: ${problem}${more}`)]
      : []),
    ...(isStuck && claimed.kind === 'opened' ? followUp(claimed, next) : []),
  ])
}

/** What is done about a message that does not arrive. */
const followUp = (claimed: store.Claimed, next: string | null): Statement[] => {
  if (next !== null) return [store.queue(claimed, { ...claimed, channel: next })]
  return claimed.step > 0 ? [hurry(claimed.alert, claimed.occurrence, claimed.step)] : []
}

/**
 * A message whose channel is full waits, and after a minute it goes to another channel of the
 * person.
 */
export async function passOn(
  { db }: Pick<NotifyParts, 'db'>,
  claimed: store.Claimed,
  { alert, to, until }: { alert: Alert; to: string; until: string },
): Promise<void> {
  const { id, kind, waited } = claimed
  const isLong = kind === 'opened' && waited >= longestWait
  const { next } = isLong ? await findNext(db, claimed, alert) : { next: null }
  if (next === null) return void (await db.query(store.markWaiting(id, until)))
  await db.batch([
    store.markRefused(id, store.fullProblem, null),
    addEntry(alert.id, 'refused', `${to}: ${store.fullProblem}; ${next} is next`),
    store.queue(claimed, { ...claimed, channel: next }),
  ])
}

/** The channel to try after the one of a message, and all channels. */
async function findNext(
  db: Database,
  claimed: store.Claimed,
  { urgency }: Pick<Alert, 'urgency'>,
): Promise<{ all: Channel[]; next: string | null }> {
  const [all, tried] = await Promise.all([
    channelStore.listChannels(db),
    store.triedChannels(db, claimed),
  ])
  return { all, next: nextChannel(claimed, urgency, all, tried) }
}
