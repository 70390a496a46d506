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
      .describe('A container image to run with Docker, instead of a command'),
    port: port.optional().describe('The port that the container listens on'),
    env: variables.prefault({}).describe('Environment variables of the service'),
    ready: command
      .optional()
      .describe(
        'A command that succeeds once the service is ready; default: a connection to its port',
      ),
    timeout: duration(1)
      .prefault('60s')
      .describe('The step fails when the service is not ready after this time'),
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
        'Patterns of the test files; the file `$FAIRLEAD_TESTS` lists those of the part, ' +
          'one per line',
      ),
    into: z
      .number()
      .int()
      .min(2)
      .max(50)
      .default(2)
      .describe('The number of parts, which run in parallel'),
  }),
)

const cacheFile = shorthand(
  'paths',
  z.strictObject({
    paths: listOf(insidePath)
      .prefault([])
      .describe('The paths to keep between runs, relative to `directory`'),
    key: listOf(insidePath)
      .prefault([])
      .describe(
        'Files whose content identifies the cache, such as `package-lock.json`; without a ' +
          'cache of this content the newest one is restored',
      ),
  }),
)

export const stepFile = shorthand(
  'run',
  z.strictObject({
    run: command.describe('The command, run by `sh -e`; several lines are one script'),
    needs: listOf(name)
      .optional()
      .describe('The steps that must pass first; default: the step above; `[]` for none'),
    optional: z
      .boolean()
      .default(false)
      .describe(
        'Lets the run continue when the step fails; a gate that needs its reports still ' +
          'stops the change',
      ),
    timeout: duration(1).prefault('30m').describe('The step is stopped after this time'),
    retry: z
      .number()
      .int()
      .min(0)
      .max(10)
      .default(0)
      .describe('The number of further attempts when the step fails'),
    rerun: command
      .optional()
      .describe(
        'The command of further attempts, to run only the tests listed in the file ' +
          '`$FAIRLEAD_FAILED_TESTS`; default: `run`',
      ),
    env: variables.prefault({}).describe('Environment variables of the step'),
    secrets: listOf(variableName)
      .prefault([])
      .describe('The names of secrets of the first environment that the step gets as variables'),
    directory: insidePath
      .default('.')
      .describe('The working directory, relative to the root of the repository'),
    reports: listOf(insidePath)
      .prefault([])
      .describe(
        'Patterns of the reports that the step writes (tests, coverage, findings, ' +
          'performance, materials), such as `reports/**/*.xml`, relative to `directory`; ' +
          'reports are left out of the artifact',
      ),
    services: z
      .record(name, stepServiceFile)
      .prefault({})
      .describe(
        'Services that run during the step, such as a database; `db` is reachable at ' +
          '`$DB_HOST` and `$DB_PORT`',
      ),
    matrix: matrixFile
      .optional()
      .describe('Runs the step once for each combination of these variables, in parallel'),
    split: splitFile
      .optional()
      .describe(
        'Runs the step in parallel parts of about equal duration, estimated from earlier runs',
      ),
    cache: cacheFile.prefault({}).describe('The files to keep between runs'),
    inputs: listOf(insidePath)
      .prefault([])
      .describe(
        'Patterns of all files that the result depends on; while they are unchanged, the ' +
          'result is reused; default: the step always runs',
      ),
    outputs: listOf(insidePath)
      .prefault([])
      .describe(
        'With `inputs`: the paths that the step creates, which are restored when the ' +
          'result is reused',
      ),
    when: listOf(z.enum(['push', 'schedule', 'manual', 'pull_request']))
      .prefault([])
      .describe(
        'The triggers of runs in which the step runs; it is skipped in others; default: all',
      ),
    tools: listOf(text.min(1, 'must not be empty'))
      .prefault([])
      .describe(
        'Programs that must be on the `PATH`; the step fails immediately when one is missing',
      ),
    network: z
      .boolean()
      .default(true)
      .describe('`false` runs the step without network access; it can then have no `services`'),
  }),
)
export type StepFile = z.output<typeof stepFile>
