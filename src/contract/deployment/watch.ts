import { z } from 'zod'

export const watchStates = ['watching', 'healthy', 'harmful', 'unknown', 'replaced'] as const

const rate = z.object({ requests: z.number().int(), errors: z.number().int() })

/**
 * The watch over a release that has all of the traffic: its requests, compared with those of the
 * release before. Times are ISO 8601 UTC.
 */
export const watch = z.object({
  deployment: z.number().int(),
  /** `unknown`: its target did not answer; `replaced`: another deployment got the traffic. */
  state: z.enum(watchStates),
  /** One sentence in plain words. */
  reason: z.string(),
  started: z.string(),
  until: z.string(),
  ended: z.string().nullable(),
  /** Requests of the release before that are compared, and requests since the promotion. */
  before: rate,
  /**
   * Requests of the last proven release, which are compared, too, when the release before is
   * unproven; null otherwise.
   */
  proven: rate.extend({ release: z.number().int() }).nullable().default(null),
  after: rate,
})
export type Watch = z.infer<typeof watch>
