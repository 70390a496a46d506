import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { Delivery } from '#contract/alert/alert.ts'
import type { Recipient } from './recipients.ts'
import { addEntry } from './store.ts'

/** Queues a message of a step to another channel; a repetition changes nothing. */
export const queue = (
  { alert, occurrence, step }: Pick<Claimed, 'alert' | 'occurrence' | 'step'>,
  { channel, person, reason }: Recipient,
): Statement =>
  sql`insert into notification (alert, channel, kind, occurrence, person, reason, step)
    values (${alert}, ${channel}, 'opened', ${occurrence}, ${person}::text, ${reason}, ${step})
    on conflict do nothing`

/**
 * Reports what Fairlead did by itself, once on each channel that got a message about one of the
 * alerts. Messages about their opening that are sent later contain it.
 */
export const announceAct = (alerts: number[], text: string): Statement[] => [
  ...alerts.map((alert) => addEntry(alert, 'acted', text)),
  sql`insert into notification (alert, channel, kind, occurrence, person, reason, step)
    select distinct on (n.channel) n.alert, n.channel, 'acted', n.occurrence, n.person, n.reason,
      (select count(*) from alert_entry e where e.alert = n.alert and e.kind = 'acted')
    from notification n join alert a on a.id = n.alert and a.occurrence = n.occurrence
    where n.alert = any(${alerts}::bigint[]) and n.kind = 'opened' and n.state <> 'failed'
    order by n.channel, n.alert
    on conflict do nothing`,
]

/** What Fairlead did by itself about an alert, oldest first; `isNow`: since it last opened. */
export const listActs = (
  db: Database,
  alert: number,
): Promise<{ text: string; isNow: boolean }[]> =>
  db.query(sql`select text, time >= (select max(o.time) from alert_entry o
      where o.alert = e.alert and o.kind in ('opened', 'reopened')) as "isNow"
    from alert_entry e where alert = ${alert} and kind = 'acted' order by time, id`)

/** Reports to everybody who got a message about an alert that it is resolved. */
export const announceEnd = (alert: number): Statement =>
  sql`insert into notification (alert, channel, kind, occurrence, person, reason)
    select alert, channel, 'resolved', occurrence, max(person), max(reason) from notification
    where alert = ${alert} and kind = 'opened' and state <> 'failed'
    group by alert, channel, occurrence
    on conflict do nothing`

interface ClaimedRow {
  id: number
  channel: string
  occurrence: number
  person: string | null
  reason: string
  /** of the escalation */
  step: number
  tries: number
  /** seconds since it was queued */
  waited: number
  /** until when it is claimed, as PostgreSQL writes it */
  claimed: string
}

/** A message about an alert. */
export interface Claimed extends ClaimedRow {
  alert: number
  silence: null
  kind: 'opened' | 'acted' | 'resolved'
}

/** A message about announced maintenance. */
export interface ClaimedAnnouncement extends ClaimedRow {
  alert: null
  silence: number
  kind: 'announced' | 'ended'
}

/** Kinds of channels on which a message is an incident or a call, which maintenance is not. */
export const calling = ['pagerduty', 'twilio-sms', 'twilio-voice']

/** Announces maintenance to the shared channels that get every alert. */
export const announceSilence = (silence: number): Statement =>
  sql`insert into notification (silence, channel, kind, occurrence, reason)
    select ${silence}::bigint, name, 'announced', 1, 'it is a shared channel' from channel
    where person is null and urgency = 'low' and kind <> all(${calling}::text[])
    on conflict do nothing`

/** Reports the end of maintenance, before its time, to every channel to which it was announced. */
export const announceSilenceEnd = (silence: number): Statement =>
  sql`insert into notification (silence, channel, kind, occurrence, reason)
    select silence, channel, 'ended', 1, reason from notification
    where silence = ${silence} and kind = 'announced' and state <> 'failed'
    on conflict do nothing`

/**
 * Claims messages that are due; another server may claim them after `seconds`. The end of an alert
 * or of maintenance, and what Fairlead did about it, waits until its beginning was sent.
 */
