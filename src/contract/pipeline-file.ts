import { z } from 'zod'
import { name } from './app.ts'

/**
 * The shape of `fairlead.yaml`. Everything has a default; shorthands (a bare command instead of an object) are widened
 * here, so that the rest of the code sees one form. What is written as nothing (`steps:`) counts as left out.
 * The JSON Schema for editors and the tables of docs/fairlead-yaml.md are generated from this file.
 */

/** Milliseconds in a duration such as `1.5h`; the text must have matched the pattern below. */
function parseDuration(text: string): number {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
  const match = /^([\d.]+)(ms|s|m|h)$/.exec(text)
  return match ? Number(match[1]) * units[match[2] as keyof typeof units] : 0
}

/** Written `30s`, `5m`, `1h`, or as a number of seconds; becomes milliseconds from `least` to 24 hours. */
function duration(least: number) {
  const error = 'must be a duration such as 30s, 5m or 1h'
  return z
    .union([z.number(), z.string().regex(/^\d{1,9}(\.\d{1,3})?(ms|s|m|h)$/, error)], { error })
    .transform((value) => (typeof value === 'number' ? value * 1000 : parseDuration(value)))
    .pipe(z.number().min(least, `must be at least ${least}ms`).max(86_400_000, 'must be at most 24h'))
}

/** Lets a bare value stand for an object with one key, and nothing at all for the empty object. */
function shorthand<S extends z.ZodType>(key: string | null, schema: S) {
  const widen = (value: unknown): unknown => {
    if (value === null) return {}
    if (Array.isArray(value)) return key === null ? value : { [key]: value }
    if (typeof value === 'object') return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null))
    return key === null || value === undefined ? value : { [key]: value }
  }
  return z.preprocess(widen, schema).meta({ shorthand: key })
}

const noNul = (text: string): boolean => !text.includes('\0')
const text = z.string().refine(noNul, 'must not have the character NUL')
/** `true` and `false` are commands too. */
const command = z.preprocess(
  (value) => (typeof value === 'boolean' ? String(value) : value),
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(50_000, 'must be at most 50000 characters long')
    .refine(noNul, 'must not have the character NUL'),
)
const scalar = z
  .union([text, z.number(), z.boolean()], { error: 'must be text, a number, true or false' })
  .transform(String)
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,199}$/, 'must be a variable name such as LOG_LEVEL')
const variables = z.record(variableName, scalar)

/** A list; one value stands for a list of one. */
function listOf<S extends z.ZodType<string>>(item: S) {
  return z
    .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(item).max(1000))
    .meta({ shorthand: '' })
}

const insidePath = z
  .string()
  .regex(/^(?!\/)(?!(.*\/)?\.\.(\/|$))[^\0]+$/, 'must be a path inside the repository, relative to its top')
const pattern = text.min(1, 'must not be empty')
const count = z.number().int().min(1).max(64)

export const stepFile = shorthand(
  'run',
  z.strictObject({
    run: command.describe('The command, given to `sh -e`; several lines are one script'),
    needs: listOf(name)
      .optional()
      .describe('Steps that must pass first; default: the step written above it; `[]` for none'),
    timeout: duration(1).prefault('30m').describe('It is stopped after this long'),
    retry: z.number().int().min(0).max(10).default(0).describe('How often to try again when it fails'),
    env: variables.prefault({}).describe('Variables for this step'),
    secrets: listOf(variableName)
      .prefault([])
      .describe('Names of secrets of the first environment that this step may read'),
    directory: insidePath.default('.').describe('Where it runs, relative to the top of the repository'),
    tools: listOf(text.min(1, 'must not be empty'))
      .prefault([])
      .describe('Programs that must be on the PATH, looked for before it starts'),
  }),
)

const healthFile = shorthand(
  'path',
  z.strictObject({
    path: z
      .string()
      .regex(/^\/[^\0-\x20]{0,500}$/, 'must begin with / and have no spaces')
      .default('/')
      .describe('Answers 2xx or 3xx when the service can take traffic'),
    timeout: duration(1)
      .prefault('60s')
      .describe('The release is given up when the service is not healthy after this long'),
    interval: duration(10).prefault('1s').describe('Time between two checks once it is healthy'),
  }),
)

const stopFile = shorthand(
  null,
  z.strictObject({
    signal: z.enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP']).default('SIGTERM').describe('Asks it to end'),
    grace: duration(0).prefault('10s').describe('It is killed after this long'),
  }),
)

