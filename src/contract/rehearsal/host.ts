import { z } from 'zod'
import { hostRelease } from '#contract/host/release.ts'

/**
 * A rehearsal that the server requests of the host: of a service as the host would start it again,
 * of `release`, which has not started yet, or of a service after the command before the start of
 * the release in `after`.
 */
export const rehearsalRequest = z.object({
  service: z.string(),
  release: hostRelease.optional(),
  /** A release that has not started; its services with data, and its command, run on the copy. */
  after: z
    .object({
      release: hostRelease,
      /** must succeed against the service; default: the command of its `rehearse` */
      verify: z.string().optional(),
    })
    .optional(),
})
export type RehearsalRequest = z.infer<typeof rehearsalRequest>
