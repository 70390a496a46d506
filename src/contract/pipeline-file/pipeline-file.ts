import { Cron } from 'croner'
import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { defaultTarget } from '#contract/deployment/target.ts'
import { canaryFile } from './canary-file.ts'
import { evidenceName } from '#contract/evidence/evidence.ts'
import { expressionProblem } from '#contract/gate/expression.ts'
import {
  command,
  count,
  duration,
  longDuration,
  insidePath,
  listOf,
  pattern,
  scalar,
  shorthand,
  text,
  variableName,
  variables,
} from './shapes.ts'
import { stepFile } from './step-file.ts'

/**
 * The shape of `fairlead.yaml`. Everything has a default; shorthands (a bare command instead of an
 * object) are widened here, so that the rest of the code sees one form. What is written as nothing
 * (`steps:`) counts as left out. The JSON Schema for editors and the tables of
 * docs/fairlead-yaml.md are generated from this file.
 */

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
    signal: z
      .enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'])
      .default('SIGTERM')
      .describe('Asks it to end'),
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
      .describe(
        'Whether it takes traffic; default: true for the first service, and for one with `health` or `static`',
      ),
    health: healthFile
      .optional()
      .describe(
        'A path such as `/health`, or the keys below; default: a connection to its port is enough',
      ),
    instances: count.default(1).describe('How many processes of it run'),
    env: variables.prefault({}).describe('Variables for this service'),
    directory: insidePath
      .default('.')
      .describe('Where it runs, relative to the top of the artifact'),
    stop: stopFile.prefault({}).describe('How it is ended'),
    memory: z
      .number()
      .int()
      .positive()
      .max(1_048_576)
      .optional()
      .describe(
        'Megabytes; above it the kernel ends the service, where it can limit memory; default: no limit',
      ),
  }),
)

const verifyFile = shorthand(
  'run',
  z.strictObject({
    run: command.describe('The command; `$FAIRLEAD_URL` is the new release'),
    timeout: duration(1)
      .prefault('5m')
      .describe('It is stopped after this long, and the release given up'),
  }),
)

const cron = text.superRefine((pattern, context) => {
  try {
    new Cron(pattern, { paused: true, timezone: 'UTC', mode: '5-part' }).nextRun()
  } catch {
    context.addIssue({
      code: 'custom',
      message: 'must be a cron expression of five fields, such as `0 3 * * *`',
    })
  }
})

const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()], {
  error: 'must be a day such as 2026-12-24, or a time such as 2026-12-24T18:00:00+01:00',
})

const zone = text.refine((name) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format(0)
    return true
  } catch {
    return false
  }
}, 'must be the name of a time zone, such as Europe/Vienna')

const freezeFile = z
  .strictObject({
    from: moment.optional().describe('When it begins, such as 2026-12-24; with `until`'),
    until: moment.optional().describe('When it ends; a day alone is its beginning, by UTC'),
    cron: cron
      .optional()
      .describe('When it begins, again and again, such as `0 16 * * 5`; with `for`'),
    for: longDuration().optional().describe('How long each lasts, such as `62h`'),
    zone: zone.default('UTC').describe('The time zone of `cron`'),
    reason: text.max(200).default('').describe('Shown to those who wait'),
  })
  .refine(({ from, until, cron: pattern, for: length }) => {
    const isOnce =
      from !== undefined && until !== undefined && pattern === undefined && length === undefined
    const isRepeated =
      from === undefined && until === undefined && pattern !== undefined && length !== undefined
    return isOnce || isRepeated
  }, 'must have either `from` and `until`, or `cron` and `for`')

const approveFile = shorthand(
  'by',
  z.strictObject({
    by: listOf(text.min(1).max(80))
      .prefault([])
      .describe('Names of those who may; never an author of the change; default: every operator'),
    count: count.default(1).describe('So many of them must'),
    expires: longDuration()
      .prefault('72h')
      .describe('After this long without, the deployment has failed'),
  }),
)

/** The settings of each kind are checked against the target itself, by `domains/pipeline`. */
const targetFile = shorthand(
  'kind',
  z.looseObject({ kind: name.describe('What runs the services of this environment') }),
)

