import type { Webhook, WebhookGap, WebhookState } from '#contract/webhook/webhook.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { SealedValue } from '#platform/secret/secret-box.ts'
import { sql, type Statement, toJson } from '#platform/postgres/sql.ts'
import type { CheckIn } from './check-in.ts'

export interface StoredWebhook extends Omit<Webhook, 'url'> {
  /** sealed */
  secret: string
  /** the previous secret, sealed */
  former: string | null
}

const columns = sql`
  app, secret, former, created, former_until as "formerUntil", refused, refused_at as "refusedAt",
  refusal`

export async function getWebhook(db: Database, app: string): Promise<StoredWebhook | null> {
  return (
    (await db.query<StoredWebhook>(sql`select ${columns} from webhook where app = ${app}`))[0] ??
    null
  )
}

/** Stores a secret; the previous one stays valid for `formerHours`. */
export function putWebhook(app: string, sealed: string, formerHours: number): Statement {
  return sql`
    insert into webhook (app, secret) values (${app}, ${sealed})
    on conflict (app) do update set former = webhook.secret, secret = excluded.secret,
      former_until = now() + make_interval(hours => ${formerHours})`
}

/** All secrets, to seal them with a new key. */
export async function sealedSecrets(db: Database): Promise<SealedValue[]> {
  const rows = await db.query<{ app: string; secret: string; former: string | null }>(
    sql`select app, secret, former from webhook`,
  )
  return rows.flatMap(({ app, secret, former }) => [
    {
      name: sealedAs(app),
      sealed: secret,
      put: (resealed: string) =>
        sql`update webhook set secret = ${resealed} where app = ${app} and secret = ${secret}`,
    },
    ...(former === null
      ? []
      : [
          {
            name: sealedAs(app),
            sealed: former,
            put: (resealed: string) =>
              sql`update webhook set former = ${resealed}
                where app = ${app} and former = ${former}`,
          },
        ]),
  ])
}

/** The context that the secrets of a webhook are sealed with. */
export const sealedAs = (app: string): string => `webhook/${app}`

export function deleteWebhook(app: string): Statement {
  return sql`delete from webhook where app = ${app}`
}

export function countRefusal(app: string, reason: string): Statement {
  return sql`
    update webhook set refused = refused + 1, refused_at = now(), refusal = ${reason}
    where app = ${app}`
}

export interface NewDelivery {
  app: string
  /** kind of the sender */
  forge: string
  id: string
  event: string
  subject: string
  checkIns: CheckIn[]
  /** SHA-256 of the body */
  content: Buffer
  body: Buffer
  /** of the sender */
  address: string
}

export interface StoredAnswer {
  number: number
  state: WebhookState
  /** a delivery with the same ID or content was stored before */
  isRepeat: boolean
}

/**
 * Stores a delivery. The same ID again is counted on the first delivery, and retries that one if it
 * failed. The same content under another ID is a repeat only of the newest delivery of its subject:
 * a branch that moves back and forth legitimately sends the same content twice.
 */
export const insertDelivery = (delivery: NewDelivery): Statement => {
  const { app, forge, id, event, subject, content, body, address } = delivery
  return sql`
    with newest as (
      select number, content, state, repeat_of from webhook_delivery
      where app = ${app} and subject = ${subject} order by number desc limit 1),
    same as (
      select coalesce(repeat_of, number) as number from newest
      where content = ${content} and state <> 'failed')
    insert into webhook_delivery
      (app, forge, id, event, subject, check_ins, content, body, address, repeat_of, state, outcome,
        ended)
    select ${app}, ${forge}, ${id}, ${event}, ${subject}, ${toJson(delivery.checkIns)}::jsonb,
      ${content}, ${body}, ${address}, same.number,
      case when same.number is null then 'pending' else 'ignored' end,
      'the same as delivery ' || same.number,
      case when same.number is not null then clock_timestamp() end
    from (select) as one left join same on true
    on conflict (app, forge, id) do update set repeats = webhook_delivery.repeats + 1,
      state = case webhook_delivery.state when 'failed' then 'pending'
        else webhook_delivery.state end
    returning number, state, repeat_of is not null or repeats > 0 as "isRepeat"`
}

