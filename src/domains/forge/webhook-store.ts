import type {
  Webhook,
  WebhookDelivery,
  WebhookGap,
  WebhookState,
} from '#contract/webhook/webhook.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { SealedValue } from '#platform/secret/secret-box.ts'
import { sql, type Statement, toJson } from '#platform/postgres/sql.ts'
import type { CheckIn } from './check-in.ts'

export interface StoredWebhook extends Omit<Webhook, 'url'> {
  /** sealed */
  secret: string
  former: string | null
}

const columns = sql`app, secret, former, created, former_until as "formerUntil", refused, refused_at as "refusedAt", refusal`

export async function getWebhook(db: Database, app: string): Promise<StoredWebhook | null> {
  return (
    (await db.query<StoredWebhook>(sql`select ${columns} from webhook where app = ${app}`))[0] ??
    null
  )
}

/** Puts a secret in place; the one before counts on for so many hours. */
export function putWebhook(app: string, sealed: string, formerHours: number): Statement {
  return sql`insert into webhook (app, secret) values (${app}, ${sealed})
    on conflict (app) do update set former = webhook.secret, secret = excluded.secret,
      former_until = now() + make_interval(hours => ${formerHours})`
}

/** Its secrets, for a new key. */
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
              sql`update webhook set former = ${resealed} where app = ${app} and former = ${former}`,
          },
        ]),
  ])
}

/** What the secrets of a webhook are bound to. */
export const sealedAs = (app: string): string => `webhook/${app}`

export function deleteWebhook(app: string): Statement {
  return sql`delete from webhook where app = ${app}`
}

export function countRefusal(app: string, why: string): Statement {
  return sql`update webhook set refused = refused + 1, refused_at = now(), refusal = ${why} where app = ${app}`
}

export interface NewDelivery {
  app: string
  forge: string
  id: string
  event: string
  subject: string
  checkIns: CheckIn[]
  /** SHA-256 of the body */
  content: Buffer
  body: Buffer
  /** where it came from */
  address: string
}

export interface StoredAnswer {
  number: number
  state: WebhookState
  /** it was here before, by its id or by its content */
  isRepeat: boolean
}

/**
 * Stores a delivery. The same id again is counted on the first one, which is tried again if it had
 * failed. The same content under another id is a repeat only of the newest of its subject: a branch
 * that went back and forth says the same twice and means it.
 */
export const insertDelivery = (one: NewDelivery): Statement => sql`
    with newest as (
      select number, content, state, repeat_of from webhook_delivery
      where app = ${one.app} and subject = ${one.subject} order by number desc limit 1),
    same as (select coalesce(repeat_of, number) as number from newest where content = ${one.content} and state <> 'failed')
    insert into webhook_delivery (app, forge, id, event, subject, check_ins, content, body, address, repeat_of, state, outcome, ended)
    select ${one.app}, ${one.forge}, ${one.id}, ${one.event}, ${one.subject}, ${toJson(one.checkIns)}::jsonb, ${one.content},
      ${one.body}, ${one.address}, same.number, case when same.number is null then 'pending' else 'ignored' end,
      'the same as delivery ' || same.number, case when same.number is not null then clock_timestamp() end
    from (select) as one left join same on true
    on conflict (app, forge, id) do update set repeats = webhook_delivery.repeats + 1,
      state = case webhook_delivery.state when 'failed' then 'pending' else webhook_delivery.state end
    returning number, state, repeat_of is not null or repeats > 0 as "isRepeat"`

export interface PendingDelivery {
  number: number
  forge: string
  received: string
  tries: number
  checkIns: CheckIn[]
  /** where it came from; null for one from before that was kept */
  address: string | null
}

export async function appsWithPending(db: Database): Promise<string[]> {
  const rows = await db.query<{ app: string }>(
    sql`select distinct app from webhook_delivery where state = 'pending'`,
  )
  return rows.map(({ app }) => app)
}

export async function pendingOf(db: Database, app: string): Promise<PendingDelivery[]> {
  return db.query<PendingDelivery>(sql`select number, forge, received, tries, check_ins as "checkIns", address
    from webhook_delivery where state = 'pending' and app = ${app} order by number limit 1000`)
}

