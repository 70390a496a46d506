import { z } from 'zod'

export const metricKinds = ['rate', 'distribution', 'gauge'] as const

/** How a metric other than errors and latency is judged. */
export const metricSettings = z.object({
  kind: z.enum(metricKinds),
  /**
   * The denominator of a rate: requests of a route, events of another counter, or the running time
   * of the instances in seconds.
   */
  of: z.enum(['requests', 'events', 'seconds']),
  /** The tolerated relative change: 0.1 is a tenth. */
  tolerance: z.number(),
  /** The direction of harm. `both`: any change beyond the tolerance. */
  worse: z.enum(['higher', 'lower', 'both']).default('higher'),
  /**
   * Shown without affecting the verdict. A gauge is always advisory, because its readings depend on
   * each other.
   */
  advisory: z.boolean(),
})
export type MetricSettings = z.infer<typeof metricSettings>

/**
 * One instance's reading of a metric: one or two counters, the cumulative counts of a histogram
 * below each bound, or a gauge.
 */
export const reading = z.object({
  /** Identifies one process. A restarted process is a new instance. */
  instance: z.string(),
  numbers: z.array(z.number()),
  /**
   * Upper bounds of a histogram in rising order, without the infinite bound, whose count is the
   * last number.
   */
  bounds: z.array(z.number()).optional(),
})
export type Reading = z.infer<typeof reading>

/**
 * The readings of all instances of both releases at one time, by metric. Unreachable instances are
 * missing.
 */
export const sample = z.object({
  /** Milliseconds since the epoch. */
  at: z.number(),
  metrics: z.record(z.string(), z.object({ baseline: z.array(reading), canary: z.array(reading) })),
})
export type Sample = z.infer<typeof sample>

const side = z.object({
  /** The number of observed events, seconds, values or readings. */
  count: z.number(),
  /** The number of failed events of a rate. */
  bad: z.number().nullable(),
  /**
   * The rate, the quantile that differs most, or the mean of the readings; null without
   * observations.
   */
  value: z.number().nullable(),
})

/** The judgement of one metric. Evidence is the decimal logarithm of an e-value. */
export const metricJudgement = z.object({
  name: z.string(),
  kind: z.enum(metricKinds),
  of: metricSettings.shape.of,
  advisory: z.boolean(),
  /** `unknown`: at least one of the releases has no readings. */
  state: z.enum(['healthy', 'harmful', 'undecided', 'unknown']),
  evidence: z.number(),
  baseline: side,
  canary: side,
  /** The quantile that the values of a distribution refer to. */
  quantile: z.number().nullable(),
  /** The canary's value divided by the baseline's. */
  ratio: z.object({
    estimate: z.number().nullable(),
    low: z.number().nullable(),
    high: z.number().nullable(),
  }),
})
export type MetricJudgement = z.infer<typeof metricJudgement>
