import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { command, insidePath, shorthand } from './shapes.ts'

/** The keys below `config` in `fairlead.yaml`. */

/** Numbers in YAML, such as `0640`, lose their leading zero. */
const modes = [
  ...['0400', '0440', '0444', '0500', '0550', '0555'],
  ...['0600', '0640', '0644', '0700', '0750', '0755'],
] as const

const mode = z.preprocess(
  (value) =>
    typeof value === 'number' || typeof value === 'string' ? String(value).padStart(4, '0') : value,
  z.enum(modes, { error: `must be one of ${modes.join(', ')}` }),
)

/** The path of a rendered file, relative to the folder of the service's files. */
const renderedPath = z
  .string()
  .regex(/^[\w.@/-]{1,200}$/, 'must be a path of letters, digits and . _ - @ /')
  .refine(
    (path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'must be a path without empty parts, . and ..',
  )

const renderedFile = shorthand(
  'template',
  z.strictObject({
    template: insidePath.describe(
      'The path of the template in the repository, in the language Liquid; see below',
    ),
    mode: mode
      .optional()
      .describe('The permissions of the file; default: `0600` with a secret, `0644` without'),
    kind: name
      .optional()
      .describe('The kind of the file; default: as its name says; see below for the kinds'),
    check: command
      .optional()
      .describe(
        'A command that must succeed before the service starts, in addition to the check of its ' +
          'kind; `$FILE` is the rendered file',
      ),
  }),
)

const files = z
  .record(renderedPath, renderedFile)
  .prefault({})
  .describe(
    'Files that are rendered into `$FAIRLEAD_CONFIG_DIR` before a service starts: the path ' +
      'there, and the path of the template, or the keys below',
  )

/** `config` of a service or of an environment. */
export const configurationFile = shorthand(null, z.strictObject({ files }))

/** `config` of the app. */
export const appConfigurationFile = shorthand(
  null,
  z.strictObject({
    files,
    schema: insidePath
      .optional()
      .describe(
        'The path of a JSON Schema in the repository for the variables and secrets of every ' +
          'environment; default: any values',
      ),
  }),
)

export type RenderedFile = z.output<typeof renderedFile>
