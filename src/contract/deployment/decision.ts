import { z } from 'zod'

export const decisionKinds = ['approve', 'refuse', 'override'] as const

/** A decision about a waiting deployment; `override` lets it begin during a freeze. */
export const decision = z.object({
  kind: z.enum(decisionKinds),
  actor: z.string(),
  comment: z.string(),
  made: z.string(),
})
export type Decision = z.infer<typeof decision>

/** What a deployment waits for before it may begin, and how long it has waited. */
export const permission = z.object({
  /** null when it waits for neither */
  blocked: z.enum(['freeze', 'approval']).nullable(),
  since: z.string().nullable(),
  /** for people, in one sentence */
  reason: z.string().nullable(),
  /** milliseconds of ended waits */
  frozenMs: z.number(),
  approvalMs: z.number(),
  decisions: z.array(decision),
  /** why the caller may not make each decision, in one sentence; null when they may */
  denied: z.object({
    approve: z.string().nullable(),
    refuse: z.string().nullable(),
    override: z.string().nullable(),
  }),
})
export type Permission = z.infer<typeof permission>

/** The time that deployments to an environment waited, including waits that have not ended. */
export const timeLost = z.object({
  environment: z.string(),
  /** deployments of the period, and those of them that waited */
  deployments: z.number().int(),
  waited: z.number().int(),
  /** milliseconds, summed over all deployments */
  frozenMs: z.number(),
  approvalMs: z.number(),
  longestMs: z.number(),
})
export type TimeLost = z.infer<typeof timeLost>
