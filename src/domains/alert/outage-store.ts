import type { Outage, RosterHost } from '#contract/host/roster.ts'
import { appendEventForEach } from '#engine/events.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

export const outageTitle = 'Fairlead did not answer'

const iso = (ms: number): string => new Date(ms).toISOString()
const place = { environment: null, service: null, title: outageTitle }

/** The id is used for this time, so that ids stay near the order of alerts. */
const reservedFor = '1 day'
/** A host that no server has called for this time is gone. */
const keptFor = '7 days'

/**
 * The id of the alert of the next outage, the same for all hosts; a new one after it was used.
 */
export async function reserveOutage(db: Database): Promise<number> {
  const isUsable = sql`o.reserved > now() - ${reservedFor}::interval
    and not exists (select from alert a where a.id = o.id)`
  const [known] = await db.query<{ id: number }>(
    sql`select o.id from outage_alert o where ${isUsable}`,
  )
  if (known) return known.id
  // Another server may have reserved one meanwhile.
  await db.query(
    sql`insert into outage_alert as o (id, reserved)
      values (nextval(pg_get_serial_sequence('alert', 'id')), now())
      on conflict (one) do update set id = excluded.id, reserved = excluded.reserved
        where not (${isUsable})`,
  )
  const [row] = await db.query<{ id: number }>(sql`select id from outage_alert`)
  return row?.id ?? reserveOutage(db)
}

/** Notes that a host has the roster. Hosts whose servers are gone for long are forgotten. */
export const noteHost = ({ id, url }: RosterHost): Statement[] => [
  sql`delete from outage_host where called < now() - ${keptFor}::interval`,
  sql`insert into outage_host (id, url) values (${id}, ${url})
    on conflict (id) do update set url = excluded.url, called = now()`,
]

/** The hosts in the order in which they notify people: those that others can ask come first. */
export const listHosts = (db: Database): Promise<RosterHost[]> =>
  db.query<RosterHost>(sql`select id, url from outage_host order by url is null, id`)

/**
 * Records a time without a server as an alert that is over, with what a host has sent and what
 * people answered. Another record of the same outage adds only what is new.
 */
export function recordOutage(outage: Outage, reason: string): Statement[] {
  const { alert } = outage
  return [
    ...recordAlert(outage, reason),
    recordEntries(outage),
    recordAnswers(outage, 'acknowledged'),
    recordAnswers(outage, 'passed'),
    recordEnd(outage),
    sql`insert into notification as n (alert, channel, kind, occurrence, person, reason, state,
        tries, sent, problem, step)
      select distinct on (c.name, p.step) ${alert}::bigint, c.name, 'opened', 1, p.person, p.reason,
        p.state, p.tries, to_timestamp(p.sent / 1000.0), p.problem, p.step
      from jsonb_to_recordset(${JSON.stringify(triedPages(outage))}::jsonb) as p(channel text,
          person text, reason text, state text, tries int, sent float, problem text, step int)
        join channel c on c.name = p.channel
      order by c.name, p.step, p.state = 'sent' desc
      on conflict (alert, channel, kind, occurrence, step) do update
        set state = 'sent', tries = excluded.tries, sent = excluded.sent, problem = null
        where n.state <> 'sent' and excluded.state = 'sent'`,
  ]
}

/** The lock lets servers of several hosts record the same outage one after another. */
function recordAlert({ alert, since, began, ended }: Outage, reason: string): Statement[] {
  const source = `outage/${alert}`
  const data = { ...place, urgency: 'high', reason }
  return [
    appendEventForEach(
      'dev.cdeventsx.fairlead-alert.opened',
      sql`insert into alert (id, cause, title, reason, urgency, onset_from, onset_until, opened,
          resolved, announced)
        overriding system value values (${alert}, ${source}, ${outageTitle}, ${reason}, 'high',
          ${iso(since)}::timestamptz, ${iso(since)}::timestamptz, ${iso(began)}::timestamptz,
          ${iso(ended ?? began)}::timestamptz, 1)
        on conflict (id) do nothing
        returning 'alert/' || id as subject, 'server' as chain, app, ${data}::jsonb as data`,
    ),
    sql`select from alert where id = ${alert} for update`,
    sql`insert into alert_source (alert, source, title, reason, began, ended)
      select ${alert}, ${source}, ${outageTitle}, ${reason}, ${iso(since)}::timestamptz,
        ${iso(ended ?? began)}::timestamptz
      where not exists (select from alert_source where alert = ${alert})`,
    sql`insert into alert_entry (alert, time, kind, actor, text)
      select ${alert}, ${iso(began)}::timestamptz, 'opened', 'fairlead',
        ${`${outageTitle}: ${reason}`}
      where not exists (select from alert_entry where alert = ${alert} and kind = 'opened')`,
  ]
}

