import { z } from 'zod'

/**
 * States of a run. It waits, is running, or has ended: it `passed` with the exit code 0, `failed`
 * with another one or because it could not start, was `timed_out`, was `stopped` by a person, or
 * was `skipped` before it started. `lost`: it is not known how it ended, because the host or its
 * machine died; it may have run in part.
 */
export const jobRunStates = [
  ...(['waiting', 'running', 'passed', 'failed'] as const),
  ...(['timed_out', 'stopped', 'skipped', 'lost'] as const),
] as const
export type JobRunState = (typeof jobRunStates)[number]

/** Whether a run has ended. */
export const hasEnded = (state: JobRunState): boolean => state !== 'waiting' && state !== 'running'

export const jobTriggers = ['schedule', 'request'] as const

/** The size of a terminal in characters. */
export const terminalSize = z.object({
  columns: z.number().int().min(1).max(1000),
  rows: z.number().int().min(1).max(1000),
})
export type TerminalSize = z.infer<typeof terminalSize>

/** The terminal of a command; `type` is the `TERM` of its programs, such as `xterm-256color`. */
export const terminal = terminalSize.extend({
  type: z
    .string()
    .regex(/^[\w.+-]{1,64}$/, 'must be the name of a type of terminal, such as xterm-256color')
    .default('xterm-256color'),
})
export type Terminal = z.infer<typeof terminal>

/** A run of a job, or of a command of a person. Times are ISO 8601 UTC. */
export const jobRun = z.object({
  id: z.number().int(),
  app: z.string(),
  environment: z.string(),
  /** null for a command of a person */
  job: z.string().nullable(),
  command: z.string(),
  /** null for the first service with a command */
  service: z.string().nullable(),
  trigger: z.enum(jobTriggers),
  /** null for a command without a terminal */
  terminal: terminal.nullable(),
  actor: z.string(),
  /** the time of the schedule; null when a person requested it */
  due: z.string().nullable(),
  /** the release in which it runs; null until it starts */
  release: z.number().int().nullable(),
  /**
   * the host that runs it, one of several; until it starts, the one that was asked for. Null where
   * there is no choice
   */
  host: z.string().nullable().default(null),
  state: z.enum(jobRunStates),
  /** whether a person asked it to stop */
  stopping: z.boolean(),
  /** why it ended so, in one sentence without its full stop; null when it passed */
  reason: z.string().nullable(),
  /** null while it runs, and when it did not end by itself */
  exit: z.number().int().nullable(),
  created: z.string(),
  started: z.string().nullable(),
  ended: z.string().nullable(),
})
export type JobRun = z.infer<typeof jobRun>

/** A job of the release that is live. */
export const job = z.object({
  name: z.string(),
  command: z.string(),
  schedule: z.array(z.string()),
  zone: z.string(),
  overlap: z.enum(['skip', 'wait', 'allow']),
  /** when it runs next; null without a schedule here */
  next: z.string().nullable(),
  last: jobRun.nullable(),
})
export type Job = z.infer<typeof job>
