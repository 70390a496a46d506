import { z } from 'zod'
import { metricJudgement, metricSettings, sample } from './metric.ts'

/**
 * Latencies are counted in buckets whose bounds grow by 2 %: bucket b holds (1.02^(b−1), 1.02^b]
 * microseconds, so a value is known within 1 %.
 */
const growth = 1.02
const perLog = 1 / Math.log(growth)
export const latencyBuckets = 1200

/** The bucket of a latency in milliseconds, from 0 to `latencyBuckets` − 1. */
export function bucketOf(milliseconds: number): number {
  const bucket = Math.ceil(Math.log(milliseconds * 1000) * perLog)
  return bucket > 0 ? Math.min(bucket, latencyBuckets - 1) : 0
}

/** The middle of a bucket, in milliseconds. */
export const middleOf = (bucket: number): number => growth ** (bucket - 0.5) / 1000

/** What became of the requests that one release was given in a batch. */
export const armCounts = z.object({
  /** requests whose outcome is known, or that were waited for long enough */
  requests: z.number().int(),
  /** answered with 5xx, taken by no instance, or broken off by the instance */
  errors: z.number().int(),
  /**
   * how many ended as `1xx`…`5xx`, `refused`, `broken`, `left` (the client went), `open` (waited
   * for long enough)
   */
  outcomes: z.record(z.string(), z.number().int()),
  /** bytes of answers */
  bytes: z.number().int(),
  /** [bucket, requests], by bucket, of the time from the request's head to the end of its answer */
  latency: z.array(z.tuple([z.number().int(), z.number().int()])),
  /** of the routes that are counted by themselves: requests, errors */
  routes: z.record(z.string(), z.tuple([z.number().int(), z.number().int()])).optional(),
})
export type ArmCounts = z.infer<typeof armCounts>

/**
 * A batch: requests that were assigned one after the other, with one share. Batches come in the
 * order of assignment, each when the last of its requests is known; so neither a change of share
 * nor slow failures bias a test.
 */
export const batch = z.object({
  /** when it began, in milliseconds since the epoch */
  at: z.number(),
  /**
   * the probability with which a request that is compared was given to the canary; 0 when there was
   * no choice
   */
  share: z.number().min(0).max(1),
  /** its share of all requests, where some were given to a release that is not compared */
  ofAll: z.number().optional(),
  baseline: armCounts,
  canary: armCounts,
})
export type Batch = z.infer<typeof batch>

/**
 * What was seen at one look: batches in the order of assignment, and what the instances said, if
 * they were asked.
 */
export const look = z.object({ batches: z.array(batch), sample: sample.nullable() })
export type Look = z.infer<typeof look>

export const verdicts = ['healthy', 'harmful', 'undecided'] as const

/** An estimate with a confidence sequence: it may be looked at at any time. `null` is no bound. */
const interval = z.object({
  estimate: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
})
export type Interval = z.infer<typeof interval>

const rate = z.object({ requests: z.number().int(), errors: z.number().int() })

/**
 * What is known of a canary at one moment. Evidence is the decimal logarithm of an e-value; it
 * alarms at `threshold`.
 */
export const judgement = z.object({
  verdict: z.enum(verdicts),
  /** the metric that decided: `errors`, `latency`, or the name of another */
  metric: z.string().nullable(),
  /**
   * how `healthy` was earned: more harm than tolerated is excluded, or the time has passed with a
   * stated power
   */
  basis: z.enum(['excluded', 'power']).nullable(),
  /** one sentence that a newcomer understands */
  reason: z.string(),
  alpha: z.number(),
  /** −log10 α */
  threshold: z.number(),
  /** of the whole verdict: the weighted mean of the metrics' e-values */
  evidence: z.number(),
  errors: z.object({
    baseline: rate,
    canary: rate,
    evidence: z.number(),
    /** canary's rate over the baseline's, and canary's minus the baseline's (per request) */
    ratio: interval,
    difference: interval,
    /** evidence that there is not as much harm as `harm` says, and what it takes */
    excluded: z.number(),
    excludedAt: z.number(),
  }),
  latency: z.object({
    evidence: z.number(),
    /** in milliseconds; `ratio` is the canary's quantile over the baseline's */
    quantiles: z.array(
      z.object({
        quantile: z.number(),
        baseline: z.number().nullable(),
        canary: z.number().nullable(),
        ratio: interval,
      }),
    ),
  }),
  /** the metrics beside errors and latency, in the order of the file */
  metrics: z.array(metricJudgement).default([]),
  /**
   * requests of both releases still needed, at the present share and rate of errors, before healthy
   * can be said; null when unknown
   */
  needed: z.number().int().nullable(),
  /**
   * the smallest ratio of error rates that these requests would have shown with a probability of
   * 0.8; null when none
   */
  smallest: z.number().nullable(),
})
export type Judgement = z.infer<typeof judgement>

