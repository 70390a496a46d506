import { z } from 'zod'

export const logTail = z.object({
  lines: z.array(z.object({ service: z.string(), index: z.number().int(), text: z.string() })),
})
/** A line of the output of a service, with its secrets masked. */
export type LogLine = z.infer<typeof logTail>['lines'][number]

/**
 * How far the output of an instance was read: bytes of a file, named by its inode, and lines after
 * them.
 */
export const outputPlace = z.object({
  file: z.number(),
  at: z.number().int(),
  lines: z.number().int(),
})
export type OutputPlace = z.infer<typeof outputPlace>

/** The places by `APP/ENVIRONMENT/RELEASE/SERVICE/INDEX`. */
export const outputPlaces = z.record(z.string(), outputPlace)
export type OutputPlaces = z.infer<typeof outputPlaces>

/** What instances wrote since they were read, with secrets masked. */
export const newOutput = z.object({
  /** all instances whose output is kept */
  keys: z.array(z.string()),
  files: z.array(
    z.object({
      key: z.string(),
      lines: z.array(z.string()),
      /** the place of the first line, and that after the last one */
      from: outputPlace,
      until: outputPlace,
      /** bytes that were left out because there were too many */
      skipped: z.number().int(),
      /** milliseconds since the instance last wrote something */
      idle: z.number(),
    }),
  ),
})
export type NewOutput = z.infer<typeof newOutput>
