import { z } from 'zod'
import { drift } from '#contract/drift/drift.ts'

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

/**
 * What fires in an alert: `monitor/ID`, `monitor/ID/page` for an objective that is urgent or a
 * monitor that turns off switches, `crash-loop/ID` for a crash loop, `rollback/ID`,
 * `stays/ID` for a deployment with harm that is not rolled back,
 * `job/APP/ENVIRONMENT/JOB` for a job that failed, `job-late/…` for one that is late,
 * `error/ID/ENVIRONMENT`, `replica/HOST` for a server, `promise/ID` for an update of the status
 * page that is late, `rollout/ID/SWITCH` for a gradual change that did harm, or `external/HASH` for
 * what other tools report.
 */
export const alertSource = z.object({
  source: z.string(),
  title: z.string(),
  reason: z.string(),
  began: z.string(),
  ended: z.string().nullable(),
  /** the page of another tool about it; null without one */
  link: z.string().nullable(),
})
export type AlertSource = z.infer<typeof alertSource>

/** One line of the timeline of an alert. */
export const alertEntry = z.object({
  id: z.number().int(),
  time: z.string(),
  kind: z.enum([
    ...['opened', 'joined', 'ended', 'acknowledged', 'expired'],
    ...['resolved', 'reopened', 'notified', 'refused', 'unnotified'],
    ...['escalated', 'waits', 'passed', 'changed', 'acted'],
  ] as [string, ...string[]]),
  actor: z.string(),
  text: z.string(),
})
export type AlertEntry = z.infer<typeof alertEntry>

export const notification = z.object({
  id: z.number().int(),
  channel: z.string(),
  kind: z.enum(['opened', 'acted', 'resolved']),
  person: z.string().nullable(),
  reason: z.string(),
  state: z.enum(['pending', 'sent', 'failed']),
  tries: z.number().int(),
  sent: z.string().nullable(),
  problem: z.string().nullable(),
})
export type Notification = z.infer<typeof notification>

/** The change after which an alert was over. */
export const alertCause = z.object({
  /** `fix`: a newer change, or a configuration; `rollback`: the change was taken back */
  how: z.enum(['fix', 'rollback']),
  /** after which it was over */
  deployment: z.number().int(),
  /** of the fix, or of what was taken back */
  authors: z.array(z.string()),
  /** the place of the first suspect who is one of the authors, from 1; null when nobody is */
  place: z.number().int().nullable(),
})
export type AlertCause = z.infer<typeof alertCause>

/** How often the suspects of an app's alerts were right. */
export const suspectRecord = z.object({
  /** the alerts that were over in so many days */
  days: z.number().int(),
  /** alerts with suspects */
  alerts: z.number().int(),
  /** those that were over after a deployment, whose authors are known */
  known: z.number().int(),
  /** those in which the first suspect is an author, and one of the first three */
  first: z.number().int(),
  firstThree: z.number().int(),
  /** the same, expected of random authors of the changes */
  byChance: z.object({ first: z.number(), firstThree: z.number() }),
  /** alerts that a suspect passed on, because it was not theirs */
  passed: z.number().int(),
})
export type SuspectRecord = z.infer<typeof suspectRecord>

export const alertDetail = alert.extend({
  /** null until a quarter of an hour after it was over, and when no deployment ended it */
  cause: alertCause.nullable().default(null),
  sources: z.array(alertSource),
  entries: z.array(alertEntry),
  notifications: z.array(notification),
})
export type AlertDetail = z.infer<typeof alertDetail>

/** Something in the environment of an alert that had changed outside of a deployment. */
export const alertDrift = drift
  .pick({ service: true, machine: true, kind: true, name: true, since: true })
  .extend({ resolved: z.string().nullable() })
export type AlertDrift = z.infer<typeof alertDrift>

/** Keeps alerts from being sent for a time. */
export const silence = z.object({
  id: z.number().int(),
  /** null for one that matches labels of any app */
  app: z.string().nullable(),
  environment: z.string().nullable(),
  service: z.string().nullable(),
  from: z.string(),
  until: z.string(),
  /** conditions on labels, such as `alertname="DiskFull"`; all must match */
  matchers: z.array(z.string()),
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
  /** why it refused the last message; null when it accepted it */
  problem: z.string().nullable(),
})
export type Channel = z.infer<typeof channel>

const base64url = z.string().regex(/^[\w-]{1,200}$/, 'must be base64url')

/** A browser that gets messages by Web Push (RFC 8030, 8291, 8292). */
export const subscription = z.strictObject({
  /** the address of the browser at its push service */
  endpoint: z.url({ protocol: /^https?$/ }).max(2000),
  p256dh: base64url,
  auth: base64url,
  /** the key pair of the sender, which only this subscription has */
  publicKey: base64url,
  privateKey: base64url,
})
export type Subscription = z.infer<typeof subscription>

/** A message that a channel got, or should have got. */
export const delivery = notification.omit({ channel: true, reason: true }).extend({
  /** null for a message about maintenance, and for a test */
  alert: z.number().int().nullable(),
  /** the announced maintenance; null for other messages */
  silence: z.number().int().nullable().default(null),
  kind: z.enum(['opened', 'acted', 'resolved', 'announced', 'ended', 'test']),
  due: z.string(),
})
export type Delivery = z.infer<typeof delivery>
