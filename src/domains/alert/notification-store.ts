import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { Recipient } from './recipients.ts'

/** An occurrence of an open alert that no channel has been given yet. */
export interface Unannounced {
  id: number
  occurrence: number
}

/** Open alerts that nobody acknowledged or silenced, and whose occurrence was not sent. */
export const listUnannounced = (db: Database): Promise<Unannounced[]> =>
  db.query(sql`select a.id, a.occurrence from alert a
    where a.resolved is null and a.announced < a.occurrence
      and not coalesce(a.acknowledged_until > now(), false)
      and not exists (select from silence s where s.app = a.app and s.until > now()
        and (s.environment is null or s.environment = a.environment)
        and (s.service is null or s.service = a.service))
    order by a.id limit 200`)

/** Queues the messages of an occurrence; a repetition changes nothing. */
export const announce = ({ id, occurrence }: Unannounced, recipients: Recipient[]): Statement[] => [
  ...recipients.map(
    ({ channel, person, reason }) => sql`insert into notification
        (alert, channel, kind, occurrence, person, reason)
      values (${id}, ${channel}, 'opened', ${occurrence}, ${person}::text, ${reason})
      on conflict do nothing`,
  ),
  sql`update alert set announced = greatest(announced, ${occurrence}) where id = ${id}`,
]

/** Tells those who were told of an alert that it is resolved. */
export const announceEnd = (alert: number): Statement =>
  sql`insert into notification (alert, channel, kind, occurrence, person, reason)
    select alert, channel, 'resolved', occurrence, person, reason from notification
    where alert = ${alert} and kind = 'opened' and state <> 'failed'
    on conflict do nothing`

export interface Claimed {
  id: number
  alert: number
  channel: string
  kind: 'opened' | 'resolved'
  occurrence: number
  person: string | null
  reason: string
  tries: number
}

/**
 * Claims messages that are due; another server may claim them after `seconds`. The end of an alert
 * waits until its beginning was sent.
 */
export const claimDue = (
  db: Database,
  { count, except, seconds }: { count: number; except: string[]; seconds: number },
): Promise<Claimed[]> =>
  db.query(sql`update notification n
    set claimed = now() + ${seconds} * interval '1 second', tries = tries + 1
    where n.id in (select d.id from notification d where d.state = 'pending' and d.due <= now()
        and (d.claimed is null or d.claimed <= now())
        and d.id::text <> all(${except}::text[])
        and not (d.kind = 'resolved' and exists (select from notification o
          where o.alert = d.alert and o.channel = d.channel and o.kind = 'opened'
            and o.occurrence = d.occurrence and o.state = 'pending'))
      order by d.id limit ${count} for update skip locked)
    returning n.id, n.alert, n.channel, n.kind, n.occurrence, n.person, n.reason, n.tries`)

export const markSent = (id: number): Statement =>
  sql`update notification set state = 'sent', sent = now(), problem = null where id = ${id}`

/** With null, the message is given up. */
export const markRefused = (id: number, problem: string, pauseSeconds: number | null): Statement =>
  sql`update notification set problem = ${problem}, claimed = null,
      state = case when ${pauseSeconds}::float is null then 'failed' else 'pending' end,
      due = now() + coalesce(${pauseSeconds}::float, 0) * interval '1 second'
    where id = ${id}`
