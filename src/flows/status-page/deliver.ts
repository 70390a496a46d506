import { statusPhaseWords } from '#contract/status-page/status-page.ts'
import { pauseAfter } from '#domains/status-page/subscription.ts'
import * as store from '#domains/status-page/subscription-store.ts'
import { every, rows } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import { channelKind, type NotifyParts } from '#flows/monitoring/notify.ts'
import { type Message, Refused } from '#platform/channel/channel.ts'
import { toldUpdate, type ToldUpdate } from '#views/status-page.ts'

export interface DeliverParts extends Pick<NotifyParts, 'db' | 'secrets' | 'io' | 'publicUrl'> {
  /** the address of the status page; null when it is not served */
  address: string | null
}

/** Seconds after which another server may send an update that this one claimed. */
const claimSeconds = 60

/** Sends updates to subscriptions: each until it is accepted, and in their order. */
export const sendStatusUpdates = (parts: DeliverParts, interval: number): BackgroundJob =>
  every({
    name: 'send-status-updates',
    interval,
    claim: rows<store.ClaimedDelivery>({
      parallel: 8,
      key: ({ id }) => String(id),
      take: ({ count, except }) =>
        store.claimDeliveries(parts.db, { count, except: [...except], seconds: claimSeconds }),
    }),
    run: ({ item }) => sendUpdate(parts, item),
  })

/** Sends an update that was claimed, and records what became of it. */
export async function sendUpdate(
  parts: DeliverParts,
  claimed: store.ClaimedDelivery,
): Promise<void> {
  const { db, io } = parts
  const [update, stored] = await Promise.all([
    toldUpdate(db, claimed.update),
    store.getSubscription(db, claimed.subscription),
  ])
  if (!update || !stored) return
  const refuse = async (problem: string): Promise<void> => {
    await db.batch(store.markRefused(claimed, problem, pauseAfter(claimed.tries)))
  }
  const receiver = receiverOf(parts, claimed.subscription, stored)
  if (receiver === null) return refuse('its settings cannot be read: subscribe it again')
  try {
    await receiver.kind.send(updateMessage(update, parts), receiver.settings, io)
    await db.batch(store.markSent(claimed))
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    await refuse(error.message)
  }
}

/** The kind of a subscription and its settings; null when this server cannot read them. */
function receiverOf(
  { secrets }: DeliverParts,
  name: string,
  stored: NonNullable<Awaited<ReturnType<typeof store.getSubscription>>>,
) {
  const kind = channelKind(stored.kind)
  if (!kind) return null
  try {
    const text = secrets.open(store.sealedAs(name), stored.settings)
    return { kind, settings: kind.settings.parse(JSON.parse(text)) }
  } catch {
    return null
  }
}

/** An update as a message. It contains nothing that is not on the page. Pure. */
export function updateMessage(
  { id, incident, title, phase, text, promised }: ToldUpdate,
  { address, publicUrl }: Pick<DeliverParts, 'address' | 'publicUrl'>,
): Message {
  return {
    ...{ id: `status-update-${id}`, kind: 'updated', urgency: 'low', answerUrl: null },
    ...{ title: `${statusPhaseWords[phase]}: ${title}`, alert: null },
    lines: [
      text,
      ...(promised === null
        ? []
        : [`Next update by ${promised.slice(0, 10)} at ${promised.slice(11, 16)} UTC.`]),
    ],
    url: address === null ? publicUrl : `${address}/incidents/${incident}`,
  }
}