export const serviceFile = shorthand(
  'run',
  z.strictObject({
    run: command.optional().describe('The command; a service with traffic listens on `$PORT`'),
    static: insidePath.optional().describe('A folder to serve, instead of a command'),
    port: z
      .boolean()
      .optional()
      .describe('Whether it takes traffic; default: true for the first service, and for one with `health` or `static`'),
    health: healthFile
      .optional()
      .describe('A path such as `/health`, or the keys below; default: a connection to its port is enough'),
    instances: count.default(1).describe('How many processes of it run'),
    env: variables.prefault({}).describe('Variables for this service'),
    directory: insidePath.default('.').describe('Where it runs, relative to the top of the artifact'),
    stop: stopFile.prefault({}).describe('How it is ended'),
    memory: z
      .number()
      .int()
      .positive()
      .max(1_048_576)
      .optional()
      .describe('Megabytes; above it the kernel ends the service, where it can limit memory; default: no limit'),
  }),
)

const verifyFile = shorthand(
  'run',
  z.strictObject({
    run: command.describe('The command; `$FAIRLEAD_URL` is the new release'),
    timeout: duration(1).prefault('5m').describe('It is stopped after this long, and the release given up'),
  }),
)

const share = z.number().min(1, 'must be at least 1').max(99, 'must be at most 99')

const canaryFile = shorthand(
  null,
  z
    .strictObject({
      steps: z
        .array(share)
        .min(1)
        .max(20)
        .default([5, 20, 50])
        .describe('Percent of the requests that it is given, one after the other, each for an equal part of `least`'),
      least: duration(0).prefault('2m').describe('Not promoted before, however good it looks'),
      most: duration(1).prefault('15m').describe('Decided by then, if there is enough data'),
      undecided: z
        .enum(['hold', 'promote', 'rollback'])
        .default('hold')
        .describe(
          'What becomes of it when there is not enough data after `most`: it waits for you, goes on or goes back',
        ),
      alpha: z
        .number()
        .min(0.0001)
        .max(0.2)
        .default(0.01)
        .describe('The probability of a false alarm over the whole canary, however often one looks'),
      tolerance: shorthand(
        null,
        z.strictObject({
          errors: z
            .number()
            .min(0)
            .max(10)
            .default(0.1)
            .describe('How much higher the rate of errors may be: 0.1 is a tenth'),
          latency: z.number().min(0).max(10).default(0.1).describe('How much slower it may be: 0.1 is a tenth'),
        }),
      )
        .prefault({})
        .describe('How much worse is no harm'),
      harm: shorthand(
        null,
        z.strictObject({
          ratio: z.number().gt(1).max(100).default(1.5).describe('As many times the rate of errors, and'),
          difference: z.number().gt(0).max(1).default(0.001).describe('this much more of all requests'),
        }),
      )
        .prefault({})
        .describe('What must be excluded before a canary is called healthy'),
    })
    .refine((file) => file.steps.every((step, i) => i === 0 || step > (file.steps[i - 1] ?? 0)), {
      path: ['steps'],
      message: 'must rise from each to the next',
    })
    .refine((file) => file.most >= file.least, { path: ['most'], message: 'must not be shorter than `least`' }),
)

export const environmentFile = shorthand(
  null,
  z.strictObject({
    verify: verifyFile
      .optional()
      .describe('A command that must pass on the new release before it gets traffic, or the keys below; default: none'),
    strategy: z
      .enum(['blue-green', 'canary'])
      .default('blue-green')
      .describe(
        'All of the traffic at once, or a growing share of it while the release is judged against the one before',
      ),
    canary: canaryFile.prefault({}).describe('How a canary goes'),
    env: variables.prefault({}).describe('Variables of this environment; `fairlead env set` overrides them'),
    port: z.number().int().min(1024).max(65_535).optional().describe('A fixed port; default: one chosen once and kept'),
    instances: count.optional().describe('Overrides that of each service'),
    watch: duration(0).prefault('5m').describe('How long after going live a crash takes the release back'),
  }),
)

const artifactFile = shorthand(
  'include',
  z.strictObject({
    include: listOf(insidePath).prefault(['.']).describe('Paths that the services need'),
    exclude: listOf(pattern).prefault([]).describe('Paths that they do not; `.git` is never kept'),
  }),
)

export const pipelineFile = shorthand(
  null,
  z.strictObject({
    app: name.optional().describe('The name of the app; default: the name of the folder'),
    steps: z
      .record(name, stepFile)
      .prefault({})
      .describe('Build, test and check: one after the other, unless `needs` says otherwise'),
    artifact: artifactFile.prefault({}).describe('What is kept after the steps, and run in every environment'),
    services: z.record(name, serviceFile).prefault({}).describe('What runs; the first with a port gets the traffic'),
    environments: z
      .record(name, environmentFile)
      .refine((environments) => Object.keys(environments).length > 0, 'must have at least one environment')
      .prefault({ dev: {}, staging: {}, production: {} })
      .describe('Where it runs, in order; the last is production'),
  }),
)

/** `fairlead.yaml` after defaults: durations in milliseconds, shorthands widened, order of keys kept. */
export type PipelineFile = z.output<typeof pipelineFile>
export type StepFile = z.output<typeof stepFile>
export type ServiceFile = z.output<typeof serviceFile>
export type EnvironmentFile = z.output<typeof environmentFile>
