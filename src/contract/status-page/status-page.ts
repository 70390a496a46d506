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

/** A component of the status page: the last environment of an app. Times are ISO 8601 UTC. */
export const statusComponent = z.object({
  app: z.string(),
  environment: z.string(),
  name: z.string(),
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
  state: z.enum(componentStates),
})
export type StatusChange = z.infer<typeof statusChange>

/** Everything that the status page shows. */
export const statusPage = z.object({
  components: z.array(statusComponent),
  /** newest first, at most 100 */
  changes: z.array(statusChange),
})
export type StatusPage = z.infer<typeof statusPage>
