import type { WebhookDelivery } from '#contract/webhook/webhook.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import { sql } from '#platform/postgres/sql.ts'

/** `run` is the run of the delivered change that was created next after the delivery. */
const columns = sql`
  number, app, forge, id, event, subject, received, repeats, repeat_of as "repeatOf", state,
  outcome, tries, ended, change, body is not null as kept,
  (select r.id from pipeline_run r where r.app = d.app and r.sha = d.change
    order by r.created < d.received, abs(extract(epoch from r.created - d.received)) limit 1)
    as run`

/** The newest first. */
export async function listDeliveries(
  db: Database,
  app: string,
  { before, limit }: { before: number | null; limit: number },
): Promise<WebhookDelivery[]> {
  return db.query<WebhookDelivery>(sql`
    select ${columns} from webhook_delivery d
    where app = ${app} and (${before}::bigint is null or number < ${before})
    order by number desc limit ${limit}`)
}

export async function getDelivery(
  db: Database,
  app: string,
  number: number,
): Promise<WebhookDelivery | null> {
  const rows = await db.query<WebhookDelivery>(sql`
    select ${columns} from webhook_delivery d where app = ${app} and number = ${number}`)
  return rows[0] ?? null
}
