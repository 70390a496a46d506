import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import {
  command,
  duration,
  insidePath,
  listOf,
  scalar,
  shorthand,
  text,
  variableName,
  variables,
} from './shapes.ts'

const port = z.number().int().min(1).max(65_535)

const stepServiceFile = shorthand(
  'run',
  z.strictObject({
    run: command.optional().describe('A command that listens on `$PORT`'),
    image: text
      .min(1, 'must not be empty')
      .optional()
      .describe('A container image, run by Docker, instead of a command'),
    port: port.optional().describe('The port that the image listens on'),
    env: variables.prefault({}).describe('Variables for it'),
    ready: command
      .optional()
      .describe(
        'A command that succeeds once it is ready; default: a connection to its port is enough',
      ),
    timeout: duration(1)
      .prefault('60s')
      .describe('The step is given up when it is not ready after this long'),
  }),
)
export type StepServiceFile = z.output<typeof stepServiceFile>

const values = z.preprocess(
  (value) => (typeof value === 'object' ? value : [value]),
  z.array(scalar).min(1, 'must have at least one value').max(64),
)

const matrixFile = z.union([z.array(variables).min(1).max(64), z.record(variableName, values)], {
  error: 'must be variables with their values, such as `NODE: [20, 22]`, or a list of combinations',
})

const splitFile = shorthand(
  'files',
  z.strictObject({
    files: listOf(insidePath)
      .optional()
      .describe(
        'Patterns of the files with tests; those of a part are in the file `$FAIRLEAD_TESTS`, one a line',
      ),
    into: z
      .number()
      .int()
      .min(2)
      .max(50)
      .default(2)
      .describe('Into how many parts, which run at the same time'),
  }),
)

const cacheFile = shorthand(
  'paths',
  z.strictObject({
    paths: listOf(insidePath)
      .prefault([])
      .describe('Paths to keep from one run to the next, from where it runs'),
    key: listOf(insidePath)
      .prefault([])
      .describe(
        'Files whose content decides which cache fits, such as package-lock.json; without a fit the newest is taken',
      ),
  }),
)

export const stepFile = shorthand(
  'run',
  z.strictObject({
    run: command.describe('The command, given to `sh -e`; several lines are one script'),
    needs: listOf(name)
      .optional()
      .describe('Steps that must pass first; default: the step written above it; `[]` for none'),
    optional: z
      .boolean()
      .default(false)
      .describe(
        'The run goes on when it fails; a gate that asks for what it would have told still stops the change',
      ),
    timeout: duration(1).prefault('30m').describe('It is stopped after this long'),
    retry: z
      .number()
      .int()
      .min(0)
      .max(10)
      .default(0)
      .describe('How often to try again when it fails'),
    rerun: command
      .optional()
      .describe(
        'The command of further attempts, which runs only the tests named in the file `$FAIRLEAD_FAILED_TESTS`; default: `run`',
      ),
    env: variables.prefault({}).describe('Variables for this step'),
    secrets: listOf(variableName)
      .prefault([])
      .describe('Names of secrets of the first environment that this step may read'),
    directory: insidePath
      .default('.')
      .describe('Where it runs, relative to the top of the repository'),
    reports: listOf(insidePath)
      .prefault([])
      .describe(
        'Reports of tests, coverage, findings, performance and materials that it writes, as patterns such as `reports/**/*.xml`, from where it runs; they are no part of the artifact',
      ),
    services: z
      .record(name, stepServiceFile)
      .prefault({})
      .describe(
        'What it needs beside it, such as a database: `db` is at `$DB_HOST` and `$DB_PORT`',
      ),
    matrix: matrixFile
      .optional()
      .describe('Runs once for each combination of these variables, at the same time'),
    split: splitFile
      .optional()
      .describe('Runs in parts that take the same time, by how long tests took before'),
    cache: cacheFile.prefault({}).describe('What to keep from one run to the next'),
    inputs: listOf(insidePath)
      .prefault([])
      .describe(
        'Patterns of all that its result depends on: while that is unchanged it is not run again; default: it always runs',
      ),
    outputs: listOf(insidePath)
      .prefault([])
      .describe('With `inputs`: paths that it makes, which are put back when it is not run again'),
    when: listOf(z.enum(['push', 'schedule', 'manual', 'pull_request']))
      .prefault([])
      .describe('Runs only in runs that began so, and is passed over in others; default: in all'),
    tools: listOf(text.min(1, 'must not be empty'))
      .prefault([])
      .describe('Programs that must be on the PATH, looked for before it starts'),
    network: z
      .boolean()
      .default(true)
      .describe(
        '`false`: it reaches no network; what it needs was there before it, and it has no services beside it',
      ),
  }),
)
export type StepFile = z.output<typeof stepFile>
