import { z } from 'zod'
import { shorthand } from './shapes.ts'

const field = z
  .string()
  .regex(/^[\w!#$%&'*+\-.^`|~]{1,200}$/, 'must be the name of a header or cookie')

/** How a request names its tenant: a header, or a cookie. */
export const tenantFile = shorthand(
  'header',
  z
    .strictObject({
      header: field.optional().describe('The name of a request header, such as `X-Tenant`'),
      cookie: field.optional().describe('The name of a cookie, such as `account`'),
    })
    .refine(({ header, cookie }) => (header === undefined) !== (cookie === undefined), {
      message: 'must have either `header` or `cookie`',
    }),
)

/** The mitigations that can be undone: Fairlead may choose them by itself. */
export const automaticKinds = ['switch', 'rollback'] as const

/** When Fairlead acts by itself on the mitigation that it proposes. */
const automaticFile = shorthand(
  'act',
  z.strictObject({
    act: z.boolean().default(true).describe('Whether it acts'),
    mitigations: z
      .array(z.enum(automaticKinds))
      .min(1)
      .prefault([...automaticKinds])
      .describe('What it may do: turn the suspected switch off, roll the suspected release back'),
    confidence: z
      .number()
      .min(50)
      .max(100)
      .default(80)
      .describe('The confidence in the first suspect that it needs, in percent'),
    perDay: z
      .number()
      .int()
      .min(1)
      .max(20)
      .default(2)
      .describe('How often it may act in an environment within 24 hours'),
  }),
)
export type AutomaticFile = z.output<typeof automaticFile>

/** The key `incidents` in `fairlead.yaml`. */
export const incidentsFile = shorthand(
  null,
  z.strictObject({
    tenant: tenantFile
      .optional()
      .describe(
        'The name of the request header that names the tenant or account of a request, such as ' +
          '`X-Tenant`, or the keys below; an incident then lists whom it hit. Its values are ' +
          'stored and shown',
      ),
    automatic: automaticFile
      .optional()
      .describe(
        'Whether Fairlead acts by itself on the mitigation that it proposes for an incident; ' +
          'default: false',
      ),
  }),
)