export interface PendingDelivery {
  number: number
  /** kind of the sender */
  forge: string
  received: string
  tries: number
  checkIns: CheckIn[]
  /** of the sender; null for a delivery stored by an earlier version */
  address: string | null
}

/** The apps with pending deliveries. */
export async function appsWithPendingDeliveries(db: Database): Promise<string[]> {
  const rows = await db.query<{ app: string }>(
    sql`select distinct app from webhook_delivery where state = 'pending'`,
  )
  return rows.map(({ app }) => app)
}

export async function listPendingDeliveries(db: Database, app: string): Promise<PendingDelivery[]> {
  return db.query<PendingDelivery>(sql`
    select number, forge, received, tries, check_ins as "checkIns", address
    from webhook_delivery where state = 'pending' and app = ${app} order by number limit 1000`)
}

/** What became of a delivery. */
export interface DeliveryResult {
  number: number
  state: WebhookState
  outcome: string
  /** head of the delivered branch, as found */
  change: string | null
}

/** Stores results. A delivery that stays pending only counts another try. */
export function endDeliveries(results: DeliveryResult[]): Statement {
  return sql`
    update webhook_delivery d set state = e.state, outcome = e.outcome, change = e.change,
      tries = tries + 1, ended = case e.state when 'pending' then null else clock_timestamp() end
    from jsonb_to_recordset(${JSON.stringify(results)}::jsonb)
      as e(number bigint, state text, outcome text, change text)
    where d.number = e.number and d.state = 'pending'`
}

/** Makes a delivery pending again. Returns no row when it does not exist. */
export function replayDelivery(app: string, number: number): Statement {
  return sql`
    update webhook_delivery set state = 'pending', outcome = null, change = null, ended = null,
      tries = 0, repeat_of = null
    where app = ${app} and number = ${number} returning number`
}

export async function hasDelivery(db: Database, app: string, number: number): Promise<boolean> {
  const rows = await db.query(
    sql`select number from webhook_delivery where app = ${app} and number = ${number}`,
  )
  return rows.length > 0
}

export async function getBody(db: Database, app: string, number: number): Promise<Buffer | null> {
  const rows = await db.query<{ body: Buffer | null }>(
    sql`select body from webhook_delivery where app = ${app} and number = ${number}`,
  )
  return rows[0]?.body ?? null
}

/**
 * Records a gap: polling found a change that no delivery of the last day had announced. Does
 * nothing when one had, or when the app has no webhook.
 */
export function insertGap(app: string, sha: string, lastChecked: Date | null): Statement {
  return sql`
    insert into webhook_gap (app, sha, looked)
    select ${app}, ${sha}, ${lastChecked?.toISOString() ?? null}::timestamptz
    where exists (select from webhook where app = ${app})
      and not exists (select from webhook_delivery where app = ${app}
        and check_ins @> ${JSON.stringify([{ after: sha }])}::jsonb
        and received > now() - interval '1 day')`
}

const arrived = sql`
  (select min(received) from webhook_delivery d
    where d.app = g.app and d.received > g.found - interval '1 hour'
      and d.check_ins @> jsonb_build_array(jsonb_build_object('after', g.sha)))`

export async function listGaps(db: Database, app: string, limit: number): Promise<WebhookGap[]> {
  return db.query<WebhookGap>(sql`
    select number, app, sha as change, looked, found, ${arrived} as arrived
    from webhook_gap g where app = ${app} order by number desc limit ${limit}`)
}

/**
 * Gaps older than `seconds` that were not reported yet, including those whose delivery arrived
 * since.
 */
export async function listUnreportedGaps(db: Database, seconds: number): Promise<WebhookGap[]> {
  return db.query<WebhookGap>(sql`
    select number, app, sha as change, looked, found, ${arrived} as arrived
    from webhook_gap g where not told and found < now() - make_interval(secs => ${seconds})`)
}

/** Returns no row when another replica has marked it. */
export function markGapReported(number: number): Statement {
  return sql`
    update webhook_gap set told = true where number = ${number} and not told returning number`
}

/** Deletes bodies after two weeks and deliveries after ninety days. */
export function deleteExpired(): Statement {
  return sql`
    with bodies as (
      update webhook_delivery set body = null
      where body is not null and received < now() - interval '14 days' and state <> 'pending')
    delete from webhook_delivery
    where received < now() - interval '90 days' and state <> 'pending'`
}
