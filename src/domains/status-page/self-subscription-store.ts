import { createHash } from 'node:crypto'
import { defaultPage } from '#contract/status-page/pages.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'

/** What is stored of a token or an address, so that a reader of the database cannot use it. */
export const keyOf = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Addresses that are asked within an hour, against floods; and how often one of them is. */
const mostAsked = 200
const mostOfAddress = 3

export interface AskedSubscription {
  name: string
  /** of a channel */
  kind: string
  /** sealed */
  settings: string
  apps: string[] | null
  components: string[] | null
  page: string
  tokenKey: string
  addressKey: string
}

/**
 * Stores a subscription that its address has to confirm. Nothing is stored when the address was
 * asked for this page within the hour, when it or too many were asked, or without the page.
 */
export const askSubscriber = (asked: AskedSubscription): Statement =>
  sql`insert into status_subscription (name, kind, settings, apps, components, page, confirmed,
      token_key, address_key, asked_due)
    select ${asked.name}, ${asked.kind}, ${asked.settings}, ${asked.apps}::text[],
      ${asked.components}::text[], p.name, null, ${asked.tokenKey}, ${asked.addressKey}, now()
    from (select name from status_page union select ${defaultPage}) p
    where p.name = ${asked.page}
      and not exists (select from status_subscription where address_key = ${asked.addressKey}
        and page = p.name and created > now() - interval '1 hour' and confirmed is null)
      and (select count(*) from status_subscription where address_key = ${asked.addressKey}
        and created > now() - interval '1 hour' and confirmed is null) < ${mostOfAddress}
      and (select count(*) from status_subscription where confirmed is null
        and created > now() - interval '1 hour') < ${mostAsked}
    on conflict do nothing`

export interface FoundSubscription {
  name: string
  kind: string
  apps: string[] | null
  components: string[] | null
  isConfirmed: boolean
}

export async function findByToken(db: Database, token: string): Promise<FoundSubscription | null> {
  const rows = await db.query<FoundSubscription>(
    sql`select name, kind, apps, components, confirmed is not null as "isConfirmed"
      from status_subscription
      where token_key = ${keyOf(token)}`,
  )
  return rows[0] ?? null
}

/** Confirms a subscription, in place of an earlier one of its address for the same page. */
export const confirmSubscription = (name: string): Statement[] => [
  sql`delete from status_subscription o using status_subscription n
    where n.name = ${name} and o.address_key = n.address_key and o.page = n.page
      and o.name <> n.name`,
  sql`update status_subscription set confirmed = now(), asked_due = null where name = ${name}`,
]

/** Deletes what was not confirmed within a day. */
export const dropUnconfirmed = (): Statement =>
  sql`delete from status_subscription
    where confirmed is null and created < now() - interval '1 day'`

export interface DueQuestion {
  name: string
  kind: string
  apps: string[] | null
  components: string[] | null
  page: string
  settings: string
  tries: number
}

/**
 * Claims subscriptions whose address is to be asked now: each is due again after `seconds`, in case
 * this server does not come to ask.
 */
export const claimQuestions = (
  db: Database,
  {
    count,
    except,
    seconds,
    isMail,
  }: { count: number; except: string[]; seconds: number; isMail: boolean },
): Promise<DueQuestion[]> =>
  db.query<DueQuestion>(sql`update status_subscription n
    set asked_due = now() + ${seconds} * interval '1 second'
    where n.name in (select name from status_subscription
      where asked_due <= now() and confirmed is null and (kind = 'email') = ${isMail}
        and name <> all(${except}::text[])
      order by asked_due limit ${count} for update skip locked)
    returning n.name, n.kind, n.apps, n.components, n.page, n.settings, n.asked_tries + 1 as tries`)

/** Stores that an address was asked, or when it is asked again. */
export const setAsked = (name: string, pauseSeconds: number | null): Statement =>
  sql`update status_subscription set asked_tries = asked_tries + 1,
      asked_due = now() + ${pauseSeconds}::float8 * interval '1 second'
    where name = ${name}`
