import { z } from 'zod'

export const urgencies = ['low', 'high'] as const
export type Urgency = (typeof urgencies)[number]

export const alertStates = ['open', 'acknowledged', 'resolved'] as const

/** A person who may have caused the harm, and why. */
export const suspect = z.object({
  name: z.string(),
  email: z.string().nullable(),
  /** the user of Fairlead with this name or address; null when there is none */
  user: z.string().nullable(),
  /** why this person, in one sentence without its full stop */
  reason: z.string(),
})
export type Suspect = z.infer<typeof suspect>

/** Harm that a person must look at. One alert has one cause. Times are ISO 8601 UTC. */
export const alert = z.object({
  id: z.number().int(),
  /** null when it is about the installation */
  app: z.string().nullable(),
  environment: z.string().nullable(),
  service: z.string().nullable(),
  title: z.string(),
  reason: z.string(),
  /** `high` in the last environment of an app, and for the installation */
  urgency: z.enum(urgencies),
  state: z.enum(alertStates),
  /** nobody is notified until then; null when no silence matches */
  silencedUntil: z.string().nullable(),
  /** the deployment that explains it */
  deployment: z.number().int().nullable(),
  /** when the harm began, with a probability of 90 % */
  onset: z.object({ from: z.string(), until: z.string() }).nullable(),
  opened: z.string(),
  acknowledgedBy: z.string().nullable(),
  /** the alert opens again then */
  acknowledgedUntil: z.string().nullable(),
  resolved: z.string().nullable(),
  /** null when the cause ended by itself */
  resolvedBy: z.string().nullable(),
  /** how often it opened */
  occurrence: z.number().int(),
  /** the most likely first */
  suspects: z.array(suspect),
})
export type Alert = z.infer<typeof alert>

/** What fires in an alert: `monitor/ID`, `incident/ID` for a crash loop, or `rollback/ID`. */
export const alertSource = z.object({
  source: z.string(),
  title: z.string(),
  reason: z.string(),
  began: z.string(),
  ended: z.string().nullable(),
})
export type AlertSource = z.infer<typeof alertSource>

/** One line of the timeline of an alert. */
export const alertEntry = z.object({
  id: z.number().int(),
  time: z.string(),
  kind: z.enum([
    ...['opened', 'joined', 'ended', 'acknowledged', 'expired'],
    ...['resolved', 'reopened', 'notified', 'refused', 'unnotified'],
  ] as [string, ...string[]]),
  actor: z.string(),
  text: z.string(),
})
export type AlertEntry = z.infer<typeof alertEntry>

export const notification = z.object({
  id: z.number().int(),
  channel: z.string(),
  kind: z.enum(['opened', 'resolved']),
  person: z.string().nullable(),
  reason: z.string(),
  state: z.enum(['pending', 'sent', 'failed']),
  tries: z.number().int(),
  sent: z.string().nullable(),
  problem: z.string().nullable(),
})
export type Notification = z.infer<typeof notification>

export const alertDetail = alert.extend({
  sources: z.array(alertSource),
  entries: z.array(alertEntry),
  notifications: z.array(notification),
})
export type AlertDetail = z.infer<typeof alertDetail>

/** Keeps alerts of an app from being sent until a time. */
export const silence = z.object({
  id: z.number().int(),
  app: z.string(),
  environment: z.string().nullable(),
  service: z.string().nullable(),
  until: z.string(),
  reason: z.string(),
  actor: z.string(),
  created: z.string(),
})
export type Silence = z.infer<typeof silence>

/** Where messages go, without its settings, which are secret. */
export const channel = z.object({
  name: z.string(),
  kind: z.string(),
  /** the name of a user; null for a shared channel */
  person: z.string().nullable(),
  /** the least urgency that it gets */
  urgency: z.enum(urgencies),
  created: z.string(),
  /** when a message was last accepted; null before the first */
  proven: z.string().nullable(),
})
export type Channel = z.infer<typeof channel>