export const environmentFile = shorthand(
  null,
  z.strictObject({
    target: targetFile
      .prefault({ ...defaultTarget })
      .describe('What runs the services: `process`, or the keys below; default: `process`'),
    verify: verifyFile
      .optional()
      .describe(
        'A command that must pass on the new release before it gets traffic, or the keys below; default: none',
      ),
    strategy: z
      .enum(['blue-green', 'canary'])
      .default('blue-green')
      .describe(
        'All of the traffic at once, or a growing share of it while the release is judged against the one before',
      ),
    canary: canaryFile.prefault({}).describe('How a canary goes'),
    evidence: listOf(evidenceName)
      .prefault([])
      .describe(
        'What must be known of a release, and signed, before it may come here, such as `[tests, sbom, verdict.staging]`',
      ),
    env: variables
      .prefault({})
      .describe('Variables of this environment; `fairlead env set` overrides them'),
    port: z
      .number()
      .int()
      .min(1024)
      .max(65_535)
      .optional()
      .describe('A fixed port; default: one chosen once and kept'),
    instances: count.optional().describe('Overrides that of each service'),
    watch: duration(0)
      .prefault('5m')
      .describe('How long after going live a crash takes the release back'),
    freeze: z
      .array(freezeFile)
      .max(50)
      .prefault([])
      .describe('When nothing new may come here, a list of what is below'),
    approve: approveFile
      .optional()
      .describe(
        'Who must approve a change before it may come here, or the keys below; default: nobody',
      ),
  }),
)

const artifactFile = shorthand(
  'include',
  z.strictObject({
    include: listOf(insidePath).prefault(['.']).describe('Paths that the services need'),
    exclude: listOf(pattern).prefault([]).describe('Paths that they do not; `.git` is never kept'),
  }),
)

const parameterFile = shorthand(
  'default',
  z.strictObject({
    default: scalar.default('').describe('Its value where nobody sets it'),
    options: z
      .array(scalar)
      .max(100)
      .prefault([])
      .describe('The values that it may have; default: any'),
  }),
)

const previewFile = shorthand(
  'deploy',
  z.strictObject({
    deploy: z.boolean().default(true).describe('Whether each has one'),
    services: listOf(name).prefault([]).describe('Which services run there; default: all'),
    instances: count.default(1).describe('How many processes of each'),
    env: variables.prefault({}).describe('Variables of these environments'),
    configuration: name
      .optional()
      .describe(
        'The environment whose variables and secrets they take over; of a fork’s head never the secrets; default: none',
      ),
    lifetime: longDuration()
      .prefault('7d')
      .describe('They are removed after this long in which nothing happened'),
  }),
)

const pullRequestsFile = shorthand(
  'run',
  z.strictObject({
    run: z
      .boolean()
      .default(true)
      .describe('Whether the heads of pull requests into the branch are run'),
    drafts: z.boolean().default(true).describe('Whether those that are drafts are, too'),
    forks: z
      .enum(['run', 'ask', 'never'])
      .default('run')
      .describe(
        'What becomes of heads from other repositories: they run without secrets and, where steps are isolated, at once; when somebody approves; or not at all',
      ),
    preview: previewFile
      .prefault({ deploy: false })
      .describe('An environment for each, `true` or the keys below'),
  }),
)

const gateFile = text.superRefine((expression, context) => {
  const problem = expressionProblem(expression)
  if (problem !== null) context.addIssue({ code: 'custom', message: problem })
})

export const pipelineFile = shorthand(
  null,
  z.strictObject({
    app: name.optional().describe('The name of the app; default: the name of the folder'),
    steps: z
      .record(name, stepFile)
      .prefault({})
      .describe('Build, test and check: one after the other, unless `needs` says otherwise'),
    paths: listOf(insidePath)
      .prefault([])
      .describe(
        'Patterns of all that belongs to the app, from the top of the repository: a push that touches none of it is passed over; default: everything, or its folder',
      ),
    parameters: z
      .record(variableName, parameterFile)
      .prefault({})
      .describe('Variables of all steps that whoever begins a run may set'),
    schedule: listOf(cron)
      .prefault([])
      .describe(
        'When to deliver the head of the branch again, in cron form such as `0 3 * * *`, by UTC',
      ),
    pull_requests: pullRequestsFile
      .prefault({})
      .describe(
        'What becomes of pull requests; what the file says on the branch counts, not what their heads say',
      ),
    gates: z
      .record(name, gateFile)
      .prefault({})
      .describe(
        'What must be so once the steps have passed, as expressions in CEL; see docs/gates.md',
      ),
    artifact: artifactFile
      .prefault({})
      .describe('What is kept after the steps, and run in every environment'),
    services: z
      .record(name, serviceFile)
      .prefault({})
      .describe('What runs; the first with a port gets the traffic'),
    environments: z
      .record(name, environmentFile)
      .refine(
        (environments) => Object.keys(environments).length > 0,
        'must have at least one environment',
      )
      .prefault({ dev: {}, staging: {}, production: {} })
      .describe('Where it runs, in order; the last is production'),
  }),
)

/**
 * `fairlead.yaml` after defaults: durations in milliseconds, shorthands widened, order of keys
 * kept.
 */
export type PipelineFile = z.output<typeof pipelineFile>
export type PullRequestsFile = PipelineFile['pull_requests']
export type ServiceFile = z.output<typeof serviceFile>
export type EnvironmentFile = z.output<typeof environmentFile>
