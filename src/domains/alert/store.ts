import type {
  Alert,
  AlertDetail,
  AlertEntry,
  AlertSource,
  Notification,
  Suspect,
} from '#contract/alert/alert.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'
import { getCause } from './cause-store.ts'
import { causeOf, type Firing, type KnownAlert } from './reconcile.ts'
import { silencedUntil } from './silence-store.ts'

const columns = sql`a.id, a.app, a.environment, a.service, a.title, a.reason, a.urgency,
  case when a.resolved is not null then 'resolved'
    when a.acknowledged_until > now() then 'acknowledged' else 'open' end as state,
  ${silencedUntil} as "silencedUntil", a.deployment,
  a.onset_from as "onsetFrom", a.onset_until as "onsetUntil", a.opened,
  a.acknowledged_by as "acknowledgedBy", a.acknowledged_until as "acknowledgedUntil",
  a.resolved, a.resolved_by as "resolvedBy", a.occurrence, a.suspects`

type Row = Omit<Alert, 'onset'> & { onsetFrom: string | null; onsetUntil: string | null }

const shape = ({ onsetFrom, onsetUntil, ...row }: Row): Alert => ({
  ...row,
  onset: onsetFrom && onsetUntil ? { from: onsetFrom, until: onsetUntil } : null,
})

export async function getAlert(db: Database, id: number): Promise<Alert | null> {
  const rows = await db.query<Row>(sql`select ${columns} from alert a where a.id = ${id}`)
  return rows[0] ? shape(rows[0]) : null
}

export interface AlertFilter {
  app?: string | undefined
  state?: Alert['state'] | 'unresolved' | undefined
  before?: number | undefined
  /** only those of these apps; null for all, and for those of the installation */
  apps: string[] | null
  limit: number
}

export async function listAlerts(db: Database, filter: AlertFilter): Promise<Alert[]> {
  const isAcknowledged = sql`a.resolved is null and coalesce(a.acknowledged_until > now(), false)`
  const states = {
    open: sql`a.resolved is null and not coalesce(a.acknowledged_until > now(), false)`,
    acknowledged: isAcknowledged,
    resolved: sql`a.resolved is not null`,
    unresolved: sql`a.resolved is null`,
  }
  const where = [filter.state === undefined ? sql`true` : states[filter.state]]
  if (filter.app !== undefined) where.push(sql`a.app = ${filter.app}`)
  if (filter.apps) where.push(sql`a.app = any(${filter.apps}::text[])`)
  if (filter.before !== undefined) where.push(sql`a.id < ${filter.before}`)
  const rows = await db.query<Row>(sql`select ${columns} from alert a
    where ${join(where, ' and ')} order by a.id desc limit ${filter.limit}`)
  return rows.map(shape)
}

export async function getDetail(db: Database, id: number): Promise<AlertDetail | null> {
  const [alert, cause, [sources = [], entries = [], notifications = []]] = await Promise.all([
    getAlert(db, id),
    getCause(db, id),
    db.batch([
      sql`select source, title, reason, began, ended, (select x.link from external_alert x
          where x.source = s.source and x.link is not null order by x.id limit 1) as link
        from alert_source s where alert = ${id} order by began, source`,
      sql`select id, time, kind, actor, text from alert_entry where alert = ${id}
        order by time, id`,
      sql`select id, channel, kind, person, reason, state, tries, sent, problem from notification
        where alert = ${id} order by id`,
    ]),
  ])
  return alert === null
    ? null
    : {
        ...alert,
        cause,
        sources: sources as unknown as AlertSource[],
        entries: entries as unknown as AlertEntry[],
        notifications: notifications as unknown as Notification[],
      }
}

/** The alerts that `reconcile` compares. */
export async function listKnown(db: Database): Promise<KnownAlert[]> {
  const rows = await db.query<{
    id: number
    app: string | null
    environment: string | null
    service: string | null
    deployment: number | null
    resolved: string | null
    acknowledgedUntil: string | null
    isAlone: boolean
    reopened: number
    quiet: string | null
    sources: { source: string; ended: boolean }[]
  }>(sql`select a.id, a.app, a.environment, a.service, a.deployment, a.resolved,
      a.acknowledged_until as "acknowledgedUntil",
      exists (select from alert_source s where s.alert = a.id and s.source = a.cause) as "isAlone",
      (select count(*)::int from alert_entry e where e.alert = a.id and e.kind = 'reopened'
        and e.time > now() - interval '1 hour') as reopened,
      (select max(s.ended) from alert_source s where s.alert = a.id) as quiet,
      coalesce((select json_agg(json_build_object('source', s.source,
        'ended', s.ended is not null)) from alert_source s where s.alert = a.id), '[]') as sources
    from alert a where a.resolved is null or a.resolved > now() - interval '15 minutes'
      or exists (select from alert_source s where s.alert = a.id and s.ended is null)
    order by a.id desc`)
  const ms = (time: string | null): number | null => (time === null ? null : Date.parse(time))
  return rows.map((row) => ({
    ...row,
    resolved: ms(row.resolved),
    quiet: ms(row.quiet),
    acknowledgedUntil: ms(row.acknowledgedUntil),
  }))
}