export const claimDue = (
  db: Database,
  { count, except, seconds }: { count: number; except: string[]; seconds: number },
): Promise<(Claimed | ClaimedAnnouncement)[]> =>
  db.query(sql`update notification n
    set claimed = now() + ${seconds} * interval '1 second',
      tries = n.tries + case when n.claimed is null then 1 else 0 end
    where n.id in (select d.id from notification d where d.state = 'pending' and d.due <= now()
        and (d.claimed is null or d.claimed <= now())
        and d.id::text <> all(${except}::text[])
        and not (d.kind in ('resolved', 'acted') and exists (select from notification o
          where o.alert = d.alert and o.channel = d.channel and o.kind = 'opened'
            and o.occurrence = d.occurrence and o.state = 'pending'))
        and not (d.kind = 'ended' and exists (select from notification o
          where o.silence = d.silence and o.channel = d.channel and o.kind = 'announced'
            and o.state = 'pending'))
      order by d.id limit ${count} for update skip locked)
    returning n.id, n.alert, n.silence, n.channel, n.kind, n.occurrence, n.person, n.reason,
      n.step, n.tries, extract(epoch from now() - n.queued)::float as waited,
      n.claimed::text as claimed`)

/**
 * Claims a message again just before it is sent; false when another server has claimed it, because
 * this one was frozen or slow.
 */
export async function keepClaim(
  db: Database,
  { id, claimed }: Pick<ClaimedRow, 'id' | 'claimed'>,
  seconds: number,
): Promise<boolean> {
  const kept = await db.query(sql`update notification
    set claimed = now() + ${seconds} * interval '1 second'
    where id = ${id} and state = 'pending' and claimed = ${claimed}::timestamptz returning id`)
  return kept.length > 0
}

export const markSent = (id: number): Statement =>
  sql`update notification set state = 'sent', sent = now(), problem = null where id = ${id}`

/** With null, the message is given up. */
export const markRefused = (id: number, problem: string, pauseSeconds: number | null): Statement =>
  sql`update notification set problem = ${problem}, claimed = null,
      state = case when ${pauseSeconds}::float is null then 'failed' else 'pending' end,
      due = now() + coalesce(${pauseSeconds}::float, 0) * interval '1 second'
    where id = ${id}`

/** Why a message waits, or goes to another channel, without a refusal. */
export const fullProblem = 'its rate limit is reached'

/** Lets a message wait until its channel may be sent to; this is no attempt. */
export const markWaiting = (id: number, until: string): Statement =>
  sql`update notification set claimed = null, due = ${until}::timestamptz,
      tries = greatest(tries - 1, 0), problem = coalesce(problem, ${fullProblem})
    where id = ${id}`

/** Records a test message; `problem` is why it was not accepted. */
export const recordTest = (channel: string, by: string, problem: string | null): Statement[] => [
  sql`delete from notification where channel = ${channel} and kind = 'test'
    and due < now() - interval '90 days'`,
  sql`insert into notification (channel, kind, occurrence, person, reason, state, tries, sent,
      problem)
    select name, 'test', 1, person, ${`${by} tested it`}, ${problem === null ? 'sent' : 'failed'},
      1, case when ${problem}::text is null then now() end, ${problem}::text
    from channel where name = ${channel}`,
]

/** The channels on which a step tried to reach a person. */
export async function triedChannels(
  db: Database,
  { alert, occurrence, step, person }: Claimed,
): Promise<string[]> {
  const rows = await db.query<{ channel: string }>(sql`select channel from notification
    where alert = ${alert} and occurrence = ${occurrence} and step = ${step}
      and person = ${person}::text and kind = 'opened'`)
  return rows.map(({ channel }) => channel)
}

/** The last messages to a channel, newest first. */
export const listDeliveries = (db: Database, channel: string, limit: number): Promise<Delivery[]> =>
  db.query<Delivery>(sql`select n.id, n.alert, n.silence, n.kind, n.person, n.state, n.tries,
      n.sent, n.problem, n.due
    from notification n where n.channel = ${channel} order by n.id desc limit ${limit}`)
