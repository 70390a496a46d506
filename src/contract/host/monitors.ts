import { z } from 'zod'
import { checkResult } from '#contract/monitor/check.ts'

/** A monitor that the host checks. Durations are in milliseconds. */
export const hostMonitor = z.object({
  id: z.number().int(),
  app: z.string(),
  environment: z.string(),
  service: z.string().nullable(),
  kind: z.string(),
  /** of the kind, as `fairlead.yaml` has them */
  settings: z.unknown(),
  every: z.number(),
  timeout: z.number(),
  /** equal results in a row before a change counts; until then, the checks follow quickly */
  confirm: z.number().int(),
  /** ids of the monitors that are checked at once when this one fails */
  needs: z.array(z.number().int()),
})
export type HostMonitor = z.infer<typeof hostMonitor>

/** Everything that the host checks, and where it may connect to. */
export const hostMonitors = z.object({
  /** names this set */
  version: z.string(),
  /** private hosts and networks that monitors may reach; null for all */
  privateHosts: z.array(z.string()).nullable(),
  /** FAIRLEAD_ALLOW_ADDRESSES of the server */
  allowAddresses: z.string(),
  /** addresses `host:port` that prove that this host is connected */
  references: z.array(z.string()),
  monitors: z.array(hostMonitor),
})
export type HostMonitors = z.infer<typeof hostMonitors>

/** Results since a number; numbers begin again with each host process, whose name is `run`. */
export const hostResults = z.object({
  run: z.string(),
  /** of the set that is checked; empty for none */
  version: z.string(),
  next: z.number().int(),
  results: z.array(checkResult),
})
export type HostResults = z.infer<typeof hostResults>
