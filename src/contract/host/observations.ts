import { z } from 'zod'
import { batch } from '#contract/verdict/verdict.ts'

/** Counts of the edge for a canary; pass `next` as `after` to read on. */
export const observations = z.object({
  batches: z.array(batch),
  /** what is known so far of later requests, when they wait for slow ones */
  pending: z.array(batch).optional(),
  next: z.number().int(),
})
export type Observations = z.infer<typeof observations>
