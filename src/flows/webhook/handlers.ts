import { FairleadError } from '#contract/errors.ts'
import type { SomeHandlers } from '#contract/handler.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import * as store from '#domains/forge/webhook-store.ts'
import type { Webhooks } from '#domains/forge/webhook.ts'
import { getDelivery, listDeliveries } from '#views/webhook-deliveries.ts'

export interface WebhookHandlersOptions {
  db: Database
  webhooks: Webhooks
  getApp(name: string): Promise<unknown>
}

export function webhookHandlers({
  db,
  webhooks,
  getApp,
}: WebhookHandlersOptions): SomeHandlers<
  | 'getWebhook'
  | 'putWebhook'
  | 'deleteWebhook'
  | 'listWebhookDeliveries'
  | 'getWebhookDelivery'
  | 'replayWebhookDelivery'
> {
  const mustBeThere = async (app: string): Promise<void> => {
    if (!(await getApp(app))) throw new FairleadError('not_found', { kind: 'app', id: app })
  }
  return {
    getWebhook: async ({ params }) => {
      await mustBeThere(params.app)
      return { webhook: await webhooks.get(params.app) }
    },
    putWebhook: async ({ params }, caller) => {
      await mustBeThere(params.app)
      return webhooks.put(params.app, caller)
    },
    deleteWebhook: async ({ params }, caller) => {
      if (!(await webhooks.get(params.app)))
        throw new FairleadError('not_found', { kind: 'webhook of', id: params.app })
      await webhooks.remove(params.app, caller)
      return { done: true }
    },
    listWebhookDeliveries: async ({ params, query }) => {
      await mustBeThere(params.app)
      const [deliveries, gaps] = await Promise.all([
        listDeliveries(db, params.app, { before: query.before ?? null, limit: query.limit }),
        store.listGaps(db, params.app, 50),
      ])
      return { deliveries, gaps }
    },
    getWebhookDelivery: async ({ params }) => {
      const delivery = await getDelivery(db, params.app, params.number)
      if (!delivery)
        throw new FairleadError('not_found', {
          kind: `delivery to ${params.app}`,
          id: params.number,
        })
      const body = await store.getBody(db, params.app, params.number)
      return { delivery, body: body?.toString('utf8') ?? null }
    },
    replayWebhookDelivery: async ({ params }, caller) => {
      await webhooks.replay(params.app, params.number, caller)
      return { done: true }
    },
  }
}
