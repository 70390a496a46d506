import { z } from 'zod'
import { hostRelease } from '#contract/host/release.ts'

/** A search for drift: `declared` is the live release as the server declares it now. */
export const driftRequest = z.object({ declared: hostRelease })
export type DriftRequest = z.infer<typeof driftRequest>

/** A file to be written again: of the artifact, or of the configuration of a service. */
export const driftRepair = driftRequest.extend({
  kind: z.enum(['artifact', 'file']),
  service: z.string().nullable(),
  name: z.string(),
})
export type DriftRepair = z.infer<typeof driftRepair>

/** A configuration file of a service on disk. */
export const driftFile = z.object({ service: z.string(), name: z.string() })
export type DriftFile = z.infer<typeof driftFile>
