import { z } from 'zod'
import { monitorStates } from '#contract/monitor/monitor.ts'
import { mark } from '#contract/signal/signal.ts'

/** How many times faster than allowed the error budget was used; null without requests. */
const burn = z.number().nullable()

/** An objective of `fairlead.yaml` in an environment. Times are ISO 8601 UTC. */
export const slo = z.object({
  /** of its monitor, which has its changes */
  monitor: z.number().int(),
  app: z.string(),
  environment: z.string(),
  /** null for all services */
  service: z.string().nullable(),
  name: z.string(),
  /** `down` when the budget would be used up within days, `degraded` within weeks */
  state: z.enum(monitorStates),
  reason: z.string(),
  since: z.string(),
  /** share of the requests that must be good, such as 0.999 */
  objective: z.number(),
  /** milliseconds within which a request is good; null when it is good unless it fails */
  below: z.number().nullable(),
  /** milliseconds that the budget is for */
  window: z.number(),
  /** in the window */
  requests: z.number(),
  bad: z.number(),
  /** share of the error budget that is left; negative if overspent, null without requests */
  budgetLeft: z.number().nullable(),
  burn: z.object({ hour: burn, sixHours: burn, day: burn, threeDays: burn }),
})
export type Slo = z.infer<typeof slo>

/**
 * An objective with the counts of each hour of its window that had requests, and the deployments in
 * the window; oldest first.
 */
export const sloDetail = slo.extend({
  hours: z.array(z.object({ time: z.string(), requests: z.number(), bad: z.number() })),
  marks: z.array(mark),
})
export type SloDetail = z.infer<typeof sloDetail>
