import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { done } from '#contract/params.ts'
import { webhook, webhookDelivery, webhookGap } from './webhook.ts'

const inApp = z.object({ app: z.string() })
const inDelivery = inApp.extend({ number: z.coerce.number().int().positive() })

/** The webhook to which a Git provider announces commits, and its deliveries. */
export const webhookEndpoints = {
  getWebhook: endpoint({
    method: 'GET',
    path: '/apps/{app}/webhook',
    role: 'viewer',
    summary: 'Get the webhook of an app without its secret, or null',
    params: inApp,
    output: z.object({ webhook: webhook.nullable() }),
  }),
  putWebhook: endpoint({
    method: 'PUT',
    path: '/apps/{app}/webhook',
    role: 'operator',
    summary:
      'Create the webhook of an app, or a new secret for it. Only this answer contains the ' +
      'secret; the previous one stays valid for a day',
    params: inApp,
    output: webhook.extend({ secret: z.string() }),
  }),
  deleteWebhook: endpoint({
    method: 'DELETE',
    path: '/apps/{app}/webhook',
    role: 'operator',
    summary: 'Delete the webhook of an app; its deliveries and changes stay',
    params: inApp,
    output: done,
  }),
  listWebhookDeliveries: endpoint({
    method: 'GET',
    path: '/apps/{app}/webhook/deliveries',
    role: 'viewer',
    summary: 'List the deliveries to a webhook and their results, the newest first',
    params: inApp,
    query: z.object({
      before: z.coerce.number().int().positive().optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    output: z.object({ deliveries: z.array(webhookDelivery), gaps: z.array(webhookGap) }),
  }),
  getWebhookDelivery: endpoint({
    method: 'GET',
    path: '/apps/{app}/webhook/deliveries/{number}',
    role: 'developer',
    summary: 'Get a delivery and its body as text; the body is null once it has expired',
    params: inDelivery,
    output: z.object({ delivery: webhookDelivery, body: z.string().nullable() }),
  }),
  replayWebhookDelivery: endpoint({
    method: 'POST',
    path: '/apps/{app}/webhook/deliveries/{number}/replay',
    role: 'developer',
    summary: 'Process a stored delivery again',
    params: inDelivery,
    output: done,
  }),
}
