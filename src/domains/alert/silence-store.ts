import type { Silence } from '#contract/alert/alert.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { join, sql, type Statement } from '#platform/postgres/sql.ts'

/** When the last silence that covers the alert `a` ends; null when none does now. */
export const silencedUntil = sql`greatest(
  (select max(s.until) from silence s where s.app = a.app and s.matchers = '[]'
    and (s.environment is null or s.environment = a.environment)
    and (s.service is null or s.service = a.service)
    and s.starts <= now() and s.until > now()),
  case when a.silenced_until > now() then a.silenced_until end)`

const columns = sql`id, app, environment, service, starts as "from", until, matchers,
  reason, actor, created`

/** The silences that have not ended. `apps` limits them; null for all. */
export async function listSilences(
  db: Database,
  { app, apps }: { app?: string | undefined; apps: string[] | null },
): Promise<Silence[]> {
  const where = [sql`until > now()`]
  if (app !== undefined) where.push(sql`app = ${app}`)
  if (apps) where.push(sql`app = any(${apps}::text[])`)
  return db.query<Silence>(
    sql`select ${columns} from silence where ${join(where, ' and ')} order by until`,
  )
}

/** Whether an alert is or was about a place; null for any environment or service. */
export async function hasAlert(
  db: Database,
  { app, environment, service }: Pick<Silence, 'app' | 'environment' | 'service'>,
): Promise<boolean> {
  const rows = await db.query(sql`select 1 from alert where app = ${app}
    and (${environment}::text is null or environment = ${environment})
    and (${service}::text is null or service = ${service}) limit 1`)
  return rows.length > 0
}

/** A silence that has not ended; null when there is none. */
export async function getSilence(db: Database, id: number): Promise<Silence | null> {
  const rows = await db.query<Silence>(
    sql`select ${columns} from silence where id = ${id} and until > now()`,
  )
  return rows[0] ?? null
}

/** A silence, also one that has ended; null when there is none. */
export async function findSilence(db: Database, id: number): Promise<Silence | null> {
  const rows = await db.query<Silence>(sql`select ${columns} from silence where id = ${id}`)
  return rows[0] ?? null
}

/** The silences of places that are in force. */
export const listPlaceSilences = (db: Database): Promise<Silence[]> =>
  db.query<Silence>(sql`select ${columns} from silence
    where matchers = '[]' and starts <= now() and until > now() order by until desc, id`)

/** Reserves the id of a silence. */
export async function nextSilence(db: Database): Promise<number> {
  const rows = await db.query<{ id: number }>(
    sql`select nextval(pg_get_serial_sequence('silence', 'id')) as id`,
  )
  return rows[0]?.id ?? 0
}

/** A silence begins now unless `from` says when, and covers every alert of its place. */
export type NewSilence = Omit<Silence, 'created' | 'from' | 'matchers'> &
  Partial<Pick<Silence, 'from' | 'matchers'>>

export const insertSilence = ({ from, matchers = [], ...silence }: NewSilence): Statement =>
  sql`insert into silence (id, app, environment, service, starts, until, matchers, reason, actor)
    overriding system value values (${silence.id}, ${silence.app}::text,
      ${silence.environment}::text, ${silence.service}::text,
      coalesce(${from ?? null}::timestamptz, now()), ${silence.until}::timestamptz,
      ${JSON.stringify(matchers)}::jsonb, ${silence.reason}, ${silence.actor})
    returning ${columns}`

export const endSilence = (id: number): Statement =>
  sql`update silence set until = now() where id = ${id} and until > now()`

/** Days for which an ended silence is listed to tools of Alertmanager, as Alertmanager does. */
const listedDays = 5

/** The silences that have not ended, and those that ended lately. `apps` limits them. */
export const listRecentSilences = (db: Database, apps: string[] | null): Promise<Silence[]> =>
  db.query<Silence>(sql`select ${columns} from silence
    where until > now() - ${listedDays} * interval '1 day'
      and (${apps}::text[] is null or app = any(${apps}::text[])) order by until, id`)

/** The silences with matchers that are in force. */
export const listMatcherSilences = (db: Database): Promise<Silence[]> =>
  db.query<Silence>(sql`select ${columns} from silence
    where matchers <> '[]' and starts <= now() and until > now()`)

/** Stores until when alerts are silenced by matchers; others are not. */
export const setSilenced = (silenced: { alert: number; until: string }[]): Statement =>
  sql`with wanted as (
      select * from jsonb_to_recordset(${JSON.stringify(silenced)}::jsonb)
        as w(alert bigint, until timestamptz))
    update alert a set silenced_until = w.until
    from alert b left join wanted w on w.alert = b.id
    where a.id = b.id and (b.silenced_until is not null or w.until is not null)
      and b.silenced_until is distinct from w.until`
