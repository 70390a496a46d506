import { z } from 'zod'
import { endpoint } from '#contract/endpoint.ts'
import { webhook, webhookDelivery, webhookGap } from './webhook.ts'

const ofApp = z.object({ app: z.string() })
const ofDelivery = ofApp.extend({ number: z.coerce.number().int().positive() })

/** Where forges announce check-ins, what they sent, and what they did not. */
export const webhookEndpoints = {
  getWebhook: endpoint({
    method: 'GET',
    path: '/apps/{app}/webhook',
    role: 'viewer',
    summary: 'The webhook of an app, without its secret; null when there is none',
    params: ofApp,
    output: z.object({ webhook: webhook.nullable() }),
  }),
  putWebhook: endpoint({
    method: 'PUT',
    path: '/apps/{app}/webhook',
    role: 'operator',
    summary:
      'Make the webhook of an app, or give it a new secret; the secret is shown only now, and the one before counts for a day',
    params: ofApp,
    output: webhook.extend({ secret: z.string() }),
  }),
  deleteWebhook: endpoint({
    method: 'DELETE',
    path: '/apps/{app}/webhook',
    role: 'operator',
    summary: 'Take the webhook of an app away; what it brought stays',
    params: ofApp,
    output: z.object({ done: z.literal(true) }),
  }),
  listWebhookDeliveries: endpoint({
    method: 'GET',
    path: '/apps/{app}/webhook/deliveries',
    role: 'viewer',
    summary: 'What forges sent, the newest first, and what came of it',
    params: ofApp,
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
    summary: 'One delivery with its body as text; null when that is no longer kept',
    params: ofDelivery,
    output: z.object({ delivery: webhookDelivery, body: z.string().nullable() }),
  }),
  replayWebhookDelivery: endpoint({
    method: 'POST',
    path: '/apps/{app}/webhook/deliveries/{number}/replay',
    role: 'developer',
    summary: 'Look at a delivery again, as if it came now',
    params: ofDelivery,
    output: z.object({ done: z.literal(true) }),
  }),
}
