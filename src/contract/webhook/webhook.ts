import { z } from 'zod'

/** Where a forge sends an app's check-ins, without the secret. Times are ISO 8601 UTC. */
export const webhook = z.object({
  app: z.string(),
  url: z.string(),
  created: z.string(),
  /** until when the secret before this one counts too */
  formerUntil: z.string().nullable(),
  /** how many requests were refused, when the last one was, and why */
  refused: z.number().int(),
  refusedAt: z.string().nullable(),
  refusal: z.string().nullable(),
})
export type Webhook = z.infer<typeof webhook>

export const webhookStates = ['pending', 'done', 'ignored', 'failed'] as const
export type WebhookState = (typeof webhookStates)[number]

/** One request of a forge as it was stored, and what came of it. */
export const webhookDelivery = z.object({
  number: z.number().int(),
  app: z.string(),
  forge: z.string(),
  /** the sender's own id */
  id: z.string(),
  event: z.string(),
  subject: z.string(),
  received: z.string(),
  /** how often the same came again */
  repeats: z.number().int(),
  /** the delivery that this one says again under another id */
  repeatOf: z.number().int().nullable(),
  state: z.enum(webhookStates),
  outcome: z.string().nullable(),
  tries: z.number().int(),
  ended: z.string().nullable(),
  /** the head of the delivered branch as it was found, and its first run */
  change: z.string().nullable(),
  run: z.number().int().nullable(),
  /** whether its body is still kept, for a replay elsewhere */
  kept: z.boolean(),
})
export type WebhookDelivery = z.infer<typeof webhookDelivery>

/** A change that a look at the repository found before a delivery told of it. */
export const webhookGap = z.object({
  number: z.number().int(),
  app: z.string(),
  change: z.string(),
  /** the look before, which did not see it: it was pushed after that, and before `found` */
  looked: z.string().nullable(),
  found: z.string(),
  /** when a delivery told of it after all; null when none ever did */
  arrived: z.string().nullable(),
})
export type WebhookGap = z.infer<typeof webhookGap>
