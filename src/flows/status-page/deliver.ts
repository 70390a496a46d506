import { z } from 'zod'
import { statusPhaseWords } from '#contract/status-page/status-page.ts'
import { listPages } from '#domains/status-page/page-store.ts'
import { pauseAfter } from '#domains/status-page/subscription.ts'
import * as store from '#domains/status-page/subscription-store.ts'
import { every, rows } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import { channelKind, type NotifyParts } from '#flows/monitoring/channel.ts'
import { type Message, Refused } from '#platform/channel/channel.ts'
import { untilRecorded } from '#platform/postgres/until-back.ts'
import { unescaped } from '#platform/status-page/markdown.ts'
import { addressOf, type PagePlaces } from './page-address.ts'
import { toldUpdate, type ToldUpdate } from '#views/status-page.ts'

export interface DeliverParts
  extends Pick<NotifyParts, 'db' | 'secrets' | 'io' | 'publicUrl'>, PagePlaces {
  /** connects to the addresses that readers subscribe */
  readerFetch: typeof fetch
}

/** Seconds after which another server may send an update that this one claimed. */
const claimSeconds = 60

/** The jobs that send updates: one that hangs delays only those of its lane. */
const lanes = {
  trusted: 'send-status-updates',
  readers: 'send-status-updates-to-readers',
  refused: 'send-status-updates-again',
} as const satisfies Record<store.DeliveryLane, string>

/** Sends updates to subscriptions: each until it is accepted, and in their order. */
export const sendStatusUpdates = (parts: DeliverParts, interval: number): BackgroundJob[] =>
  Object.entries(lanes).map(([lane, name]) =>
    every({
      name,
      interval,
      claim: rows<store.ClaimedDelivery>({
        parallel: 16,
        key: ({ id }) => String(id),
        take: ({ count, except }) =>
          store.claimDeliveries(parts.db, {
            ...{ count, except: [...except], seconds: claimSeconds },
            lane: lane as store.DeliveryLane,
          }),
      }),
      run: ({ item }) => sendUpdate(parts, item),
    }),
  )

/** Sends an update that was claimed, and records what became of it. */
export async function sendUpdate(
  parts: DeliverParts,
  claimed: store.ClaimedDelivery,
): Promise<void> {
  const { db } = parts
  const [update, stored] = await Promise.all([
    toldUpdate(db, claimed.update),
    store.getSubscription(db, claimed.subscription),
  ])
  if (!update || !stored) return
  const page = await readPage(parts, stored.page)
  const refuse = async (problem: string): Promise<void> => {
    await db.batch(store.markRefused(claimed, problem, pauseAfter(claimed.tries)))
  }
  const receiver = receiverOf(parts, claimed.subscription, stored)
  if (receiver === null) return refuse('its settings cannot be read: subscribe it again')
  try {
    const message = updateMessage(update, page, receiver.token)
    await receiver.kind.send(message, receiver.settings, receiver.io)
    await untilRecorded(db, store.markSent(claimed))
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    await refuse(error.message)
  }
}

/**
 * The kind of a subscription, its settings and what ends it, if a reader can; null when this server
 * cannot read them.
 */
export function receiverOf(
  { secrets, io, readerFetch }: DeliverParts,
  name: string,
  stored: { kind: string; settings: string },
) {
  const kind = channelKind(stored.kind)
  if (!kind) return null
  try {
    const text = secrets.open(store.sealedAs(name), stored.settings)
    const { readerToken = null, ...settings } = withReaderToken(stored.kind, JSON.parse(text))
    const own = readerToken === null ? io : { ...io, fetch: readerFetch }
    return { kind, settings: kind.settings.parse(settings), token: readerToken, io: own }
  } catch {
    return null
  }
}

/** The token of a reader's subscription is with its settings; an e-mail address has no other. */
const opened = z.looseObject({ token: z.string().optional(), readerToken: z.string().optional() })

function withReaderToken(kind: string, json: unknown) {
  const { token, ...more } = opened.parse(json)
  if (token === undefined) return more
  return kind === 'email' ? { ...more, readerToken: token } : { ...more, token }
}

/** An update as a message. It contains nothing that is not on the page. Pure. */
export function updateMessage(
  { id, incident, title, phase, text, promised }: ToldUpdate,
  { address }: Pick<ReaderPage, 'address'>,
  token: string | null,
): Message {
  return {
    ...{ id: `status-update-${id}`, kind: 'updated', urgency: 'low', answerUrl: null },
    ...{ title: `${statusPhaseWords[phase]}: ${title}`, alert: null },
    lines: [
      unescaped(text),
      ...(promised === null
        ? []
        : [`Next update by ${promised.slice(0, 10)} at ${promised.slice(11, 16)} UTC.`]),
    ],
    url: `${address}/incidents/${incident}`,
    ...(token === null ? {} : { unsubscribeUrl: `${address}/unsubscribe/${token}` }),
  }
}

/** The page of a subscription: its title, and where its links lead. */
export interface ReaderPage {
  title: string
  address: string
}

/** The page of a subscription; the links of one that is not served lead to this installation. */
export async function readPage(parts: DeliverParts, name: string): Promise<ReaderPage> {
  const page = (await listPages(parts.db)).find((one) => one.name === name)
  const address = page ? addressOf(page, parts) : null
  return { title: page?.title ?? '', address: address ?? parts.publicUrl }
}
