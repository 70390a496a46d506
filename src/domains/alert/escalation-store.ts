import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { PlannedStep } from './escalation.ts'
import { manyTries } from './recipients.ts'
import { silencedUntil } from './silence-store.ts'

/** A step that is due. */
export interface Due {
  id: number
  occurrence: number
  /** the number of the step; 0 for an occurrence that was not sent */
  step: number
}

const isAcknowledged = sql`coalesce(a.acknowledged_until > now(), false)`

/**
 * The steps that are due, of open alerts that nobody acknowledged or silenced. Of the alerts that
 * are about to be resolved, only until a message goes to a person by a channel that has worked:
 * later steps of an alert that is over reach people for nothing.
 */
export const listDue = (db: Database, ending: readonly number[]): Promise<Due[]> =>
  db.query<Due>(sql`select a.id, a.occurrence,
      case when a.announced < a.occurrence then 0 else a.step + 1 end as step
    from alert a
    where a.resolved is null and not ${isAcknowledged}
      and (a.announced < a.occurrence or a.next_step <= now())
      and ${silencedUntil} is null
      and not (a.id = any(${ending}::int[]) and exists (
        select from notification n join channel c on c.name = n.channel
        where n.alert = a.id and n.occurrence = a.occurrence and n.kind = 'opened'
          and n.person is not null and n.state <> 'failed' and c.proven is not null))
    order by a.id limit 200`)

const isStill = ({ id, occurrence, step }: Due): Statement =>
  sql`a.id = ${id} and a.occurrence = ${occurrence} and a.resolved is null
    and not ${isAcknowledged}
    and case when ${step}::int = 0 then a.announced < a.occurrence
      else a.announced = a.occurrence and a.step = ${step}::int - 1 end`

/**
 * Takes a step with its messages and its lines of the timeline, unless it was taken, or the alert
 * changed. Of two servers, the second one changes nothing.
 */
export const takeStep = (due: Due, { recipients, notes, pause }: PlannedStep): Statement =>
  sql`with moved as (
      update alert a set announced = ${due.occurrence}, step = ${due.step},
        next_step = now() + ${pause}::float * interval '1 second'
      where ${isStill(due)} returning a.id
    ), queued as (
      insert into notification (alert, channel, kind, occurrence, person, reason, step)
      select moved.id, r.channel, 'opened', ${due.occurrence}, r.person, r.reason, ${due.step}
      from moved, jsonb_to_recordset(${JSON.stringify(recipients)}::jsonb)
        as r(channel text, person text, reason text)
      on conflict do nothing
    )
    insert into alert_entry (alert, kind, actor, text)
    select moved.id, n.kind, 'fairlead', n.text
    from moved, jsonb_to_recordset(${JSON.stringify(notes)}::jsonb) as n(kind text, text text)`

/** Lets a step wait until a time (milliseconds), with a line on the timeline. */
export const postpone = (due: Due, until: number): Statement => {
  const time = new Date(until).toISOString()
  return sql`with moved as (
      update alert a set next_step = ${time}::timestamptz where ${isStill(due)} returning a.id
    )
    insert into alert_entry (alert, kind, actor, text)
    select id, 'waits', 'fairlead', ${`for the working hours, which begin at ${time}`}::text
    from moved`
}

/**
 * Makes the next step due when nobody of a step can be reached: every message of it was refused
 * often, or given up.
 */
export const hurry = (alert: number, occurrence: number, step: number): Statement =>
  sql`with moved as (
      update alert a set next_step = now()
      where a.id = ${alert} and a.occurrence = ${occurrence} and a.step = ${step}
        and a.resolved is null and a.next_step > now() and not exists (
          select from notification n where n.alert = a.id and n.occurrence = ${occurrence}
            and n.step = ${step} and n.kind = 'opened'
            and (n.state = 'sent' or n.state = 'pending' and n.tries < ${manyTries}))
      returning a.id
    )
    insert into alert_entry (alert, kind, actor, text)
    select id, 'escalated', 'fairlead', 'no message arrived: the next step is due' from moved`

export async function listPassed(db: Database, alert: number): Promise<string[]> {
  const rows = await db.query<{ person: string }>(
    sql`select person from alert_pass where alert = ${alert} order by time`,
  )
  return rows.map(({ person }) => person)
}

/** The person says that an alert is not theirs: the next step is due now. */
export const pass = (alert: number, person: string): Statement[] => [
  sql`insert into alert_pass (alert, person) values (${alert}, ${person}) on conflict do nothing`,
  sql`update alert set next_step = case when next_step is null then null else now() end,
      acknowledged_by = case when acknowledged_by = ${person} then null else acknowledged_by end,
      acknowledged_until = case when acknowledged_by = ${person} then null
        else acknowledged_until end
    where id = ${alert} and resolved is null`,
]

/** Messages to people that were not sent yet are not sent after an acknowledgement. */
export const dropPending = (alert: number, why: string): Statement =>
  sql`update notification set state = 'failed', problem = ${why}
    where alert = ${alert} and kind = 'opened' and state = 'pending' and step > 0`
