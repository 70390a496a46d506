import { z } from 'zod'

/**
 * A line of a diff; `line` and `before` are its numbers now and before, from 1, null where it is
 * not.
 */
export const diffLine = z.object({
  kind: z.enum(['same', 'added', 'removed']),
  text: z.string(),
  line: z.number().int().nullable(),
  before: z.number().int().nullable(),
})
export type DiffLine = z.infer<typeof diffLine>

/** What became of a file between two commits. */
export const diffFile = z.object({
  path: z.string(),
  /** its path before; null for a new file */
  before: z.string().nullable(),
  /** null for a file that is gone or binary, and for nothing but a new name */
  status: z.enum(['added', 'removed', 'changed', 'renamed']),
  isBinary: z.boolean(),
  added: z.number().int(),
  removed: z.number().int(),
  hunks: z.array(z.object({ heading: z.string(), lines: z.array(diffLine) })),
})
export type DiffFile = z.infer<typeof diffFile>
