import { z } from 'zod'

export const decisionKinds = ['approve', 'refuse', 'override'] as const

/** What somebody decided of a deployment that waits: `override` lets it go in spite of a freeze. */
export const decision = z.object({
  kind: z.enum(decisionKinds),
  actor: z.string(),
  comment: z.string(),
  made: z.string(),
})
export type Decision = z.infer<typeof decision>

/** What a deployment waits for before it may begin, and how long it did. */
export const permission = z.object({
  /** null when it waits for neither */
  blocked: z.enum(['freeze', 'approval']).nullable(),
  since: z.string().nullable(),
  /** in words */
  reason: z.string().nullable(),
  /** milliseconds lost, without what is under way */
  frozenMs: z.number(),
  approvalMs: z.number(),
  decisions: z.array(decision),
})
export type Permission = z.infer<typeof permission>

/** What waiting for people and calendars cost in an environment, with what is under way. */
export const timeLost = z.object({
  environment: z.string(),
  /** that came in this time, and those of them that waited */
  deployments: z.number().int(),
  waited: z.number().int(),
  /** milliseconds, over all of them */
  frozenMs: z.number(),
  approvalMs: z.number(),
  longestMs: z.number(),
})
export type TimeLost = z.infer<typeof timeLost>
