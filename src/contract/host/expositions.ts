import { z } from 'zod'

/** Metrics of the instances in the Prometheus text format; null for one that did not answer. */
export const expositions = z.object({
  instances: z.array(
    z.object({
      /** identifies a process: `<service>/<index>/<time of its start>` */
      instance: z.string(),
      text: z.string().nullable(),
    }),
  ),
})
export type Exposition = z.infer<typeof expositions>['instances'][number]
