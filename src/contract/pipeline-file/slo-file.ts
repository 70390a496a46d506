import { z } from 'zod'
import { urgencies } from '#contract/alert/alert.ts'
import { name } from '#contract/app/app.ts'
import { duration, listOf, longDuration, shorthand } from './shapes.ts'

/** The keys below `slo` in `fairlead.yaml`. */

const error = 'must be a percentage from 50 to 99.999, such as 99.9'
/** A percentage; the output is a share from 0 to 1. */
const percentage = z
  .union([z.number(), z.string().regex(/^\d{2}(\.\d{1,3})?\s?%$/, error)], { error })
  .transform((value) => (typeof value === 'number' ? value : Number.parseFloat(value)))
  .pipe(z.number().min(50, error).max(99.999, error))
  // 99.9 / 100 is not 0.999 in binary.
  .transform((value) => Math.round(value * 1000) / 100_000)

const latencyFile = z.strictObject({
  below: duration(1).describe('A request is good when it takes less time'),
  of: percentage
    .prefault(99)
    .describe('The percentage of the requests that must be good; errors do not count'),
})

export const sloFile = shorthand(
  'availability',
  z
    .strictObject({
      availability: percentage
        .optional()
        .describe('The percentage of the requests that must not fail, such as `99.9`'),
      latency: latencyFile.optional().describe('Or how fast requests must be: the keys below'),
      service: name
        .optional()
        .describe('The service whose requests count; default: all of the environment'),
      environments: listOf(name)
        .prefault([])
        .describe('The environments that have the objective; default: the last one of the file'),
      window: longDuration()
        .pipe(z.number().min(3 * 86_400_000, 'must be at least 3d'))
        .prefault('30d')
        .describe('The time that the error budget is for'),
      urgency: z
        .enum(urgencies)
        .optional()
        .describe(
          'The urgency of an alert when the budget would be used up within days; default: ' +
            '`high` in the last environment, else `low`',
        ),
    })
    .refine(
      ({ availability, latency }) => (availability === undefined) !== (latency === undefined),
      'must have either `availability` or `latency`',
    ),
)
