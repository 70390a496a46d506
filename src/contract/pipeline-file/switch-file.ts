import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { switchTypes, switchValue } from '#contract/switch/switch.ts'
import { shorthand, text } from './shapes.ts'

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
  }),
)

export type SwitchFile = z.output<typeof switchFile>
