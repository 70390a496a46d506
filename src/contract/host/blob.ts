import { z } from 'zod'

/** How much of a blob a host has. */
export const blobStatus = z.object({
  /** bytes; those of an upload that was interrupted count */
  size: z.number().int(),
  isComplete: z.boolean(),
})
export type BlobStatus = z.infer<typeof blobStatus>
