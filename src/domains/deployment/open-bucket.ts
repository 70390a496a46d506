import { z } from 'zod'
import type { Bucket } from '#platform/bucket/bucket.ts'

export const bucketState = z.object({
  app: z.string(),
  environment: z.string(),
  /** the highest epoch of each deployment */
  epochs: z.record(z.string(), z.number()),
  /** the releases whose files are complete */
  releases: z.record(z.string(), z.enum(['ready', 'stopped'])),
  /** why a release could not be published */
  failed: z.record(z.string(), z.string()),
  /** the release that visitors get; null before the first one */
  live: z.number().nullable(),
  /** whether files are being replaced, or were when a server died: visitors may get a mixture */
  isChanging: z.boolean(),
})
/** What Fairlead knows of an environment in a bucket. */
export type BucketState = z.infer<typeof bucketState>

/** A bucket of the server's settings, and what the target remembers of it. */
export interface OpenBucket {
  bucket: Bucket
  /** the apps that may publish to it; null for all */
  apps: string[] | null
  /** the state below a prefix as it was read, and when (`Clock.monotonic`) */
  states: Map<string, { state: BucketState | null; at: number }>
}
