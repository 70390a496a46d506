import { z } from 'zod'
import { hostRelease } from '#contract/host/release.ts'
import type { Isolation } from '#platform/process/isolation.ts'
import { switchPlace } from '../switches/place.ts'

const instance = z.object({
  index: z.number().int(),
  pid: z.number().int(),
  startTime: z.string().nullable(),
  marker: z.string().nullable(),
  port: z.number().int().nullable(),
  /** milliseconds since 1970 */
  started: z.number().nullable(),
})
export type PlannedInstance = z.infer<typeof instance>

/** What is compared. The host writes it to the process that compares. */
export const driftPlan = z.object({
  /** the release as the server declares it now, and as the host would start it again */
  declared: hostRelease,
  stored: hostRelease,
  /** the unpacked artifact */
  folder: z.string(),
  services: z.array(
    z.object({
      name: z.string(),
      dataFolder: z.string(),
      /** its rendered configuration files */
      configFolder: z.string(),
      instances: z.array(instance),
    }),
  ),
  isolation: z.custom<Isolation>((value) => typeof value === 'object'),
  path: z.string(),
  /** absent when the release has no switches */
  switches: switchPlace.optional(),
})
export type DriftPlan = z.infer<typeof driftPlan>
