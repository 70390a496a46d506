import { z } from 'zod'

/**
 * Whether a service would come back with what is on disk now: it `returns`, it `fails` to, or that
 * is `unknown`.
 */
export const rehearsalStates = ['returns', 'fails', 'unknown'] as const
export type RehearsalState = (typeof rehearsalStates)[number]

export const rehearsalCauses = ['request', 'night', 'restart', 'deployment'] as const

/** A line of a file on disk. */
export const rehearsalPlace = z.object({
  file: z.string(),
  line: z.number().int(),
  /** the line, without the values of passwords and keys */
  text: z.string(),
})
export type RehearsalPlace = z.infer<typeof rehearsalPlace>

/** One question that a rehearsal answers. */
export const rehearsalCheck = z.object({
  name: z.enum(['before', 'start', 'health', 'role', 'write', 'data', 'command']),
  state: z.enum(['passed', 'failed', 'unknown']),
  /** what was found, in a few words */
  detail: z.string(),
})
export type RehearsalCheck = z.infer<typeof rehearsalCheck>

/** Where the second instance differs from the one that runs. */
export const rehearsalDifference = z.object({
  kind: z.enum(['environment', 'argument', 'setting']),
  name: z.string(),
  /** null when it is not set, or secret */
  now: z.string().nullable(),
  /** after a restart */
  after: z.string().nullable(),
  isSecret: z.boolean(),
  place: rehearsalPlace.nullable(),
})
export type RehearsalDifference = z.infer<typeof rehearsalDifference>

/** What the start of a second instance, apart from the world, has shown. */
export const rehearsalReport = z.object({
  state: z.enum(rehearsalStates),
  /** why it fails, or why that is unknown, in one sentence; null when it returns */
  reason: z.string().nullable(),
  /** the line on disk that causes it; null when there is none, or when it is not known */
  place: rehearsalPlace.nullable(),
  /** the kind of software, such as `redis` */
  software: z.string(),
  checks: z.array(rehearsalCheck),
  differences: z.array(rehearsalDifference),
  /** what it took: milliseconds, and bytes of memory and disk at most */
  ms: z.number().int(),
  memory: z.number(),
  disk: z.number(),
  /** milliseconds from its start until it was healthy and answered; absent when it did not */
  startMs: z.number().int().optional(),
  /** the end of its output, with secrets masked */
  output: z.array(z.string()),
})
export type RehearsalReport = z.infer<typeof rehearsalReport>

/** A rehearsal of a service of an environment. */
export const rehearsal = rehearsalReport.extend({
  id: z.number().int(),
  app: z.string(),
  environment: z.string(),
  service: z.string(),
  release: z.number().int(),
  cause: z.enum(rehearsalCauses),
  actor: z.string(),
  /** when it ended */
  ended: z.string(),
})
export type Rehearsal = z.infer<typeof rehearsal>
