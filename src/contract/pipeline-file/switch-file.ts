import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { switchTypes, switchValue } from '#contract/switch/switch.ts'
import { tenantFile } from './incidents-file.ts'
import { duration, shorthand, text } from './shapes.ts'

const share = z.number().min(0.1, 'must be at least 0.1').max(99, 'must be at most 99')
const growing = (steps: number[]): boolean =>
  steps.every((step, i) => i === 0 || step > steps[i - 1]!)

/** How a gradual change goes, and by what it is judged. */
const rolloutFile = shorthand(
  'key',
  z.strictObject({
    key: tenantFile.describe(
      'How a request names its targeting key: the name of a header, or `{cookie: NAME}`; the app ' +
        'must use the same value as targeting key',
    ),
    steps: z
      .array(share)
      .min(1, 'must have at least one share')
      .max(20, 'must have at most 20 shares')
      .refine(growing, 'must grow')
      .default([1, 10, 50])
      .describe('The shares of the targeting keys in percent, one after the other'),
    // In seconds: a stored definition is read again.
    every: duration(1000)
      .transform((ms) => ms / 1000)
      .prefault('10m')
      .describe('How long each share is in force at least'),
    alpha: z
      .number()
      .min(0.0001, 'must be at least 0.0001')
      .max(0.2, 'must be at most 0.2')
      .default(0.01)
      .describe('The probability with which a harmless value is rolled back'),
  }),
)
export type RolloutFile = z.output<typeof rolloutFile>

/** What belongs together, such as `type` and `default`, is checked by `domains/pipeline`. */
export const switchFile = shorthand(
  'default',
  z.strictObject({
    type: z.enum(switchTypes).default('boolean').describe('The type of its values'),
    default: switchValue.describe(
      'What is served until somebody sets the switch: a value, or the name of a variant',
    ),
    variants: z
      .record(name, switchValue)
      .prefault({})
      .describe(
        'The values that can be set, by name; a boolean has `on` and `off`; default: any value ' +
          'of the type',
      ),
    owner: name
      .optional()
      .describe('The team that the switch belongs to; default: that of the app'),
    expires: z.iso
      .date('must be a date such as 2027-01-31')
      .optional()
      .describe('The day from which the switch should be removed from code and file'),
    description: text.max(500).default('').describe('What the switch stops or changes'),
    rollout: rolloutFile
      .optional()
      .describe('How `fairlead switch rollout` changes it gradually; a header name is enough'),
  }),
)

export type SwitchFile = z.output<typeof switchFile>
