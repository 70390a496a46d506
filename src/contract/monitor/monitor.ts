import { z } from 'zod'
import { checkStates } from './check.ts'

/** Missing data is `unknown`, never `up`. */
export const monitorStates = ['up', 'degraded', 'down', 'unknown', 'maintenance'] as const
export type MonitorState = (typeof monitorStates)[number]

/** What one host says of a monitor that several check. */
export const monitorHost = z.object({
  host: z.string(),
  state: z.enum(checkStates),
  /** empty when it is up there */
  reason: z.string(),
})
export type MonitorHost = z.infer<typeof monitorHost>

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
  /** whether `fairlead.yaml` has it */
  isConfigured: z.boolean(),
  /** what breaks its rule, at most 100 */
  entities: z.array(z.string()),
  /** milliseconds that the last check took; null when it is not checked */
  took: z.number().nullable(),
  /** the hosts of `from`; empty for a monitor without it */
  hosts: z.array(monitorHost),
})
export type Monitor = z.infer<typeof monitor>

/** A monitor with its settings and its last changes. */
export const monitorDetail = monitor.extend({
  /** of its kind, as `fairlead.yaml` has them; null for one without configuration */
  settings: z.unknown(),
  /** milliseconds between two checks; null for one without configuration */
  every: z.number().nullable(),
  needs: z.array(z.string()),
  /** newest first, at most 50 */
  changes: z.array(
    z.object({ time: z.string(), state: z.enum(monitorStates), reason: z.string() }),
  ),
  /** the address that the job of a heartbeat calls; null without the role developer */
  call: z.string().nullable(),
})
export type MonitorDetail = z.infer<typeof monitorDetail>
