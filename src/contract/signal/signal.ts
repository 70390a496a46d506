import { z } from 'zod'

interface Signal {
  unit: string
  /** one sentence without its full stop */
  text: string
  /** a count per second: what was not counted is zero while the host was measured */
  isCount: boolean
}

/** Everything that is measured without configuration. */
export const signals = {
  requests: { unit: 'per second', text: 'Requests that ended', isCount: true },
  errors: {
    ...{ unit: 'per second', isCount: true },
    text: 'Responses 5xx, refused requests and responses that broke off',
  },
  'client-errors': { unit: 'per second', text: 'Responses 4xx', isCount: true },
  bytes: { unit: 'bytes per second', text: 'Bytes of the responses', isCount: true },
  'latency-p50': { unit: 'ms', text: 'Half of the requests were faster', isCount: false },
  'latency-p95': { unit: 'ms', text: '95 % of the requests were faster', isCount: false },
  'latency-p99': { unit: 'ms', text: '99 % of the requests were faster', isCount: false },
  cpu: { unit: 'cores', text: 'Processor time of an instance', isCount: false },
  memory: { unit: 'bytes', text: 'Resident memory of an instance', isCount: false },
  descriptors: { unit: '', text: 'Open file descriptors of an instance', isCount: false },
  restarts: { unit: '', text: 'Restarts of an instance since its release began', isCount: false },
  'machine-cpu': { unit: 'share', text: 'Busy share of all cores', isCount: false },
  'machine-load': { unit: '', text: 'Runnable processes, mean of a minute', isCount: false },
  'machine-memory': { unit: 'bytes', text: 'Memory in use', isCount: false },
  'machine-disk': { unit: 'bytes', text: 'Disk in use', isCount: false },
  'machine-clock': { unit: 's', text: 'How far the clock is ahead', isCount: false },
} as const satisfies Record<string, Signal>

export type SignalName = keyof typeof signals
export const signalNames = Object.keys(signals) as [SignalName, ...SignalName[]]

/** Seconds between two values, and for how many days they are kept. */
export const resolutions = [
  { step: 10, days: 2 },
  { step: 60, days: 35 },
  { step: 3600, days: 730 },
] as const

/** The values of a series, `step` seconds apart; null where nothing was measured. */
export const series = z.object({
  name: z.enum(signalNames),
  unit: z.string(),
  environment: z.string().nullable(),
  service: z.string().nullable(),
  release: z.number().int().nullable(),
  instance: z.number().int().nullable(),
  values: z.array(z.number().nullable()),
})
export type Series = z.infer<typeof series>

/** The values of a metric that an app exposes: counters are rates per second. */
export const metric = z.object({
  name: z.string(),
  /** as the app names them; the quantiles of a histogram have the label `quantile` */
  labels: z.record(z.string(), z.string()),
  unit: z.string(),
  environment: z.string().nullable(),
  service: z.string().nullable(),
  /** null for a sum over the instances */
  instance: z.number().int().nullable(),
  values: z.array(z.number().nullable()),
})
export type Metric = z.infer<typeof metric>

/** A moment that may explain a change of a series. */
export const mark = z.object({
  time: z.string(),
  /** null for what is about the whole app */
  environment: z.string().nullable(),
  kind: z.enum([
    'delivery',
    'configuration',
    'rollback',
    'switch',
    'silence',
    'silence-end',
    'incident',
    'incident-end',
    'experiment',
    'experiment-end',
  ]),
  /** null for what is no deployment */
  deployment: z.number().int().nullable(),
  release: z.number().int().nullable(),
  /** what was deployed or switched, why alerts were silenced, or which incident it is */
  text: z.string(),
})
export type Mark = z.infer<typeof mark>

/** Series of one period. The first value of each is that of `from`. */
export const seriesAnswer = z.object({
  from: z.string(),
  /** seconds between two values */
  step: z.number().int(),
  series: z.array(series),
  marks: z.array(mark),
})
/** The names of all metrics of an app, and the series of one of them. */
export const metricsAnswer = seriesAnswer.extend({
  names: z.array(z.string()),
  series: z.array(metric),
})
export type MetricsAnswer = z.infer<typeof metricsAnswer>

export type SeriesAnswer = z.infer<typeof seriesAnswer>
