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

/** The requests of one instance, or of one route, in a batch. */
const partCounts = z.object({
  requests: z.number().int(),
  errors: z.number().int(),
  /** Requests that exceeded the waiting time, or whose client disconnected. */
  unfinished: z.number().int(),
})

/**
 * The outcomes of the requests of one release in a batch, which the verdict judges. Every request
 * is counted once in `requests` and once in `outcomes`.
 */
export const armCounts = z.object({
  /** Requests that have ended or exceeded the waiting time. */
  requests: z.number().int(),
  /**
   * Responses with status 5xx, requests that no instance accepted, and requests that the instance
   * broke off.
   */
  errors: z.number().int(),
  /**
   * Number of requests by outcome: `1xx`…`5xx`, `refused`, `broken`, `left` (the client
   * disconnected), `open` (exceeded the waiting time). `left` and `open` are unfinished requests:
   * evidence of their own, and never an error.
   */
  outcomes: z.record(z.string(), z.number().int()),
  /**
   * Requests that an earlier batch counted as `open` and that ended since then, by outcome;
   * `open` when they are still open after a minute. They are not part of `requests`. From them the
   * judge estimates how many open requests of the baseline will fail. Empty when there are none;
   * missing when the host does not report them.
   */
  late: z.record(z.string(), z.number().int()).optional(),
  /** Size of the responses in bytes. */
  bytes: z.number().int(),
  /**
   * [bucket, responses] in the order of buckets, for the sizes of the responses with status 2xx:
   * the bucket is `bucketOf(bytes / 1000)`, and 0 for an empty body. Missing when not measured.
   */
  sizes: z.array(z.tuple([z.number().int(), z.number().int()])).optional(),
  /**
   * [bucket, requests] in the order of buckets, for the time from the request's head to the end of
   * its response. An open request is in the bucket of its age.
   */
  latency: z.array(z.tuple([z.number().int(), z.number().int()])),
  /**
   * The same requests by the instance that answered them. An instance is one process: a restarted
   * one has another name. Missing when unknown.
   */
  instances: z.record(z.string(), partCounts).optional(),
  /**
   * Requests and errors of the routes that are counted separately, by the name of the metric or,
   * for routes that are counted by default, by their path (which begins with `/`).
   */
  routes: z.record(z.string(), z.tuple([z.number().int(), z.number().int()])).optional(),
  /** Requests and errors of frequent tenants, by the value of the header that names the tenant. */
  tenants: z.record(z.string(), z.tuple([z.number().int(), z.number().int()])).optional(),
})
export type ArmCounts = z.infer<typeof armCounts>

/**
 * A batch: requests that were assigned one after the other at the same share. Batches come in the
 * order of assignment, each when all of its requests have ended, so that neither a change of the
 * share nor slow failures bias a test.
 */
export const batch = z.object({
  /** Start of the batch, in milliseconds since the epoch. */
  at: z.number(),
  /**
   * The probability with which a compared request was assigned to the canary; 0 when there was no
   * choice, 1 after the canary was promoted: its requests are then compared with the earlier ones
   * of the baseline.
   */
  share: z.number().min(0).max(1),
  /**
   * The canary's share of all requests, when a release that is not compared serves some of them.
   */
  ofAll: z.number().optional(),
  baseline: armCounts,
  canary: armCounts,
})
export type Batch = z.infer<typeof batch>

/** The exceptions of both releases since the reading before, by error. */
const exceptionReading = z.object({
  /** Milliseconds since the epoch. */
  at: z.number(),
  errors: z.array(
    z.object({
      /** The number of the error. */
      error: z.number().int(),
      /** The type of the exception, by which releases are compared. */
      type: z.string(),
      title: z.string(),
      /** First seen, or come back, after the canary began. */
      isNew: z.boolean(),
      baseline: z.number().int(),
      canary: z.number().int(),
    }),
  ),
})
export type ExceptionReading = z.infer<typeof exceptionReading>

/**
 * One observation of a canary: batches in the order of assignment, and the readings of the
 * instances, if they were taken.
 */
