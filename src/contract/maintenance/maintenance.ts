import { z } from 'zod'

/** The maintenance page of an environment, while it is shown. */
export const maintenance = z.object({
  app: z.string(),
  environment: z.string(),
  reason: z.string(),
  actor: z.string(),
  since: z.string(),
  /** when it ends by itself; null when a person ends it */
  until: z.string().nullable(),
})
export type Maintenance = z.infer<typeof maintenance>
