import { z } from 'zod'

export const metricKinds = ['rate', 'distribution', 'gauge'] as const

/** How a metric beside errors and latency is judged. */
export const metricSettings = z.object({
  kind: z.enum(metricKinds),
  /**
   * what a rate is of: requests of a route, events of another counter, or the seconds that
   * instances ran
   */
  of: z.enum(['requests', 'events', 'seconds']),
  /** how much higher is no harm: 0.1 is a tenth */
  tolerance: z.number(),
  /**
   * shown, and decides nothing; a gauge always is, because what it says at one moment depends on
   * the moment before
   */
  advisory: z.boolean(),
})
export type MetricSettings = z.infer<typeof metricSettings>

/**
 * What one instance said of a metric: a counter, or two; the cumulative counts of a histogram below
 * each bound; or a gauge.
 */
export const reading = z.object({
  /** names one process: a restarted one is another */
  instance: z.string(),
  numbers: z.array(z.number()),
  /**
   * upper bounds of a histogram, rising, without the infinite one, whose count is the last number
   */
  bounds: z.array(z.number()).optional(),
})
export type Reading = z.infer<typeof reading>

/**
 * What the instances of both releases said at one moment, by metric. Who could not be asked is
 * missing.
 */
export const sample = z.object({
  /** milliseconds since the epoch */
  at: z.number(),
  metrics: z.record(z.string(), z.object({ baseline: z.array(reading), canary: z.array(reading) })),
})
export type Sample = z.infer<typeof sample>

const side = z.object({
  /** events, seconds, values or readings that were seen */
  count: z.number(),
  /** of a rate: how many were bad */
  bad: z.number().nullable(),
  /**
   * the rate, the quantile that differs the most, or the mean of the readings; null when nothing
   * was seen
   */
  value: z.number().nullable(),
})

/** What is known of one metric. Evidence is the decimal logarithm of an e-value. */
export const metricJudgement = z.object({
  name: z.string(),
  kind: z.enum(metricKinds),
  of: metricSettings.shape.of,
  advisory: z.boolean(),
  /** `unknown`: one of the releases, or both, said nothing */
  state: z.enum(['healthy', 'harmful', 'undecided', 'unknown']),
  evidence: z.number(),
  baseline: side,
  canary: side,
  /** of a distribution: which quantile the values are */
  quantile: z.number().nullable(),
  /** canary's over the baseline's */
  ratio: z.object({
    estimate: z.number().nullable(),
    low: z.number().nullable(),
    high: z.number().nullable(),
  }),
})
export type MetricJudgement = z.infer<typeof metricJudgement>