export const look = z.object({
  /**
   * [bucket, requests] for the latencies of the baseline in its last minutes before the canary.
   * Only in the first observation; missing when they are unknown.
   */
  earlier: z.array(z.tuple([z.number().int(), z.number().int()])).optional(),
  batches: z.array(batch),
  /**
   * What is known so far of the requests that were assigned after `batches`, one batch for each
   * share: requests in progress are counted as `open`. Allows an alarm before slow requests end.
   */
  pending: z.array(batch).optional(),
  sample: sample.nullable(),
  /** Missing when nothing was thrown. */
  exceptions: exceptionReading.optional(),
  /** The time of the canary is up. Only in the first observation after `most`. */
  isOver: z.literal(true).optional(),
})
export type Look = z.infer<typeof look>

export const verdicts = ['healthy', 'harmful', 'undecided'] as const

/** An estimate with a confidence sequence, which is valid at any time. `null` means unbounded. */
const interval = z.object({
  estimate: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
})
export type Interval = z.infer<typeof interval>

const rate = z.object({ requests: z.number().int(), errors: z.number().int() })

/** The comparison of one outcome other than errors and latency. */
const outcomeJudgement = z.object({
  /**
   * `4xx`, `unfinished`, `size`, the path of a route, `tenant NAME`, or `error/ID` for a new error.
   */
  name: z.string(),
  /** Of an error: its exception and place. Its counts are those of the exception's type. */
  title: z.string().optional(),
  /** `shifted`: too different to promote without a person. `harmful`: raised the alarm. */
  state: z.enum(['even', 'shifted', 'harmful']),
  evidence: z.number(),
  /** Observed requests, and those with the outcome; for `size`, those of half the usual size. */
  baseline: z.object({ requests: z.number(), count: z.number() }),
  canary: z.object({ requests: z.number(), count: z.number() }),
})
export type OutcomeJudgement = z.infer<typeof outcomeJudgement>

/** Whether an outcome is the failures of one route or tenant. */
export const isPart = ({ name }: Pick<OutcomeJudgement, 'name'>): boolean =>
  name.startsWith('/') || name.startsWith('tenant ')

/** An instance that fails more often than the others of its release. */
const instanceJudgement = z.object({
  release: z.enum(['baseline', 'canary']),
  name: z.string(),
  evidence: z.number(),
  requests: z.number().int(),
  /** Errors and unfinished requests. */
  failed: z.number().int(),
  others: z.object({ requests: z.number().int(), failed: z.number().int() }),
})
export type InstanceJudgement = z.infer<typeof instanceJudgement>

/**
 * The judgement of a canary at one time. Evidence is the decimal logarithm of an e-value and raises
 * an alarm at `threshold`.
 */
export const judgement = z.object({
  verdict: z.enum(verdicts),
  /** The metric that decided: `errors`, `latency`, or the name of another metric. */
  metric: z.string().nullable(),
  /**
   * The basis of `healthy`: more harm than tolerated is excluded, or the time is up and harm would
   * have been detected with a stated power.
   */
  basis: z.enum(['excluded', 'power']).nullable(),
  /** One sentence in plain words. */
  reason: z.string(),
  /**
   * What speaks against a promotion although harm is not proven, in one sentence; null when nothing
   * does. A canary with a doubt is neither healthy nor promoted without a person.
   */
  doubt: z.string().nullable().default(null),
  alpha: z.number(),
  /** −log10 α */
  threshold: z.number(),
  /** Evidence of the whole verdict: the weighted mean of the e-values of the metrics. */
  evidence: z.number(),
  errors: z.object({
    baseline: rate,
    canary: rate,
    evidence: z.number(),
    /**
     * The canary's rate divided by the baseline's, and the canary's minus the baseline's, per
     * request.
     */
    ratio: interval,
    difference: interval,
    /** Evidence against as much harm as `harm` defines, and the evidence that is required. */
    excluded: z.number(),
    excludedAt: z.number(),
  }),
  latency: z.object({
    evidence: z.number(),
    /** In milliseconds; `ratio` is the canary's quantile divided by the baseline's. */
    quantiles: z.array(
      z.object({
        quantile: z.number(),
        baseline: z.number().nullable(),
        canary: z.number().nullable(),
        ratio: interval,
      }),
    ),
  }),
  /** Outcomes of requests other than errors. */
  outcomes: z.array(outcomeJudgement).default([]),
  /** Instances that fail more often than the others of their release. */
  instances: z.array(instanceJudgement).default([]),
  /** The metrics other than errors and latency, in the order of the file. */
  metrics: z.array(metricJudgement).default([]),
  /**
   * Requests of both releases that are still needed for a healthy verdict at the present share and
   * error rate; null when unknown.
   */
  needed: z.number().int().nullable(),
  /**
   * The smallest ratio of error rates that would have been detected on these requests with a
   * probability of 0.8; null when none.
   */
  smallest: z.number().nullable(),
})
export type Judgement = z.infer<typeof judgement>

