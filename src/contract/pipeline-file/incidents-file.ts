import { z } from 'zod'
import { shorthand } from './shapes.ts'

const field = z
  .string()
  .regex(/^[\w!#$%&'*+\-.^`|~]{1,200}$/, 'must be the name of a header or cookie')

/** How a request names its tenant: a header, or a cookie. */
const tenantFile = shorthand(
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
  }),
)
