import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { duration, shorthand, text } from './shapes.ts'

/** The part of `fairlead.yaml` that says how a canary goes. */

const share = z.number().min(1, 'must be at least 1').max(99, 'must be at most 99')
const urlPath = z.string().regex(/^\/[^\0-\x20]{0,500}$/, 'must begin with / and have no spaces')
const headerName = z
  .string()
  .regex(/^[\w!#$%&'*+\-.^`|~]{1,200}$/, 'must be the name of a header or cookie')
const series = text.min(1, 'must not be empty').max(2000)
/** A name, with labels that must be equal: what can be looked for in an exposition. */
const plainSeries = /^[a-zA-Z_:][\w:]*(\{\s*([a-zA-Z_]\w*\s*=\s*"[^"\\\n]*"\s*,?\s*)*\})?$/

const metricFile = shorthand(
  null,
  z
    .strictObject({
      route: urlPath
        .optional()
        .describe('Errors of the requests at this path and below it, or one of the three below'),
      bad: series
        .optional()
        .describe(
          'A counter of what goes wrong, such as `jobs_failed_total{queue="mail"}`, as the services expose it',
        ),
      of: series
        .optional()
        .describe('A counter of all of it; default: the time that the instances run'),
      histogram: series.optional().describe('The name of a histogram, whose values must not rise'),
      gauge: series.optional().describe('A gauge; it is shown and never decides'),
      prometheus: z
        .url({ protocol: /^https?$/, error: 'must be an http or https address' })
        .optional()
        .describe(
          'The address of a Prometheus; then the series above are its queries, with `{release}` for the number of the release',
        ),
      tolerance: z
        .number()
        .min(0)
        .max(10)
        .default(0.1)
        .describe('How much higher is no harm: 0.1 is a tenth'),
      advisory: z.boolean().default(false).describe('Shown, and decides nothing'),
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
        refuse(['of'], 'must stand beside `bad`')
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
          'Percent of the requests that it is given, one after the other, each for an equal part of `least`',
        ),
      ramp: z
        .strictObject({
          from: share.describe('Percent at the beginning'),
          to: share.describe('Percent after `least`, and from then on'),
        })
        .refine(({ from, to }) => to > from, { path: ['to'], message: 'must be more than `from`' })
        .optional()
        .describe(
          'Instead of `steps`: percent at the beginning and after `least`, growing all the time',
        ),
      least: duration(0).prefault('2m').describe('Not promoted before, however good it looks'),
      most: duration(1).prefault('15m').describe('Decided by then, if there is enough data'),
      undecided: z
        .enum(['hold', 'promote', 'rollback'])
        .default('hold')
        .describe(
          'What becomes of it when there is not enough data after `most`: it waits for you, goes on or goes back',
        ),
      alpha: z
        .number()
        .min(0.0001)
        .max(0.2)
        .default(0.01)
        .describe(
          'The probability of a false alarm over the whole canary, however often one looks',
        ),
      tolerance: shorthand(
        null,
        z.strictObject({
          errors: z
            .number()
            .min(0)
            .max(10)
            .default(0.1)
            .describe('How much higher the rate of errors may be: 0.1 is a tenth'),
          latency: z
            .number()
            .min(0)
            .max(10)
            .default(0.1)
            .describe('How much slower it may be: 0.1 is a tenth, and'),
          slack: duration(0)
            .prefault('1ms')
            .describe('so much more, whatever part of a quick answer that is'),
        }),
      )
        .prefault({})
        .describe('How much worse is no harm'),
      harm: shorthand(
        null,
        z.strictObject({
          ratio: z
            .number()
            .gt(1)
            .max(100)
            .default(1.5)
            .describe('As many times the rate of errors, and'),
          difference: z
            .number()
            .gt(0)
            .max(1)
            .default(0.001)
            .describe('this much more of all requests'),
          latency: z
            .number()
            .gt(1)
            .max(100)
            .default(1.5)
            .describe('As many times the median latency'),
        }),
      )
        .prefault({})
        .describe('What must be excluded before a canary is called healthy'),
      warm: z
        .number()
        .int()
        .min(0)
        .max(1_000_000)
        .default(200)
        .describe(
          'Of so many of its first requests the latency is not judged: new processes are slow',
        ),
      metrics: z
        .record(name, metricFile)
        .prefault({})
        .describe('What is judged beside errors and latency of all requests'),
      scrape: shorthand(
        'path',
        z.strictObject({
          path: urlPath.default('/metrics').describe('Where the instances expose them'),
          every: duration(100).prefault('5s').describe('How often they are asked'),
        }),
      )
        .prefault({})
        .describe(
          'Where metrics come from: this path of every service with a port, else `$FAIRLEAD_METRICS_FILE`',
        ),
      session: z
        .union(
          [
            z.literal('cookie'),
            z
              .strictObject({
                cookie: headerName
                  .optional()
                  .describe('The name of a cookie that the app sets, or'),
                header: headerName
                  .optional()
                  .describe('of a header that every request of a session has'),
              })
              .refine(({ cookie, header }) => (cookie === undefined) !== (header === undefined)),
          ],
          { error: 'must be `cookie`, or `cookie: NAME` or `header: NAME` of the app' },
        )
        .transform((rule) => (rule === 'cookie' ? {} : rule))
        .optional()
        .describe(
          'Gives whole sessions to a release, known by a cookie of the edge or by a cookie or header of the app; then a session counts once; default: each request for itself',
        ),
      fresh: z
        .boolean()
        .default(false)
        .describe(
          'Compares with newly started instances of the release before, which get as large a share, instead of its old ones',
        ),
    })
    .refine((file) => file.steps.every((step, i) => i === 0 || step > (file.steps[i - 1] ?? 0)), {
      path: ['steps'],
      message: 'must rise from each to the next',
    })
    .refine((file) => file.most >= file.least, {
      path: ['most'],
      message: 'must not be shorter than `least`',
    })
    .refine((file) => !file.fresh || Math.max(...stepsOf(file)) <= 50, {
      path: ['fresh'],
      message: 'must have shares of at most 50',
    })
    .refine((file) => !('errors' in file.metrics || 'latency' in file.metrics), {
      path: ['metrics'],
      message: 'must not have `errors` or `latency`: these are always judged',
    })
    .refine(
      (file) =>
        !file.session || Object.values(file.metrics).every(({ route }) => route === undefined),
      {
        path: ['session'],
        message: 'must not stand beside a metric with `route`, which counts requests',
      },
    ),
)

/** Steps of a ramp: so fine that each is a change of less than a tenth, between 5 and 50. */
const rampSteps = 40

/** The shares that a canary goes through, in percent. */
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
