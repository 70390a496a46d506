import { type ChannelIo, type ChannelKind, type Message, Refused } from '#domains/alert/channel.ts'
import * as channelStore from '#domains/alert/channel-store.ts'
import { channels } from '#domains/alert/channels.generated.ts'
import { messageOf } from '#domains/alert/message.ts'
import * as store from '#domains/alert/notification-store.ts'
import { nextChannel, pauseAfter } from '#domains/alert/recipients.ts'
import { addEntry, getAlert } from '#domains/alert/store.ts'
import { every, rows } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'

export interface NotifyParts {
  db: Database
  secrets: SecretBox
  io: ChannelIo
  publicUrl: string
}

const kinds = channels as unknown as readonly ChannelKind[]

export const channelKind = (kind: string): ChannelKind | null =>
  kinds.find((one) => one.kind === kind) ?? null

/** Seconds after which another server may send a message that this one claimed. */
const claimSeconds = 60

/** Sends messages that are due: each until its channel accepts it, and then never again. */
export const sendNotifications = (parts: NotifyParts, interval: number): BackgroundJob =>
  every({
    name: 'send-notifications',
    interval,
    claim: rows<store.Claimed>({
      parallel: 8,
      key: ({ id }) => String(id),
      take: ({ count, except }) =>
        store.claimDue(parts.db, { count, except: [...except], seconds: claimSeconds }),
    }),
    run: ({ item }) => sendOne(parts, item),
  })

async function sendOne(parts: NotifyParts, claimed: store.Claimed): Promise<void> {
  const { db, publicUrl } = parts
  const alert = await getAlert(db, claimed.alert)
  if (!alert) return
  const to = claimed.person === null ? claimed.channel : `${claimed.person} on ${claimed.channel}`
  try {
    await sendTo(parts, claimed.channel, messageOf(alert, claimed, publicUrl))
    await db.batch([
      store.markSent(claimed.id),
      channelStore.markProven(claimed.channel),
      addEntry(alert.id, 'notified', `${to}: ${claimed.kind}, because ${claimed.reason}`),
    ])
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const pause = pauseAfter(claimed.tries)
    const all = await channelStore.listChannels(db)
    const next = pause === null ? nextChannel(claimed, alert.urgency, all) : null
    await db.batch([
      store.markRefused(claimed.id, error.message, pause),
      addEntry(alert.id, 'refused', `${to}: ${error.message}${next ? `; ${next} is next` : ''}`),
      ...(next === null
        ? []
        : store.announce({ id: alert.id, occurrence: claimed.occurrence }, [
            { channel: next, person: claimed.person, reason: claimed.reason },
          ])),
    ])
  }
}

/** Sends a message to a channel. Throws `Refused` when it does not accept it. */
export async function sendTo(
  { db, secrets, io }: Pick<NotifyParts, 'db' | 'secrets' | 'io'>,
  name: string,
  message: Message,
): Promise<void> {
  const stored = await channelStore.getChannel(db, name)
  const kind = stored && channelKind(stored.kind)
  if (!kind) throw new Refused('it does not exist')
  const text = secrets.open(channelStore.sealedAs(name), stored.settings)
  await kind.send(message, kind.settings.parse(JSON.parse(text)), io)
}
