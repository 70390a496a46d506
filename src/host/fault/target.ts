import { z } from 'zod'
import { name } from '#contract/app/app.ts'

/** Identifies the process of an instance: see `Origin` in `src/host/processes.ts`. */
const faultOrigin = z.object({
  pid: z.number().int().min(2),
  startTime: z.string(),
  marker: z.string().nullable(),
})

/** The service that a fault hits. */
export const faultTarget = z.object({
  app: name,
  environment: name,
  service: name,
  release: z.number().int(),
  /** The chosen instances. */
  instances: z.array(faultOrigin.extend({ index: z.number().int().min(0) })),
  /** How many instances of the service run. */
  of: z.number().int().min(0),
  /** The folder with the data of the service. */
  dataFolder: z.string(),
})
export type FaultTarget = z.infer<typeof faultTarget>
