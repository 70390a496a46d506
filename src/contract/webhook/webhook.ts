import { z } from 'zod'

/** The webhook of an app, without its secret. Times are ISO 8601 UTC. */
export const webhook = z.object({
  app: z.string(),
  url: z.string(),
  created: z.string(),
  /** when the previous secret expires; null when there is none */
  formerUntil: z.string().nullable(),
  /** number of refused requests, and time and reason of the last one */
  refused: z.number().int(),
  refusedAt: z.string().nullable(),
  refusal: z.string().nullable(),
})
export type Webhook = z.infer<typeof webhook>

export const webhookStates = ['pending', 'done', 'ignored', 'failed'] as const
export type WebhookState = (typeof webhookStates)[number]

/** One stored request of a forge, and its result. */
export const webhookDelivery = z.object({
  number: z.number().int(),
  app: z.string(),
  /** kind of the sender */
  forge: z.string(),
  /** ID that the sender gave it */
  id: z.string(),
  event: z.string(),
  subject: z.string(),
  received: z.string(),
  /** how often the sender repeated it */
  repeats: z.number().int(),
  /** an earlier delivery with the same content under another ID */
  repeatOf: z.number().int().nullable(),
  state: z.enum(webhookStates),
  outcome: z.string().nullable(),
  tries: z.number().int(),
  ended: z.string().nullable(),
  /** head of the delivered branch, as found, and the run of it */
  change: z.string().nullable(),
  run: z.number().int().nullable(),
  /** whether its body is still stored */
  kept: z.boolean(),
})
export type WebhookDelivery = z.infer<typeof webhookDelivery>

/** A change that polling found before a delivery announced it. */
export const webhookGap = z.object({
  number: z.number().int(),
  app: z.string(),
  change: z.string(),
  /** the poll before, which did not find it: the push was between this time and `found` */
  looked: z.string().nullable(),
  found: z.string(),
  /** when a delivery announced it after all; null when none has */
  arrived: z.string().nullable(),
})
export type WebhookGap = z.infer<typeof webhookGap>
