import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { count } from '#contract/pipeline-file/shapes.ts'

/** How many instances of services run, where that is not the number of fairlead.yaml. */
export const hostScale = z.object({
  scales: z.array(
    z.object({
      app: name,
      environment: name,
      service: name,
      /** the number of fairlead.yaml that it replaces; a release with another one has its own */
      declared: count,
      instances: count,
    }),
  ),
})
export type HostScale = z.infer<typeof hostScale>
