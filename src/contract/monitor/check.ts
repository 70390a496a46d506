import { z } from 'zod'

/** What a check may find. Missing data is `unknown`, never `up`. */
export const checkStates = ['up', 'degraded', 'down', 'unknown'] as const
export type CheckState = (typeof checkStates)[number]

/** The last check of a monitor, and the checks before it that found the same. */
export const checkResult = z.object({
  /** of the monitor */
  id: z.number().int(),
  /** grows with every check */
  number: z.number().int(),
  /** milliseconds since 1970 */
  at: z.number(),
  state: z.enum(checkStates),
  /** one sentence without its full stop; empty when it is up */
  reason: z.string(),
  /** what breaks the rule, at most 100; empty for kinds without entities */
  entities: z.array(z.string()),
  /** checks in a row that were equally good: up, not up, or unknown */
  streak: z.number().int(),
  /** the first check of the streak, and the one before it; null when there was none */
  since: z.number(),
  before: z.number().nullable(),
  /** milliseconds */
  took: z.number(),
})
export type CheckResult = z.infer<typeof checkResult>
