import { z } from 'zod'

export const errorStates = ['open', 'resolved', 'ignored'] as const
export type ErrorState = (typeof errorStates)[number]

/** A frame of a stack trace. */
export const frame = z.object({
  function: z.string().nullable(),
  /** relative to the repository when the file belongs to the app */
  file: z.string().nullable(),
  line: z.number().int().nullable(),
  column: z.number().int().nullable(),
  /** false for frames of the runtime and of dependencies */
  isOwn: z.boolean(),
})
export type Frame = z.infer<typeof frame>

/** An exception with its stack, the place where it was thrown first. */
export const exception = z.object({
  type: z.string(),
  message: z.string(),
  frames: z.array(frame),
})
export type Exception = z.infer<typeof exception>

/** What happened before an error, as an SDK recorded it. */
export const breadcrumb = z.object({
  time: z.string().nullable(),
  category: z.string(),
  level: z.string(),
  message: z.string(),
})

/** The details of one error event; personal data and secrets are removed. */
export const errorDetails = z.object({
  /** the exception that was thrown last, then its causes */
  exceptions: z.array(exception),
  breadcrumbs: z.array(breadcrumb),
  /** method and address of the request; null when it is not known */
  request: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
  /** false when nothing caught it; null when it is not known */
  isHandled: z.boolean().nullable(),
})
export type ErrorDetails = z.infer<typeof errorDetails>

export const errorEvent = z.object({
  id: z.number().int(),
  time: z.string(),
  environment: z.string(),
  release: z.number().int(),
  service: z.string(),
  /** whether it was read from the output of a service or sent by an SDK */
  source: z.enum(['output', 'sdk']),
  details: errorDetails,
})
export type ErrorEvent = z.infer<typeof errorEvent>

/** All events of the same exception at the same place. Times are ISO 8601 UTC. */
export const errorGroup = z.object({
  id: z.number().int(),
  app: z.string(),
  type: z.string(),
  message: z.string(),
  /** the function and the file where it is thrown; null when there is no trace */
  place: z.string().nullable(),
  /** the language of the trace, such as `node` */
  language: z.string(),
  state: z.enum(errorStates),
  /** environments in which it was first seen with the release that is live now, or a newer one */
  newIn: z.array(z.string()),
  /** when it came back after it was resolved; null when it did not */
  regressed: z.string().nullable(),
  firstSeen: z.string(),
  lastSeen: z.string(),
  /** since `firstSeen` */
  count: z.number().int(),
  /** how many people an SDK named; null when none did */
  people: z.number().int().nullable(),
  environments: z.array(z.string()),
  /** events of each of the last 24 hours, oldest first */
  hours: z.array(z.number().int()),
})
export type ErrorGroup = z.infer<typeof errorGroup>

/** A release in which an error was seen. */
export const errorRelease = z.object({
  release: z.number().int(),
  environment: z.string(),
  sha: z.string().nullable(),
  subject: z.string().nullable(),
  /** the deployment that brought it */
  deployment: z.number().int().nullable(),
  count: z.number().int(),
})
export type ErrorRelease = z.infer<typeof errorRelease>

/** The lines of a file around a frame, at the commit of the release. */
export const sourceLines = z.object({
  /** the number of the first line */
  from: z.number().int(),
  lines: z.array(z.string()),
})

/** A frame with its place in the repository. */
export const shownFrame = frame.extend({
  /** path in the repository; null when it is not there */
  path: z.string().nullable(),
  source: sourceLines.nullable(),
  /** the commit that last changed the line, if it is new in the release */
  changedBy: z.object({ sha: z.string(), author: z.string(), subject: z.string() }).nullable(),
})
export type ShownFrame = z.infer<typeof shownFrame>

/** A person who may have caused an error. */
export const errorSuspect = z.object({
  name: z.string(),
  user: z.string().nullable(),
  reason: z.string(),
})

export const errorDetail = errorGroup.extend({
  resolvedBy: z.string().nullable(),
  resolved: z.string().nullable(),
  /** newest first */
  releases: z.array(errorRelease),
  /** events of each of the last 30 days, oldest first */
  days: z.array(z.number().int()),
  /** the newest event with details; null when the details were deleted to save space */
  event: errorEvent.nullable(),
  /** the frames of the exception that was thrown last, with source lines */
  frames: z.array(shownFrame),
  suspects: z.array(errorSuspect),
})
export type ErrorDetail = z.infer<typeof errorDetail>

/** Events that were not recorded, in the last 24 hours. */
export const droppedEvents = z.object({
  app: z.string(),
  /** `output`: kilobytes of output that were skipped; `rate` and `size`: events of SDKs */
  reason: z.enum(['output', 'rate', 'size']),
  count: z.number().int(),
})
export type DroppedEvents = z.infer<typeof droppedEvents>

/** Where an SDK sends the errors of an app. */
export const errorKey = z.object({
  app: z.string(),
  /** for the SDKs of Sentry; services get it as SENTRY_DSN */
  dsn: z.string(),
  created: z.string(),
})
export type ErrorKey = z.infer<typeof errorKey>
