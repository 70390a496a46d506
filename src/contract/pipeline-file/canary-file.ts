import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { duration, shorthand, text } from './shapes.ts'

/** The keys below `canary` in `fairlead.yaml`. */

const share = z.number().min(1, 'must be at least 1').max(99, 'must be at most 99')
const urlPath = z.string().regex(/^\/[^\0-\x20]{0,500}$/, 'must begin with / and have no spaces')
const headerName = z
  .string()
  .regex(/^[\w!#$%&'*+\-.^`|~]{1,200}$/, 'must be the name of a header or cookie')
const series = text.min(1, 'must not be empty').max(2000)
/** A metric name with labels to match exactly, as it can be found in an exposition. */
const label = String.raw`[a-zA-Z_]\w*\s*=\s*"[^"\\\n]*"\s*`
const plainSeries = new RegExp(
  String.raw`^[a-zA-Z_:][\w:]*(?:\{\s*(?:${label}(?:,\s*${label})*(?:,\s*)?)?\})?$`,
)

const metricFile = shorthand(
  null,
  z
    .strictObject({
      route: urlPath
        .optional()
        .describe('Judges the errors of requests to this path and the paths below it'),
      bad: series
        .optional()
        .describe(
          'A counter of failures that the services expose, such as ' +
            '`jobs_failed_total{queue="mail"}`',
        ),
      of: series
        .optional()
        .describe(
          'The counter of all attempts, for `bad`; default: the time for which the instances ' +
            'have run',
        ),
      histogram: series.optional().describe('The name of a histogram whose values must not rise'),
      gauge: series.optional().describe('A gauge, which is displayed and never affects the result'),
      prometheus: z
        .url({ protocol: /^https?$/, error: 'must be an http or https address' })
        .optional()
        .describe(
          'The URL of a Prometheus server; the keys above are then queries, in which ' +
            '`{release}` stands for the number of the release',
        ),
      tolerance: z
        .number()
        .min(0)
        .max(10)
        .default(0.1)
        .describe('The relative increase that is tolerated: 0.1 is 10 %'),
      worse: z
        .enum(['higher', 'lower', 'both'])
        .default('higher')
        .describe(
          'The direction of harm of a rate: `lower` for completed orders, `both` for a rate that ' +
            'must not change',
        ),
      advisory: z
        .boolean()
        .default(false)
        .describe('Displays the metric without letting it affect the result'),
    })
    .superRefine((metric, context) => {
      const kinds = (['route', 'bad', 'histogram', 'gauge'] as const).filter(
        (kind) => metric[kind] !== undefined,
      )
      const refuse = (path: string[], message: string): void =>
        context.addIssue({ code: 'custom', path, message })
      if (kinds.length !== 1)
        refuse([], 'must have exactly one of `route`, `bad`, `histogram` and `gauge`')
      if (metric.of !== undefined && metric.bad === undefined)
        refuse(['of'], 'must be used together with `bad`')
      if (metric.prometheus !== undefined) return
      for (const key of ['bad', 'of', 'histogram', 'gauge'] as const)
        if (metric[key] !== undefined && !plainSeries.test(metric[key]))
          refuse([key], 'must be a metric such as jobs_failed_total{queue="mail"}')
    }),
)

export const canaryFile = shorthand(
  null,
  z
    .strictObject({
      steps: z
        .array(share)
        .min(1)
        .max(100)
        .default([5, 20, 50])
        .describe(
          'Percentages of the requests to send to the canary, in order, each for an equal ' +
            'part of `least`',
        ),
      ramp: z
        .strictObject({
          from: share.describe('Percentage at the start'),
          to: share.describe('Percentage after `least`, kept from then on'),
        })
        .refine(({ from, to }) => to > from, {
          path: ['to'],
          message: 'must be greater than `from`',
        })
        .optional()
        .describe(
          'Instead of `steps`: the percentage of requests at the start and after `least`; it ' +
            'grows continuously',
        ),
      least: duration(0)
        .prefault('2m')
        .describe('The minimum duration: the canary is not promoted earlier'),
      most: duration(1)
        .prefault('15m')
        .describe('The maximum duration: with enough data, the canary is decided by then'),
      undecided: z
        .enum(['hold', 'promote', 'rollback'])
        .default('promote')
        .describe(
          'What happens when there is not enough data after `most`: `promote`, unless something ' +
            'speaks against it, and go on judging for the time of `watch`; `hold` it for a ' +
            'decision by a person; or `rollback`',
        ),
      watch: duration(0)
        .prefault('2h')
        .describe(
          'How long a release is judged after its promotion when its health was not proven; ' +
            'one that was proven is judged for the `watch` of the environment',
        ),
      alpha: z
        .number()
        .min(0.0001)
        .max(0.2)
        .default(0.01)
        .describe(
          'The probability of a false alarm over the whole canary, however often it is evaluated',
        ),
      tolerance: shorthand(
        null,
        z.strictObject({
          errors: z
            .number()
            .min(0)
            .max(10)
            .default(0)
            .describe('The relative increase of the error rate that is tolerated: 0.1 is 10 %'),
          latency: z
            .number()
            .min(0)
            .max(10)
            .default(0.1)
            .describe('The relative increase of the latency that is tolerated: 0.1 is 10 %'),
          slack: duration(0)
            .prefault('1ms')
            .describe('The increase of the latency that is tolerated in addition to `latency`'),
        }),
      )
        .prefault({})
        .describe('How much worse than the current release the canary may be'),
      harm: shorthand(
        null,
        z.strictObject({
          ratio: z.number().gt(1).max(100).default(1.5).describe('The ratio of the error rates'),
          difference: z
            .number()
            .gt(0)
            .max(1)
            .default(0.001)
            .describe(
              'The difference of the error rates, as a fraction of all requests, in addition to ' +
                '`ratio`',
            ),
          latency: z
            .number()
            .gt(1)
            .max(100)
            .default(1.5)
            .describe('The ratio of the median latencies'),
        }),
      )
        .prefault({})
        .describe('The harm that must be excluded before a canary counts as healthy'),
      warm: duration(0)
        .prefault('60s')
        .describe(
          'The longest time for which the latency of new instances is ignored because of their ' +
            'cold start; it ends earlier, when the latency no longer falls',
        ),
      metrics: z
        .record(name, metricFile)
        .prefault({})
        .describe('Further metrics to judge, beside the errors and the latency of all requests'),
      scrape: shorthand(
        'path',
        z.strictObject({
          path: urlPath
            .default('/metrics')
            .describe('The path at which the instances expose their metrics'),
          every: duration(100).prefault('5s').describe('The interval between two scrapes'),
        }),
      )
        .prefault({})
        .describe(
          'Where metrics are read: at this path of every service with a port, and from ' +
            '`$FAIRLEAD_METRICS_FILE` of the others',
        ),
      session: z
        .union(
          [
            z.literal('cookie'),
            z
              .strictObject({
                cookie: headerName.optional().describe('The name of a cookie that the app sets'),
                header: headerName
                  .optional()
                  .describe('The name of a header that every request of a session has'),
              })
              .refine(({ cookie, header }) => (cookie === undefined) !== (header === undefined)),
          ],
          { error: 'must be `cookie`, `cookie: NAME` or `header: NAME`' },
        )
        .transform((rule) => (rule === 'cookie' ? {} : rule))
        .optional()
        .describe(
          'Assigns and counts whole sessions instead of requests; a session is identified by ' +
            'a cookie of the edge, or by a cookie or header of the app; default: each request ' +
            'by itself',
        ),
      tenant: headerName
        .optional()
        .describe(
          'The name of a request header that identifies the tenant, such as `X-Tenant`; frequent ' +
            'tenants are then judged by themselves. Its values are stored and shown',
        ),
      fresh: z
        .union([z.boolean(), z.literal('auto')], { error: 'must be true, false or `auto`' })
        .default('auto')
        .describe(
          'Compares the canary with newly started instances of the current release, which ' +
            'get an equal share of the requests; `auto`: when its running instances are busy, ' +
            'and each has more than twice the load of an instance of the canary',
        ),
    })
    .refine((file) => file.steps.every((step, i) => i === 0 || step > (file.steps[i - 1] ?? 0)), {
      path: ['steps'],
      message: 'must increase from each step to the next',
    })
    .refine((file) => file.most >= file.least, {
      path: ['most'],
      message: 'must not be shorter than `least`',
    })
    .refine((file) => file.fresh !== true || Math.max(...stepsOf(file)) <= 50, {
      path: ['fresh'],
      message: 'must have shares of at most 50',
    })
    .refine((file) => !('errors' in file.metrics || 'latency' in file.metrics), {
      path: ['metrics'],
      message: 'must not contain `errors` or `latency`, which are always judged',
    })
    .refine(
      (file) =>
        !file.session || Object.values(file.metrics).every(({ route }) => route === undefined),
      {
        path: ['session'],
        message: 'must not be combined with a metric that has `route`, which counts requests',
      },
    )
    .refine((file) => !file.session || file.tenant === undefined, {
      path: ['tenant'],
      message: 'must not be combined with `session`, because tenants are compared by requests',
    }),
)

/** Steps of a ramp. From 5 to 50 percent, each step changes the share by less than a tenth. */
const rampSteps = 40

/** The shares of traffic of a canary, in order, in percent. */
export function stepsOf({
  steps,
  ramp,
}: {
  steps: number[]
  ramp?: { from: number; to: number } | undefined
}): number[] {
  if (!ramp) return steps
  const growth = (ramp.to / ramp.from) ** (1 / (rampSteps - 1))
  return Array.from({ length: rampSteps }, (_, i) => Number((ramp.from * growth ** i).toFixed(3)))
}

export type CanaryFile = z.output<typeof canaryFile>
export type MetricFile = z.output<typeof metricFile>
