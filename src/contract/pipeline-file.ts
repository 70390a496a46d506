import { z } from 'zod'
import { name } from './app.ts'

/**
 * The shape of `fairlead.yaml`. Everything has a default; shorthands (a bare command instead of an object) are
 * widened here, so that the rest of the code sees one form. Durations are written `30s`, `5m`, `1h`.
 */
const duration = z
  .union([
    z.number().nonnegative(),
    z.string().regex(/^\d+(\.\d+)?(ms|s|m|h)$/, 'must be a duration such as 30s, 5m or 1h'),
  ])
  .transform((value) => (typeof value === 'number' ? value * 1000 : parseDuration(value)))

/** Milliseconds in a duration such as `1.5h`; the text must have matched the pattern above. */
function parseDuration(text: string): number {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
  const match = /^([\d.]+)(ms|s|m|h)$/.exec(text)
  return match ? Number(match[1]) * units[match[2] as keyof typeof units] : 0
}

/** Lets a bare value stand for an object with one key, and nothing at all for the empty object. The JSON Schema shows both (`schema/`). */
function shorthand<S extends z.ZodType>(key: string | null, schema: S) {
  return z.preprocess((value) => {
    if (value === null) return {}
    const bare = typeof value === 'string' || Array.isArray(value)
    return key !== null && bare ? { [key]: value } : value
  }, schema)
}

const command = z.string().trim().min(1).max(10_000)
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String)
const variables = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a variable name such as LOG_LEVEL'),
  scalar,
)
const list = z.union([z.string(), z.array(z.string())]).transform((value) => (Array.isArray(value) ? value : [value]))
const insidePath = z.string().regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/, 'must be a path inside the repository')

export const stepFile = shorthand(
  'run',
  z.strictObject({
    run: command.describe('The command, given to `sh -e`; several lines are one script'),
    needs: list.optional().describe('Steps that must pass first; default: the step written above it'),
    timeout: duration.default(30 * 60_000).describe('Killed after this long; default 30m'),
    retry: z.number().int().min(0).max(10).default(0).describe('How often to try again when it fails; default 0'),
    env: variables.default({}).describe('Variables for this step'),
    secrets: list.default([]).describe('Names of secrets of the first environment that this step may read'),
    directory: insidePath.default('.').describe('Where to run, inside the repository; default its top'),
    tools: list.default([]).describe('Programs that must be on the PATH, checked before the step starts'),
  }),
)

const healthFile = shorthand(
  'path',
  z.strictObject({
    path: z
      .string()
      .startsWith('/', 'must begin with /')
      .default('/')
      .describe('Answers 2xx or 3xx when the service can take traffic'),
    timeout: duration.default(60_000).describe('Given up after this long; default 60s'),
    interval: duration.default(1000).describe('Time between two checks once it is healthy; default 1s'),
  }),
)

export const serviceFile = shorthand(
  'run',
  z.strictObject({
    run: command.optional().describe('The command; it must listen on $PORT when it has traffic'),
    static: insidePath.optional().describe('Serve this folder instead of running a command'),
    port: z
      .boolean()
      .optional()
      .describe('false for a worker without traffic; default true, but false for a second service without `health`'),
    health: healthFile
      .optional()
      .describe('A path such as /health, or an object; without it a TCP connection is enough'),
    instances: z.number().int().min(1).max(64).default(1),
    env: variables.default({}),
    directory: insidePath.default('.'),
    stop: z
      .strictObject({
        signal: z.enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP']).default('SIGTERM'),
        grace: duration.default(10_000).describe('Then it is killed; default 10s'),
      })
      .prefault({}),
    memory: z
      .number()
      .int()
      .positive()
      .optional()
      .describe('Megabytes; above it the kernel kills the service, where cgroups allow'),
  }),
)

export const environmentFile = shorthand(
  null,
  z.strictObject({
    verify: shorthand('run', z.strictObject({ run: command, timeout: duration.default(5 * 60_000) }))
      .optional()
      .describe('Run against the new release ($FAIRLEAD_URL) before it gets traffic'),
    env: variables.default({}).describe('Variables of this environment; `fairlead env set` overrides them'),
    port: z.number().int().min(1024).max(65_535).optional().describe('A fixed port; default: one chosen once and kept'),
    instances: z.number().int().min(1).max(64).optional().describe('Overrides that of each service'),
    watch: duration
      .default(5 * 60_000)
      .describe('How long after going live a crash takes the release back; default 5m'),
  }),
)

export const pipelineFile = z.strictObject({
  app: name.optional().describe('Default: the name of the folder'),
  steps: z
    .record(name, stepFile)
    .default({})
    .describe('Build, test and check; one after the other unless `needs` says otherwise'),
  artifact: shorthand(
    'include',
    z.strictObject({
      include: z.array(insidePath).default(['.']).describe('Paths that the services need; default everything'),
      exclude: list.default([]).describe('Paths that they do not; .git is never included'),
    }),
  ).prefault({}),
  services: z.record(name, serviceFile).default({}).describe('What runs; the first with a port gets the traffic'),
  environments: z
    .record(name, environmentFile)
    .prefault({ dev: {}, staging: {}, production: {} })
    .describe('In order; the last is production'),
})

/** `fairlead.yaml` after defaults: durations in milliseconds, shorthands widened, order of keys kept. */
export type PipelineFile = z.output<typeof pipelineFile>
export type StepFile = z.output<typeof stepFile>
export type ServiceFile = z.output<typeof serviceFile>
export type EnvironmentFile = z.output<typeof environmentFile>