function recordEntries(outage: Outage): Statement {
  const entries = triedPages(outage).map(
    ({ channel, person, reason, state, sent, due, problem }) => ({
      time: iso(sent ?? due),
      kind: state === 'sent' ? 'notified' : 'refused',
      text:
        `${person === null ? channel : `${person} on ${channel}`}: ` +
        (state === 'sent'
          ? `opened by the host, because ${reason}`
          : (problem ?? 'it was not sent')),
    }),
  )
  return sql`insert into alert_entry (alert, time, kind, actor, text)
    select ${outage.alert}, e.time, e.kind, 'fairlead', e.text
    from jsonb_to_recordset(${JSON.stringify(entries)}::jsonb)
      as e(time timestamptz, kind text, text text)
    where not exists (select from alert_entry known where known.alert = ${outage.alert}
      and (known.time, known.kind, known.text) = (e.time, e.kind, e.text))
    order by e.time`
}

/** The messages that were sent, or that a channel refused. */
const triedPages = ({ pages }: Outage): Outage['pages'] =>
  pages.filter(({ state }) => state === 'sent' || state === 'failed')

/** What people did with links in messages of the host, each with its event. */
function recordAnswers(outage: Outage, kind: 'acknowledged' | 'passed'): Statement {
  const { alert } = outage
  const answers = outage.answers
    .filter(({ until }) => (until === null) === (kind === 'passed'))
    .map(({ person, time, until }) => {
      const end = until === null ? '' : `until ${iso(until)}, `
      const text = `${end}by the link in a message of the host`
      const comment = `by the link in a message of the host, at ${iso(time)}`
      const data = { ...place, comment, ...(until === null ? {} : { until: iso(until) }) }
      return { time: iso(time), person, text, data }
    })
  return appendEventForEach(
    `dev.cdeventsx.fairlead-alert.${kind}`,
    sql`insert into alert_entry (alert, time, kind, actor, text)
      select ${alert}, a.time, ${kind}::text, a.person, a.text from ${answersOf(answers)}
      where not exists (select from alert_entry known where known.alert = ${alert}
        and (known.time, known.kind, known.actor) = (a.time, ${kind}::text, a.person))
      order by a.time
      returning 'alert/' || alert as subject, 'server' as chain, null::text as app, actor,
        (select a.data from ${answersOf(answers)}
          where (a.time, a.person) = (alert_entry.time, alert_entry.actor) limit 1) as data`,
    sql`actor`,
  )
}

const answersOf = (answers: object[]): Statement =>
  sql`jsonb_to_recordset(${JSON.stringify(answers)}::jsonb)
    as a(time timestamptz, person text, text text, data jsonb)`

function recordEnd({ alert, began, ended }: Outage): Statement {
  const reason = 'a server answers again'
  return appendEventForEach(
    'dev.cdeventsx.fairlead-alert.resolved',
    sql`insert into alert_entry (alert, time, kind, actor, text)
      select ${alert}, ${iso(ended ?? began)}::timestamptz, 'resolved', 'fairlead', ${reason}
      where not exists (select from alert_entry where alert = ${alert} and kind = 'resolved')
      returning 'alert/' || alert as subject, 'server' as chain, null::text as app,
        ${{ ...place, reason }}::jsonb as data`,
  )
}
