import { z } from 'zod'
import { name } from '#contract/app/app.ts'

/** The environments whose edge answers every request with the maintenance page. */
export const hostMaintenance = z.object({
  pages: z.array(
    z.object({
      app: name,
      environment: name,
      /** milliseconds since 1970; null without an end */
      until: z.number().int().nullable(),
    }),
  ),
})
export type HostMaintenance = z.infer<typeof hostMaintenance>
