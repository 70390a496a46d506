import { z } from 'zod'

/** Missing data is `unknown`, never `up`. */
export const monitorStates = ['up', 'degraded', 'down', 'unknown'] as const
export type MonitorState = (typeof monitorStates)[number]

/** A thing that is watched. Times are ISO 8601 UTC. */
export const monitor = z.object({
  id: z.number().int(),
  /** null when it watches the installation */
  app: z.string().nullable(),
  environment: z.string().nullable(),
  service: z.string().nullable(),
  kind: z.string(),
  name: z.string(),
  state: z.enum(monitorStates),
  /** why it is in this state; empty when it is up */
  reason: z.string(),
  since: z.string(),
  /** when the harm began, with a probability of 90 % */
  onset: z.object({ from: z.string(), until: z.string() }).nullable(),
  checked: z.string().nullable(),
})
export type Monitor = z.infer<typeof monitor>