/**
 * How a canary is judged. `tolerance` is the relative increase that is accepted: 0.1 is a tenth.
 */
export const verdictSettings = z.object({
  /** The probability of a false alarm over the whole canary, for any number of looks. */
  alpha: z.number(),
  tolerance: z.object({
    errors: z.number(),
    latency: z.number(),
    /** An additional tolerance in milliseconds, regardless of the relative increase. */
    slack: z.number().default(0),
  }),
  /**
   * A healthy verdict excludes errors that are both `ratio` times as frequent and `difference` more
   * per request, and a median latency `latency` times as long.
   */
  harm: z.object({ ratio: z.number(), difference: z.number(), latency: z.number().default(1.5) }),
  /**
   * The longest time, in milliseconds, for which the latency of new instances is not judged because
   * of their cold start. It ends earlier when the latency no longer falls.
   */
  warm: z.number().int().default(0),
  /**
   * Milliseconds after the beginning in which exceptions are not judged, because instances start;
   * `warm` when it is absent.
   */
  exceptionsAfter: z.number().int().optional(),
  /** The unit that is assigned at random and counted once. */
  unit: z.enum(['requests', 'sessions']).default('requests'),
  /** Tenants are counted, and judged like frequent routes. */
  hasTenants: z.boolean().default(false),
  /** By name, in addition to errors and latency. */
  metrics: z.record(z.string(), metricSettings).default({}),
})
export type VerdictSettings = z.infer<typeof verdictSettings>

export const canaryStates = ['running', 'waiting', 'promoted', 'taken_back', 'given_up'] as const

/**
 * A canary: a deployment that gets a growing share of the requests while it is judged. Times are
 * ISO 8601 UTC.
 */
export const canary = z.object({
  deployment: z.number().int(),
  /**
   * `waiting`: needs a decision by a user. `given_up`: cancelled, superseded, or ended for another
   * reason than its verdict.
   */
  state: z.enum(canaryStates),
  /** The release that the canary is compared with. */
  baseline: z.number().int(),
  /** The canary is compared with newly started instances of that release, not with its old ones. */
  fresh: z.boolean(),
  /** The current share of the requests, 0 to 1, and the planned shares. */
  share: z.number(),
  steps: z.array(z.number()),
  /** Earliest promotion and latest decision, in milliseconds after `started`. */
  least: z.number(),
  most: z.number(),
  settings: verdictSettings,
  started: z.string(),
  ended: z.string().nullable(),
})
export type Canary = z.infer<typeof canary>

/** What one release has to do, in the last minute that was observed. */
const load = z.object({
  instances: z.number().int(),
  /** Requests a second of each instance. */
  perSecond: z.number(),
})
export type Load = z.infer<typeof load>

/** A canary with everything that the console shows. */
export const verdictView = canary.extend({
  /** Recomputed from the stored observations. */
  judgement,
  /** The judgement recorded with the decision; null before it. */
  decided: judgement.nullable(),
  /** Up to 200 points in time, oldest first. */
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
  /** Latencies of both releases as [milliseconds, requests], by rising latency. */
  latency: z.object({
    baseline: z.array(z.tuple([z.number(), z.number().int()])),
    canary: z.array(z.tuple([z.number(), z.number().int()])),
  }),
  outcomes: z.object({
    baseline: z.record(z.string(), z.number().int()),
    canary: z.record(z.string(), z.number().int()),
  }),
  /** Null while no instance has answered. */
  load: z.object({ baseline: load.nullable(), canary: load.nullable() }),
})
export type VerdictView = z.infer<typeof verdictView>
