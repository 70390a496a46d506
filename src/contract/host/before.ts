import { z } from 'zod'

/** A command that runs once for a release, before its services start. */
export const hostBefore = z.object({
  /** command for `sh -c` */
  run: z.string(),
  /** the service whose variables, files and directory it has */
  service: z.string(),
  /** milliseconds */
  timeout: z.number(),
})
export type HostBefore = z.infer<typeof hostBefore>

/** How far the command of a release is. Times are in milliseconds since 1970. */
export const hostBeforeStatus = z.object({
  /** `unknown` when its process is gone and left no exit code */
  state: z.enum(['running', 'succeeded', 'failed', 'unknown']),
  started: z.number(),
  ended: z.number().nullable(),
  /** its exit code; null when it has none */
  code: z.number().int().nullable(),
  /** why it did not succeed, in one sentence */
  reason: z.string().nullable(),
})
export type HostBeforeStatus = z.infer<typeof hostBeforeStatus>
