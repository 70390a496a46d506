import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { shorthand } from './shapes.ts'

const domainName = z
  .string()
  .max(253)
  .regex(
    /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.){1,20}[a-z]([a-z0-9-]{0,61}[a-z0-9])$/,
    'must be a domain in lower case such as shop.example.com; write others in their xn-- form',
  )

const hsts = z
  .string()
  .regex(/^[1-9]\d{0,3}d$/, 'must be a number of days such as 365d')
  .transform((text) => Number(text.slice(0, -1)) * 86_400)

/** A name under which an environment is reached on the internet. */
export const domainFile = shorthand(
  'name',
  z.strictObject({
    name: domainName.describe(
      'The domain, such as `shop.example.com`, or `*.example.com` for every name with one more ' +
        'label',
    ),
    service: name.optional().describe('The service that answers; default: the first one'),
    redirect: domainName
      .refine((text) => !text.startsWith('*'), 'must be one domain, without `*`')
      .optional()
      .describe(
        'Another domain to which all requests are sent, with the same path; default: a service ' +
          'answers',
      ),
    http: z
      .enum(['redirect', 'serve'])
      .default('redirect')
      .describe('What requests without TLS get once there is a certificate'),
    hsts: hsts
      .optional()
      .describe(
        'How long browsers use only HTTPS for the domain (`Strict-Transport-Security`), such as ' +
          '`365d`; default: no such header',
      ),
  }),
)