/** Reserves the id of an alert. */
export async function nextAlert(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('alert', 'id')) as id`,
  )
  return rows[0]?.id ?? 0
}

export function insertAlert(id: number, first: Firing, suspects: Suspect[]): Statement {
  const { app, environment, service, title, reason, urgency, deployment, onset } = first
  return sql`insert into alert (id, app, environment, service, cause, title, reason, urgency,
      deployment, onset_from, onset_until, suspects)
    overriding system value values (${id}, ${app}::text, ${environment}::text, ${service}::text,
      ${causeOf(first)}, ${title}, ${reason}, ${urgency}, ${deployment}::bigint,
      ${new Date(onset.from).toISOString()}::timestamptz,
      ${new Date(onset.until).toISOString()}::timestamptz, ${JSON.stringify(suspects)}::jsonb)`
}

/**
 * A source fires in an alert, perhaps again. The first urgent one of an alert of low urgency gives
 * it its words, and its steps begin anew, because they may wait for working hours. Who had a
 * message gets no second one.
 */
export const addSource = (alert: number, firing: Firing): Statement[] => [
  sql`insert into alert_source (alert, source, title, reason, began)
    values (${alert}, ${firing.source}, ${firing.title}, ${firing.reason},
      ${new Date(firing.onset.from).toISOString()}::timestamptz)
    on conflict (alert, source) do update set ended = null, reason = excluded.reason,
      began = excluded.began`,
  sql`update alert set urgency = 'high', title = ${firing.title}, reason = ${firing.reason},
      announced = least(announced, occurrence - 1), step = 0, next_step = null
    where id = ${alert} and urgency = 'low' and ${firing.urgency} = 'high'::text`,
]

/**
 * What fired in an alert does so no longer, which is a line of its timeline. If the alert was named
 * after it, what goes on gives it its words.
 */
export const endSource = (alert: number, source: string): Statement =>
  sql`with ended as (
      update alert_source set ended = now() where alert = ${alert} and source = ${source}
        and ended is null returning title
    ), next as (
      select title, reason from alert_source where alert = ${alert} and source <> ${source}
        and ended is null order by began, source limit 1
    ), renamed as (
      update alert a set title = next.title, reason = next.reason from next, ended
      where a.id = ${alert} and a.title = ended.title
    )
    insert into alert_entry (alert, kind, actor, text)
    select ${alert}, 'ended', 'fairlead', 'over: ' || title from ended`

export const resolve = (alert: number, by: string | null): Statement =>
  sql`update alert set resolved = now(), resolved_by = ${by}::text where id = ${alert}
    and resolved is null`

/** Opens an alert again: it is sent again, with the words and, unless null, the onset of now. */
export const reopen = (
  alert: number,
  { title, reason }: Pick<Firing, 'title' | 'reason'>,
  onset: Firing['onset'] | null,
): Statement =>
  sql`update alert set resolved = null, resolved_by = null, acknowledged_by = null,
    acknowledged_until = null, occurrence = occurrence + 1, step = 0, next_step = null,
    title = ${title}, reason = ${reason},
    onset_from = coalesce(${onset && new Date(onset.from).toISOString()}::timestamptz, onset_from),
    onset_until = coalesce(${onset && new Date(onset.until).toISOString()}::timestamptz,
      onset_until)
    where id = ${alert}`

export const acknowledge = (alert: number, by: string, until: string): Statement =>
  sql`update alert set acknowledged_by = ${by}, acknowledged_until = ${until}::timestamptz
    where id = ${alert} and resolved is null`

export const addEntry = (
  alert: number,
  kind: AlertEntry['kind'],
  text: string,
  actor = 'fairlead',
): Statement =>
  sql`insert into alert_entry (alert, kind, actor, text)
    values (${alert}, ${kind}, ${actor}, ${text})`

/** Removes alerts that were resolved long ago. */
export const deleteOldAlerts = (days: number): Statement =>
  sql`delete from alert where resolved < now() - ${days} * interval '1 day'`
