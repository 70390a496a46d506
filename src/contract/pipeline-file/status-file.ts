import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { duration, listOf, shorthand, text } from './shapes.ts'

const words = text.min(1).max(80)

const componentFile = shorthand(
  'name',
  z.strictObject({
    name: words
      .optional()
      .describe('The name of the component for customers; default: its key in the file'),
    group: words
      .optional()
      .describe('The group under which the page shows it; default: the `group` of the app'),
    service: name
      .optional()
      .describe('The service whose checks decide its state; default: all services'),
    route: z
      .string()
      .regex(/^\/[^\s?#]{1,200}$/, 'must be the start of a path, such as /checkout')
      .refine((route) => !route.endsWith('/'), 'must not end with a slash')
      .optional()
      .describe('The start of the paths whose requests decide its state, such as `/checkout`'),
    monitors: listOf(name)
      .prefault([])
      .describe(
        'Monitors of the file that decide its state, too, of any kind; without `service` and ' +
          '`route`, they alone decide',
      ),
  }),
)

/** The key `status` in `fairlead.yaml`. */
export const statusFile = shorthand(
  'show',
  z.strictObject({
    show: z.boolean().default(true).describe('Whether the status page shows the app'),
    name: words
      .optional()
      .describe('The name of the app on the status page; default: the name of the app'),
    group: words
      .optional()
      .describe('The group under which the page shows the app or its components; default: none'),
    components: z
      .record(name, componentFile)
      .prefault({})
      .describe(
        'The components that the page shows in place of the whole app: services, routes or ' +
          'monitors by name, with the keys below',
      ),
    wait: duration(0)
      .prefault('15m')
      .describe(
        'How long words about an incident wait for a person before they are published; ' +
          '0s publishes them at once',
      ),
  }),
)
