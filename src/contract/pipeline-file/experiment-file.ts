import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { duration, listOf, shorthand, text } from './shapes.ts'

/** A stored definition is read again, so that its times are in seconds. */
const seconds = (least: number) => duration(least).transform((ms) => ms / 1000)

const expectedFile = shorthand(
  'alert',
  z.strictObject({
    alert: name.describe(
      'The monitor that must raise an alert: one of `monitors` or `slo`, or `errors`, `latency`, ' +
        '`traffic`, `reachable` or `restarts`; its harm does not end the experiment',
    ),
    within: seconds(1000)
      .prefault('1m')
      .describe('How long after the beginning of the fault the alert must have opened'),
  }),
)

/** What belongs together, such as `action` and `parameters`, is checked by `domains/pipeline`. */
export const experimentFile = z.strictObject({
  action: name.describe('What is broken, such as `pause`; see docs/experiments.md'),
  parameters: z
    .record(text, z.unknown())
    .prefault({})
    .describe('The parameters of the action, such as `{cores: 2}`'),
  service: name.describe('The service that the fault hits'),
  environments: listOf(name)
    .refine((all) => all.length > 0, 'must name at least one environment')
    .describe('The environments in which it may run'),
  for: seconds(1000)
    .refine((value) => value <= 3600, 'must be at most 1h')
    .describe('How long the fault lasts'),
  instances: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(1)
    .describe('How many instances of the service the fault hits at most, chosen at random'),
  share: z
    .number()
    .min(1, 'must be at least 1')
    .max(100, 'must be at most 100')
    .default(100)
    .describe('The share of the instances that the fault hits at most, in percent'),
  expect: expectedFile
    .optional()
    .describe(
      'The alert that the fault must raise, such as `homepage`; default: the service must ' +
        'tolerate the fault, and every alert ends the experiment',
    ),
  allow: listOf(name)
    .prefault([])
    .describe(
      'Other monitors of the file that may fail meanwhile; a failure of any other one ends the ' +
        'experiment',
    ),
  recovery: seconds(1000)
    .prefault('2m')
    .describe('How long after the fault the steady state must have returned'),
  pause: seconds(0)
    .prefault('5m')
    .describe('How long the environment must have had no experiment before'),
  every: z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\d{1,2}d$/)
          .transform((value) => Number(value.slice(0, -1))),
      ],
      { error: 'must be a number of days such as 3d' },
    )
    .pipe(z.number().int().min(1, 'must be at least 1d').max(60, 'must be at most 60d'))
    .optional()
    .describe(
      'Runs it by itself, once in so many working days on average, at a time that nobody can ' +
        'predict; default: only on request',
    ),
})
export type ExperimentFile = z.output<typeof experimentFile>
