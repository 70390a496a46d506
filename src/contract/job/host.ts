import { z } from 'zod'
import { terminal } from './job.ts'

/** The files and variables of a command that runs outside of a release. */
const commandFiles = z.object({
  /** `sha256:…` of the OCI manifest in `layout` */
  artifact: z.string(),
  layout: z.string(),
  env: z.record(z.string(), z.string()),
  /** names of the variables in `env` whose values are masked in the output */
  secrets: z.array(z.string()),
})
export type CommandFiles = z.infer<typeof commandFiles>

/** A command that the host runs once, in a release or in the files of an artifact. */
export const hostCommand = z.object({
  /** 0 with `files` */
  release: z.number().int(),
  files: commandFiles.optional(),
  /** null for the first service with a command */
  service: z.string().nullable(),
  /** for `sh -c` */
  run: z.string(),
  /** milliseconds; it is stopped after that */
  timeout: z.number().int(),
  /** absent for a command without a terminal */
  terminal: terminal.optional(),
})
export type HostCommand = z.infer<typeof hostCommand>

/**
 * How a command ended. `lost`: the host or its machine died, and nothing shows how the command
 * ended, or whether it started.
 */
export const commandEnd = z.object({
  kind: z.enum(['exited', 'timed_out', 'stopped', 'not_started', 'lost']),
  /** null when it did not end by itself */
  exit: z.number().int().nullable(),
  /** one sentence without its full stop; null for the exit code 0 */
  reason: z.string().nullable(),
  /** milliseconds since 1970 */
  at: z.number(),
})
export type CommandEnd = z.infer<typeof commandEnd>

export const commandStatus = z.object({
  release: z.number().int(),
  /** milliseconds since 1970 */
  began: z.number(),
  /** null while it runs */
  end: commandEnd.nullable(),
})
export type CommandStatus = z.infer<typeof commandStatus>

/** Lines of the output of a command, with secrets masked. */
export const commandPage = z.object({
  lines: z.array(z.string()),
  /** a position in bytes; pass it as `after` to read on */
  next: z.number().int(),
  /** bytes before the lines that were deleted because there were too many */
  skipped: z.number().int(),
  /** whether this is all of it */
  complete: z.boolean(),
})
export type CommandPage = z.infer<typeof commandPage>