export interface Ended {
  number: number
  state: WebhookState
  outcome: string
  change: string | null
}

/** What came of deliveries; those that are still pending are only counted as tried. */
export function endDeliveries(ended: Ended[]): Statement {
  return sql`update webhook_delivery d set state = e.state, outcome = e.outcome, change = e.change, tries = tries + 1,
      ended = case e.state when 'pending' then null else clock_timestamp() end
    from jsonb_to_recordset(${JSON.stringify(ended)}::jsonb) as e(number bigint, state text, outcome text, change text)
    where d.number = e.number and d.state = 'pending'`
}

export function replayDelivery(app: string, number: number): Statement {
  return sql`update webhook_delivery set state = 'pending', outcome = null, change = null, ended = null, tries = 0, repeat_of = null
    where app = ${app} and number = ${number} returning number`
}

const deliveryColumns = sql`number, app, forge, id, event, subject, received, repeats, repeat_of as "repeatOf", state, outcome, tries,
  ended, change, body is not null as kept,
  (select r.id from pipeline_run r where r.app = d.app and r.sha = d.change
    order by r.created < d.received, abs(extract(epoch from r.created - d.received)) limit 1) as run`

/** The newest first. */
export async function listDeliveries(
  db: Database,
  app: string,
  page: { before: number | null; limit: number },
): Promise<WebhookDelivery[]> {
  return db.query<WebhookDelivery>(sql`select ${deliveryColumns} from webhook_delivery d
    where app = ${app} and (${page.before}::bigint is null or number < ${page.before}) order by number desc limit ${page.limit}`)
}

export async function getDelivery(
  db: Database,
  app: string,
  number: number,
): Promise<WebhookDelivery | null> {
  const rows = await db.query<WebhookDelivery>(
    sql`select ${deliveryColumns} from webhook_delivery d where app = ${app} and number = ${number}`,
  )
  return rows[0] ?? null
}

export async function getBody(db: Database, app: string, number: number): Promise<Buffer | null> {
  const rows = await db.query<{ body: Buffer | null }>(
    sql`select body from webhook_delivery where app = ${app} and number = ${number}`,
  )
  return rows[0]?.body ?? null
}

/**
 * A change found by looking, where a webhook should have told of it; nothing when one did, or when
 * there is no webhook.
 */
export function insertGap(app: string, sha: string, looked: Date | null): Statement {
  return sql`insert into webhook_gap (app, sha, looked)
    select ${app}, ${sha}, ${looked?.toISOString() ?? null}::timestamptz where exists (select from webhook where app = ${app})
      and not exists (select from webhook_delivery where app = ${app} and check_ins @> ${JSON.stringify([{ after: sha }])}::jsonb
        and received > now() - interval '1 day')`
}

const arrived = sql`(select min(received) from webhook_delivery d
  where d.app = g.app and d.received > g.found - interval '1 hour'
    and d.check_ins @> jsonb_build_array(jsonb_build_object('after', g.sha)))`

export async function listGaps(db: Database, app: string, limit: number): Promise<WebhookGap[]> {
  return db.query<WebhookGap>(sql`select number, app, sha as change, looked, found, ${arrived} as arrived
    from webhook_gap g where app = ${app} order by number desc limit ${limit}`)
}

/**
 * Gaps older than so many seconds of which nobody was told; those for which a delivery came
 * meanwhile are no longer any.
 */
export async function untoldGaps(db: Database, seconds: number): Promise<WebhookGap[]> {
  return db.query<WebhookGap>(sql`select number, app, sha as change, looked, found, ${arrived} as arrived
    from webhook_gap g where not told and found < now() - make_interval(secs => ${seconds})`)
}

export function tellGap(number: number): Statement {
  return sql`update webhook_gap set told = true where number = ${number} and not told returning number`
}

/** Bodies go after two weeks, what is known of a delivery after ninety days. */
export function forgetOld(): Statement {
  return sql`with bodies as (
      update webhook_delivery set body = null where body is not null and received < now() - interval '14 days' and state <> 'pending')
    delete from webhook_delivery where received < now() - interval '90 days' and state <> 'pending'`
}
