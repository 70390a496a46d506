import type { Alert } from '#contract/alert/alert.ts'
import { answerKey } from '#domains/alert/answer-link.ts'
import {
  type ChannelIo,
  type ChannelKind,
  type Message,
  Refused,
} from '#platform/channel/channel.ts'
import * as channelStore from '#domains/alert/channel-store.ts'
import { channels } from '#platform/channel/channels.generated.ts'
import { announcementOf, messageOf } from '#domains/alert/message.ts'
import { hurry } from '#domains/alert/escalation-store.ts'
import * as store from '#domains/alert/notification-store.ts'
import { manyTries, nextChannel, pauseAfter } from '#domains/alert/recipients.ts'
import { findSilence } from '#domains/alert/silence-store.ts'
import { addEntry, getAlert } from '#domains/alert/store.ts'
import { every, rows } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { untilRecorded } from '#platform/postgres/until-back.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { z } from 'zod'
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

/** The kinds as the API shows them. */
export const kindViews = () =>
  kinds.map(({ kind, title, settings }) => {
    const fields = Object.entries((settings as z.ZodObject).shape)
    const isOptional = ([, field]: [string, z.ZodType]): boolean =>
      field.safeParse(undefined).success
    return {
      ...{ kind, title },
      required: fields.filter((field) => !isOptional(field)).map(([name]) => name),
      optional: fields.filter(isOptional).map(([name]) => name),
    }
  })

/** Seconds after which another server may send a message that this one claimed. */
const claimSeconds = 60

/** Sends messages that are due: each until its channel accepts it, and then never again. */
export const sendNotifications = (parts: NotifyParts, interval: number): BackgroundJob =>
  every({
    name: 'send-notifications',
    interval,
    claim: rows<store.Claimed | store.ClaimedAnnouncement>({
      parallel: 8,
      key: ({ id }) => String(id),
      take: ({ count, except }) =>
        store.claimDue(parts.db, { count, except: [...except], seconds: claimSeconds }),
    }),
    run: ({ item }) => sendOne(parts, item),
  })

/** Sends a message that was claimed, and records what became of it. */
export const sendOne = (
  parts: NotifyParts,
  claimed: store.Claimed | store.ClaimedAnnouncement,
): Promise<void> =>
  claimed.silence === null ? sendOfAlert(parts, claimed) : sendAnnouncement(parts, claimed)

async function sendAnnouncement(
  parts: NotifyParts,
  claimed: store.ClaimedAnnouncement,
): Promise<void> {
  const { db, publicUrl } = parts
  const { id, channel, tries } = claimed
  const silence = await findSilence(db, claimed.silence)
  if (!silence) return
  const until = await slotOf(parts, channel)
  if (until !== null) return void (await db.query(store.markWaiting(id, until)))
  try {
    await sendTo(parts, channel, announcementOf(silence, claimed, publicUrl))
    await untilRecorded(db, [store.markSent(id), channelStore.markProven(channel)])
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const isGone = (await channelStore.listChannels(db)).every(({ name }) => name !== channel)
    // Maintenance that is over is not announced any more.
    const isPast = claimed.kind === 'announced' && Date.parse(silence.until) <= Date.now()
    const pause = isPast ? null : pauseAfter(tries, { hasNext: false, isCall: isGone })
    await db.batch([
      store.markRefused(id, error.message, pause),
      channelStore.markProblem(channel, error.message),
    ])
  }
}

async function sendOfAlert(parts: NotifyParts, claimed: store.Claimed): Promise<void> {
  const { db, publicUrl } = parts
  const alert = await getAlert(db, claimed.alert)
  if (!alert) return
  const to = claimed.person === null ? claimed.channel : `${claimed.person} on ${claimed.channel}`
  const until = await slotOf(parts, claimed.channel)
  if (until !== null) return void (await db.query(store.markWaiting(claimed.id, until)))
  const hasLink = claimed.person !== null && claimed.kind === 'opened'
  const key = hasLink ? answerKey(parts.secrets, claimed.id, Date.now()) : null
  try {
    const acts = await actsFor(db, claimed)
    await sendTo(parts, claimed.channel, messageOf(alert, { ...claimed, acts }, publicUrl, key))
    await untilRecorded(db, [
      store.markSent(claimed.id),
      channelStore.markProven(claimed.channel),
      addEntry(alert.id, 'notified', `${to}: ${claimed.kind}, because ${claimed.reason}`),
    ])
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    await refuse(parts, claimed, { alert, to, problem: error.message })
  }
}

/** Records a refusal, and what follows: another attempt, another channel, or the next step. */
async function refuse(
  { db }: NotifyParts,
  claimed: store.Claimed,
  { alert, to, problem }: { alert: Alert; to: string; problem: string },
): Promise<void> {
  const [all, tried] = await Promise.all([
    channelStore.listChannels(db),
    store.triedChannels(db, claimed),
  ])
  const next = nextChannel(claimed, alert.urgency, all, tried)
  const kind = all.find(({ name }) => name === claimed.channel)?.kind
  const hasNext = next !== null
  // A channel that was deleted does not come back.
  const isCall = kind === undefined || store.calling.includes(kind)
  const pause = pauseAfter(claimed.tries, { hasNext, isCall })
  const isStuck = pause === null || claimed.tries === manyTries
  const more = pause === null && hasNext && claimed.kind === 'opened' ? `; ${next} is next` : ''
  await db.batch([
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

/** What Fairlead did by itself, as far as the message says it. */
async function actsFor(db: Database, { alert, kind, step }: store.Claimed): Promise<string[]> {
  if (kind === 'resolved') return []
  const acts = await store.listActs(db, alert)
  const told = kind === 'acted' ? acts.slice(step - 1, step) : acts.filter(({ isNow }) => isNow)
  return told.map(({ text }) => text)
}

/** When the channel may be sent to (ISO 8601), if its rate limit does not allow it now. */
export async function slotOf(
  { db }: Pick<NotifyParts, 'db'>,
  name: string,
): Promise<string | null> {
  const stored = await channelStore.getChannel(db, name)
  const kind = stored && channelKind(stored.kind)
  return kind ? channelStore.takeSlot(db, name, kind.limit) : null
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
