import { z } from 'zod'

/**
 * A line of a diff. `line` and `before` are its numbers in the new and the old file, from 1; null
 * where the line does not exist.
 */
export const diffLine = z.object({
  kind: z.enum(['same', 'added', 'removed']),
  text: z.string(),
  line: z.number().int().nullable(),
  before: z.number().int().nullable(),
})
export type DiffLine = z.infer<typeof diffLine>

/** How a file differs between two commits. */
export const diffFile = z.object({
  path: z.string(),
  /** The old path; null for a new file. */
  before: z.string().nullable(),
  status: z.enum(['added', 'removed', 'changed', 'renamed']),
  isBinary: z.boolean(),
  added: z.number().int(),
  removed: z.number().int(),
  hunks: z.array(z.object({ heading: z.string(), lines: z.array(diffLine) })),
})
export type DiffFile = z.infer<typeof diffFile>
