import { z } from 'zod'

/** The state of a component; missing facts are `unknown`, never `operational`. */
export const componentStates = [
  'operational',
  'degraded',
  'partial_outage',
  'major_outage',
  'maintenance',
  'unknown',
] as const
export type ComponentState = (typeof componentStates)[number]

/** States in words, as people read them. */
export const componentStateWords: Record<ComponentState, string> = {
  operational: 'Operational',
  degraded: 'Degraded',
  partial_outage: 'Partial outage',
  major_outage: 'Major outage',
  maintenance: 'Maintenance',
  unknown: 'Unknown',
}

/** A day of UTC and the worst state of a component in it; null before its first record. */
export const statusDay = z.object({
  date: z.string(),
  state: z.enum(componentStates).nullable(),
})
export type StatusDay = z.infer<typeof statusDay>

/**
 * A component of the status page: the last environment of an app, or a service or a route of it.
 * Times are ISO 8601 UTC.
 */
export const statusComponent = z.object({
  app: z.string(),
  environment: z.string(),
  /** its key in fairlead.yaml; empty for the whole app */
  component: z.string().default(''),
  name: z.string(),
  /** the group under which the page shows it; empty for none */
  group: z.string().default(''),
  state: z.enum(componentStates),
  since: z.string(),
  /** what fails, in one sentence for customers; empty when nothing does */
  detail: z.string(),
  /** share of the known time of 90 days without an outage; null when nothing is known */
  uptime: z.number().nullable(),
  /** 90 days, oldest first */
  days: z.array(statusDay),
})
export type StatusComponent = z.infer<typeof statusComponent>

/** A change of a component, which its place and its time identify. */
export const statusChange = z.object({
  /** ISO 8601; from when the state holds */
  since: z.string(),
  app: z.string(),
  environment: z.string(),
  component: z.string().default(''),
  state: z.enum(componentStates),
})
export type StatusChange = z.infer<typeof statusChange>

/** What customers are told about an incident, in the order of an incident's life. */
export const statusPhases = ['investigating', 'identified', 'monitoring', 'resolved'] as const
export type StatusPhase = (typeof statusPhases)[number]

/** Phases in words, as people read them. */
export const statusPhaseWords: Record<StatusPhase, string> = {
  investigating: 'Investigating',
  identified: 'Identified',
  monitoring: 'Monitoring',
  resolved: 'Resolved',
}

/** Characters of the text of an update. */
export const mostUpdateText = 2000

/** A published update; it cannot be changed. */
export const publishedUpdate = z.object({
  id: z.number().int(),
  phase: z.enum(statusPhases),
  /** Markdown */
  text: z.string(),
  /** ISO 8601 */
  published: z.string(),
  /** ISO 8601; when customers were promised the next update, null without a promise */
  promised: z.string().nullable(),
})
export type PublishedUpdate = z.infer<typeof publishedUpdate>

/** What was learned from an incident, as it was published for the public. */
export const publicReview = z.object({
  /** Markdown */
  text: z.string(),
  /** ISO 8601 */
  published: z.string(),
})
export type PublicReview = z.infer<typeof publicReview>

/** An incident as customers read it. */
export const publicIncident = z.object({
  /** number of the incident */
  id: z.number().int(),
  app: z.string(),
  environment: z.string(),
  /** the keys of the components that it is about */
  components: z.array(z.string()).default(['']),
  title: z.string(),
  /** the worst state of the components while it lasted */
  impact: z.enum(componentStates),
  /** ISO 8601 */
  started: z.string(),
  /** ISO 8601; null while it goes on */
  resolved: z.string().nullable(),
  /** newest first; at least one without a review */
  updates: z.array(publishedUpdate),
  /** null when none is published outside */
  review: publicReview.nullable().default(null),
})
export type PublicIncident = z.infer<typeof publicIncident>

/** Announced maintenance of a component. Times are ISO 8601 UTC. */
export const publicMaintenance = z.object({
  /** number of the silence that announces it */
  id: z.number().int(),
  app: z.string(),
  environment: z.string(),
  announced: z.string(),
  from: z.string(),
  until: z.string(),
})
export type PublicMaintenance = z.infer<typeof publicMaintenance>

/** The look of the status page; what is absent looks as it does without configuration. */
export const statusTheme = z.object({
  /** a PNG, as base64 */
  logo: z.string().optional(),
  /** of links, buttons and the upper edge: on the light and on the dark page, such as `#0b57d0` */
  colors: z.object({ light: z.string(), dark: z.string() }).optional(),
})
export type StatusTheme = z.infer<typeof statusTheme>

/** Everything that the status page shows. */
export const statusPage = z.object({
  /** its name for readers; empty for none */
  title: z.string().default(''),
  components: z.array(statusComponent),
  /** newest first, at most 100 */
  changes: z.array(statusChange),
  /** newest first, at most 50; those that go on come first */
  incidents: z.array(publicIncident).default([]),
  /** in the order of their beginning */
  maintenances: z.array(publicMaintenance).default([]),
  /** whether readers can subscribe by e-mail */
  subscribe: z.boolean().default(false),
  /** whether readers can subscribe a channel of a chat, or a webhook */
  subscribeUrl: z.boolean().default(false),
  theme: statusTheme.optional(),
})
export type StatusPage = z.infer<typeof statusPage>