/** How a canary is judged. `tolerance` is how much worse may pass unnoticed: 0.1 is a tenth. */
export const verdictSettings = z.object({
  /** the probability of a false alarm over the whole canary, however often one looks */
  alpha: z.number(),
  tolerance: z.object({
    errors: z.number(),
    latency: z.number(),
    /** and so many milliseconds more, whatever part that is */
    slack: z.number().default(0),
  }),
  /**
   * healthy must exclude errors that are both this many times and this much more per request, and a
   * median so many times as long
   */
  harm: z.object({ ratio: z.number(), difference: z.number(), latency: z.number().default(1.5) }),
  /** the canary's first requests, whose latency tells of a cold start and not of the release */
  warm: z.number().int().default(0),
  /** what is assigned at random and counted once */
  unit: z.enum(['requests', 'sessions']).default('requests'),
  /** by name, besides errors and latency */
  metrics: z.record(z.string(), metricSettings).default({}),
})
export type VerdictSettings = z.infer<typeof verdictSettings>

export const canaryStates = ['running', 'waiting', 'promoted', 'taken_back', 'given_up'] as const

/**
 * A canary: a deployment that is given a growing share of the requests while it is judged. Times
 * are ISO 8601 UTC.
 */
export const canary = z.object({
  deployment: z.number().int(),
  /**
   * `waiting` is for somebody's decision; `given_up` was cancelled, superseded, or died of
   * something else than its verdict
   */
  state: z.enum(canaryStates),
  /** the release that it is judged against */
  baseline: z.number().int(),
  /** it is compared with newly started instances of that release, not with its old ones */
  fresh: z.boolean(),
  /** the share of the requests that it is given now, 0 to 1, and the shares it goes through */
  share: z.number(),
  steps: z.array(z.number()),
  /** not promoted before, and decided at the latest, in milliseconds after `started` */
  least: z.number(),
  most: z.number(),
  settings: verdictSettings,
  started: z.string(),
  ended: z.string().nullable(),
})
export type Canary = z.infer<typeof canary>

/** A canary with all that a person wants to see of it. */
export const verdictView = canary.extend({
  /** recomputed from what was counted */
  judgement,
  /** as recorded when it was decided; null before */
  decided: judgement.nullable(),
  /** what was known at up to 200 moments, oldest first */
  history: z.array(
    z.object({
      at: z.string(),
      share: z.number(),
      requests: z.object({ baseline: z.number().int(), canary: z.number().int() }),
      errors: z.object({ baseline: z.number().int(), canary: z.number().int() }),
      evidence: z.number(),
      ratio: interval,
    }),
  ),
  /** latencies of both, as [milliseconds, requests] by rising latency */
  latency: z.object({
    baseline: z.array(z.tuple([z.number(), z.number().int()])),
    canary: z.array(z.tuple([z.number(), z.number().int()])),
  }),
  outcomes: z.object({
    baseline: z.record(z.string(), z.number().int()),
    canary: z.record(z.string(), z.number().int()),
  }),
})
export type VerdictView = z.infer<typeof verdictView>

/** What is asked before a canary: traffic, its share, and what harm is to be seen. */
export interface PlanQuestion {
  /** requests a second of the whole environment */
  perSecond: number
  share: number
  /** errors per request when nothing is wrong */
  errorRate: number
  /** how many times as many errors are to be noticed */
  ratio: number
  settings: VerdictSettings
}

/** Requests of both releases and seconds; null when no amount is enough. */
export interface PlanAnswer {
  /** until more harm than tolerated is excluded, on the average, when nothing is wrong */
  healthy: { requests: number; seconds: number } | null
  /**
   * until harm of that ratio has alarmed with a probability of 0.8; null also when nothing fails,
   * of which any ratio is nothing
   */
  harmful: { requests: number; seconds: number } | null
  /** errors of the canary that alarm where the release before has none */
  alone: number
}
