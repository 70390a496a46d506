import { answerKey } from '#domains/alert/answer-link.ts'
import { Refused } from '#platform/channel/channel.ts'
import * as channelStore from '#domains/alert/channel-store.ts'
import { announcementOf, messageOf } from '#domains/alert/message.ts'
import * as store from '#domains/alert/notification-store.ts'
import { pauseAfter } from '#domains/alert/recipients.ts'
import { findSilence } from '#domains/alert/silence-store.ts'
import { addEntry, getAlert } from '#domains/alert/store.ts'
import { every, rows } from '#engine/every.ts'
import type { BackgroundJob } from '#engine/job.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { untilRecorded } from '#platform/postgres/until-back.ts'
import { hold, type NotifyParts, sendTo, slotOf } from './channel.ts'
import { passOn, refuse } from './refuse.ts'

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
    if (!(await store.keepClaim(db, claimed, claimSeconds))) return
    await sendTo(parts, channel, announcementOf(silence, claimed, publicUrl))
    await untilRecorded(db, [store.markSent(id), channelStore.markProven(channel)])
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const isGone = (await channelStore.listChannels(db)).every(({ name }) => name !== channel)
    // Maintenance that is over is not announced any more.
    const isPast = claimed.kind === 'announced' && Date.parse(silence.until) <= Date.now()
    const { full } = error
    const pause = isPast ? null : pauseAfter(tries, { hasNext: false, isCall: isGone, full })
    await db.batch([
      ...(await hold(parts, channel, full)),
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
  if (until !== null) return passOn(parts, claimed, { alert, to, until })
  const hasLink = claimed.person !== null && claimed.kind === 'opened'
  const key = hasLink ? answerKey(parts.secrets, claimed.id, Date.now()) : null
  try {
    const acts = await actsFor(db, claimed)
    if (!(await store.keepClaim(db, claimed, claimSeconds))) return
    await sendTo(parts, claimed.channel, messageOf(alert, { ...claimed, acts }, publicUrl, key))
    await untilRecorded(db, [
      store.markSent(claimed.id),
      channelStore.markProven(claimed.channel),
      addEntry(alert.id, 'notified', `${to}: ${claimed.kind}, because ${claimed.reason}`),
    ])
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    await refuse(parts, claimed, { alert, to, error })
  }
}

/** What Fairlead did by itself, as far as the message says it. */
async function actsFor(db: Database, { alert, kind, step }: store.Claimed): Promise<string[]> {
  if (kind === 'resolved') return []
  const acts = await store.listActs(db, alert)
  const told = kind === 'acted' ? acts.slice(step - 1, step) : acts.filter(({ isNow }) => isNow)
  return told.map(({ text }) => text)
}
