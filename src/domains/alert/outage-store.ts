import type { Outage } from '#contract/host/roster.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export const outageTitle = 'Fairlead did not answer'

const iso = (ms: number): string => new Date(ms).toISOString()

export async function isRecorded(db: Database, { alert }: Outage): Promise<boolean> {
  return (await db.query(sql`select from alert where id = ${alert}`)).length > 0
}

/** Records a time without a server as an alert that is over, with what the host has sent. */
export function recordOutage(outage: Outage, reason: string): Statement[] {
  const { alert, since, began, pages, answers } = outage
  const ended = iso(outage.ended ?? began)
  const source = `outage/${alert}`
  const entries = [
    { time: iso(began), kind: 'opened', text: `${outageTitle}: ${reason}` },
    ...pages.map(({ channel, person, reason: why, state, sent, due, problem }) => ({
      time: iso(sent ?? due),
      kind: state === 'sent' ? 'notified' : 'refused',
      text:
        `${person === null ? channel : `${person} on ${channel}`}: ` +
        (state === 'sent' ? `opened by the host, because ${why}` : (problem ?? 'it was not sent')),
    })),
    ...answers.map(({ person, time, until }) => ({
      time: iso(time),
      kind: until === null ? 'passed' : 'acknowledged',
      actor: person,
      text: `${until === null ? '' : `until ${iso(until)}, `}by the link in a message of the host`,
    })),
    { time: ended, kind: 'resolved', text: 'a server answers again' },
  ]
    .map((entry) => ({ actor: 'fairlead', ...entry }))
    .toSorted((one, other) => one.time.localeCompare(other.time))
  return [
    sql`insert into alert (id, cause, title, reason, urgency, onset_from, onset_until, opened,
        resolved, announced)
      overriding system value values (${alert}, ${source}, ${outageTitle}, ${reason}, 'high',
        ${iso(since)}::timestamptz, ${iso(since)}::timestamptz, ${iso(began)}::timestamptz,
        ${ended}::timestamptz, 1)`,
    sql`insert into alert_source (alert, source, title, reason, began, ended)
      values (${alert}, ${source}, ${outageTitle}, ${reason}, ${iso(since)}::timestamptz,
        ${ended}::timestamptz)`,
    sql`insert into alert_entry (alert, time, kind, actor, text)
      select ${alert}, e.time, e.kind, e.actor, e.text
      from jsonb_to_recordset(${JSON.stringify(entries)}::jsonb)
        as e(time timestamptz, kind text, actor text, text text)`,
    sql`insert into notification (alert, channel, kind, occurrence, person, reason, state, tries,
        sent, problem, step)
      select ${alert}, p.channel, 'opened', 1, p.person, p.reason, p.state, p.tries,
        to_timestamp(p.sent / 1000.0), p.problem, p.step
      from jsonb_to_recordset(${JSON.stringify(pages)}::jsonb) as p(channel text, person text,
          reason text, state text, tries int, sent float, problem text, step int)
        join channel c on c.name = p.channel
      order by p.state = 'sent' desc
      on conflict do nothing`,
  ]
}
