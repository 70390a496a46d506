import type { StatusSubscription } from '#contract/status-page/subscription.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql, type Statement } from '#platform/postgres/sql.ts'
import type { SealedValue } from '#platform/secret/secret-box.ts'

const columns = sql`name, kind, apps, components, page, created, proven, problem`

/** The context that the settings of a subscription are sealed with. */
export const sealedAs = (name: string): string => `status-subscription/${name}`

export const listSubscriptions = (db: Database): Promise<StatusSubscription[]> =>
  db.query<StatusSubscription>(
    sql`select ${columns}, (select count(*)::int from status_delivery d
        where d.subscription = name and d.state = 'pending') as waiting
      from status_subscription where confirmed is not null order by name`,
  )

/** The kind and the sealed settings of a subscription; null when it does not exist. */
export async function getSubscription(
  db: Database,
  name: string,
): Promise<{ kind: string; settings: string; page: string } | null> {
  const rows = await db.query<{ kind: string; settings: string; page: string }>(
    sql`select kind, settings, page from status_subscription where name = ${name}`,
  )
  return rows[0] ?? null
}

export const putSubscription = ({
  name,
  kind,
  settings,
  apps,
  components,
  page,
}: Pick<StatusSubscription, 'name' | 'kind' | 'apps' | 'components' | 'page'> & {
  settings: string
}): Statement =>
  sql`insert into status_subscription (name, kind, settings, apps, components, page)
    values (${name}, ${kind}, ${settings}, ${apps}::text[], ${components}::text[], ${page})
    on conflict (name) do update set kind = excluded.kind, settings = excluded.settings,
      apps = excluded.apps, components = excluded.components, page = excluded.page,
      proven = null, problem = null,
      token_key = null, address_key = null`

export const deleteSubscription = (name: string): Statement =>
  sql`delete from status_subscription where name = ${name}`

/** All settings, so that they can be sealed with another key. */
export async function sealedSubscriptions(db: Database): Promise<SealedValue[]> {
  const rows = await db.query<{ name: string; settings: string }>(
    sql`select name, settings from status_subscription`,
  )
  return rows.map(({ name, settings }) => ({
    name: sealedAs(name),
    sealed: settings,
    put: (resealed) =>
      sql`update status_subscription set settings = ${resealed} where name = ${name}
        and settings = ${settings}`,
  }))
}

/** What an update is about: some components of an app, by their keys. */
export interface UpdateAbout {
  app: string
  components: readonly string[]
}

/** Queues a published update for everybody who wants those about it on one of these pages. */
export const queueDeliveries = (
  update: number,
  { app, components }: UpdateAbout,
  pages: readonly string[],
): Statement =>
  sql`insert into status_delivery (subscription, status_update)
    select name, ${update}::bigint from status_subscription
    where confirmed is not null and page = any(${[...pages]}::text[])
      and (apps is null and components is null or ${app}::text = any(apps)
        or components && ${components.map((key) => `${app}/${key}`)}::text[])
    on conflict do nothing`

export interface ClaimedDelivery {
  id: number
  subscription: string
  update: number
  tries: number
}

/**
 * Who gets an update: administrators' subscriptions and e-mails, the other addresses of readers,
 * and the addresses that did not accept the last update.
 */
export type DeliveryLane = 'trusted' | 'readers' | 'refused'

/**
 * Claims deliveries that are due; another server may claim them after `seconds`. An update waits
 * for the earlier ones to the same subscription.
 */
export const claimDeliveries = (
  db: Database,
  {
    count,
    except,
    seconds,
    lane,
  }: { count: number; except: string[]; seconds: number; lane?: DeliveryLane },
): Promise<ClaimedDelivery[]> =>
  db.query<ClaimedDelivery>(sql`update status_delivery n
    set claimed = now() + ${seconds} * interval '1 second', tries = tries + 1
    where n.id in (select d.id from status_delivery d
        join status_subscription s on s.name = d.subscription
      where (${lane ?? null}::text is null or ${lane ?? null}::text = case
          when s.problem is not null or d.tries > 0 then 'refused'
          when s.token_key is null or s.kind = 'email' then 'trusted' else 'readers' end)
        and d.state = 'pending' and d.due <= now() and (d.claimed is null or d.claimed <= now())
        and d.id::text <> all(${except}::text[])
        and not exists (select from status_delivery o where o.subscription = d.subscription
          and o.state = 'pending' and o.id < d.id)
      order by d.id limit ${count} for update of d skip locked)
    returning n.id, n.subscription, n.status_update as update, n.tries`)

export const markSent = ({ id, subscription }: ClaimedDelivery): Statement[] => [
  sql`update status_delivery set state = 'sent', sent = now(), problem = null where id = ${id}`,
  sql`update status_subscription set proven = now(), problem = null where name = ${subscription}`,
]

/** With null, the delivery is given up. */
export const markRefused = (
  { id, subscription }: ClaimedDelivery,
  problem: string,
  pauseSeconds: number | null,
): Statement[] => [
  sql`update status_delivery set problem = ${problem}, claimed = null,
      state = case when ${pauseSeconds}::float is null then 'failed' else 'pending' end,
      due = now() + coalesce(${pauseSeconds}::float, 0) * interval '1 second'
    where id = ${id}`,
  sql`update status_subscription set problem = ${problem} where name = ${subscription}`,
]
