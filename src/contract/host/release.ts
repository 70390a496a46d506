import { z } from 'zod'
import { switchDefinition } from '#contract/switch/switch.ts'
import { hostEdge } from './edge.ts'
import { fence } from './fence.ts'
import { hostDomain, tenantRule } from './route.ts'
import { hostService } from './service.ts'
import { hostBefore, hostBeforeStatus } from './before.ts'

export const hostRelease = z.object({
  app: z.string(),
  environment: z.string(),
  /** number of the release, unique in an app and environment; names its folder */
  release: z.number().int(),
  fence,
  /** `sha256:…` of the OCI manifest, and the folder of the OCI image layout that holds it */
  artifact: z.string(),
  layout: z.string(),
  services: z.array(hostService),
  before: hostBefore.optional(),
  /** variables and secrets of every service; written only to files with mode 0600 */
  env: z.record(z.string(), z.string()),
  /** the switches of its fairlead.yaml */
  switches: z.record(z.string(), switchDefinition).optional(),
  /**
   * the fixed port of the environment, the host name that the edge routes to it, its domains, how
   * a request names its tenant, and what the edge does with requests
   */
  route: z.object({
    port: z.number().int().nullable(),
    host: z.string(),
    domains: z.array(hostDomain).optional(),
    tenant: tenantRule.optional(),
    edge: hostEdge.optional(),
    /** whether the port of an environment without traffic stays closed until it has some */
    isLate: z.boolean().optional(),
  }),
})
export type HostRelease = z.infer<typeof hostRelease>

export const hostInstance = z.object({
  service: z.string(),
  index: z.number().int(),
  state: z.enum(['starting', 'healthy', 'unhealthy', 'stopping', 'backoff', 'stopped']),
  pid: z.number().int().nullable(),
  port: z.number().int().nullable(),
  /** the address of its container; absent for 127.0.0.1 */
  ip: z.string().optional(),
  started: z.number().nullable(),
  restarts: z.number().int(),
  /** whether it crashes again and again, and has not stayed healthy since */
  isLooping: z.boolean().default(false),
  /** how the process last ended, in one sentence with the end of its output */
  reason: z.string().nullable(),
  /** a requested limit that this machine does not support; absent when all limits are set */
  unlimited: z.string().optional(),
})
export type HostInstance = z.infer<typeof hostInstance>

export const hostReleaseStatus = z.object({
  app: z.string(),
  environment: z.string(),
  release: z.number().int(),
  artifact: z.string(),
  /** `ready` when every instance is healthy; `failed`, with a reason, when one cannot become so */
  state: z.enum(['starting', 'ready', 'failed', 'stopping', 'stopped']),
  reason: z.string().nullable(),
  /** whether the release has the traffic of its environment */
  routed: z.boolean(),
  /** how often an instance ended since the release was ready, and how it ended last */
  crashes: z.number().int().default(0),
  lastCrash: z.string().nullable().default(null),
  /** the longest settling time of its instances in milliseconds, as far as it is measured */
  settleMs: z.number().default(0),
  instances: z.array(hostInstance),
  /** why the fixed port of the environment is not open; absent when it is */
  portProblem: z.string().optional(),
  /** absent when the release has no command that runs before its services */
  before: hostBeforeStatus.optional(),
  /** what the start of the release did to the services that never run twice at once */
  exclusive: z
    .array(
      z.object({
        service: z.string(),
        did: z.enum(['started', 'restarted', 'reloaded', 'nothing']),
        /** milliseconds from the stop of the old process to a healthy new one; null before */
        pauseMs: z.number().nullable(),
      }),
    )
    .optional(),
})
export type HostReleaseStatus = z.infer<typeof hostReleaseStatus>
