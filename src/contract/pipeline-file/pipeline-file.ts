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
  headers,
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
 * The schema of `fairlead.yaml`. Every key has a default. Shorthands, such as a bare command
 * instead of an object, are expanded here, so that the rest of the code sees one form. An empty
 * value (`steps:`) counts as absent. The JSON Schema for editors and the tables of
 * docs/fairlead-yaml.md are generated from this file.
 */

const healthFile = shorthand(
  'path',
  z.strictObject({
    path: z
      .string()
      .regex(/^\/[^\0-\x20]{0,500}$/, 'must begin with / and have no spaces')
      .default('/')
      .describe('The path that answers 2xx or 3xx when the service can take traffic'),
    headers: headers
      .optional()
      .describe(
        'Headers of the request, such as `{Host: shop.example.com}`; default: the host name of ' +
          'the environment as `Host`',
      ),
    timeout: duration(1)
      .prefault('60s')
      .describe(
        'The deployment fails when the service is not healthy after this time, or when `path` ' +
          'answers the same status 4xx for a quarter of it',
      ),
    interval: duration(10)
      .prefault('1s')
      .describe('The interval between two checks once the service is healthy'),
  }),
)

const stopFile = shorthand(
  null,
  z.strictObject({
    signal: z
      .enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'])
      .default('SIGTERM')
      .describe('The signal that asks the service to stop'),
    grace: duration(0)
      .prefault('10s')
      .describe('The service is killed when it has not stopped after this time'),
  }),
)

export const serviceFile = shorthand(
  'run',
  z.strictObject({
    run: command
      .optional()
      .describe('The command to run; a service that takes traffic listens on `$PORT`'),
    static: insidePath
      .optional()
      .describe('A folder of static files to serve, instead of a command'),
    port: z
      .boolean()
      .optional()
      .describe(
        'Whether the service takes traffic; default: true for the first service, and for a ' +
          'service with `health` or `static`',
      ),
    health: healthFile
      .optional()
      .describe(
        'The health check: a path such as `/health`, or the keys below; default: a ' +
          'connection to its port',
      ),
    settle: duration(0)
      .optional()
      .describe(
        'How long the service must stay up and healthy before it counts as healthy; default: ' +
          'as long as its start took, at least 2s without a port, at most 10s; see below',
      ),
    instances: count.default(1).describe('The number of processes'),
    env: variables.prefault({}).describe('Environment variables of the service'),
    directory: insidePath
      .default('.')
      .describe('The working directory, relative to the root of the artifact'),
    stop: stopFile.prefault({}).describe('How the service is stopped'),
    memory: z
      .number()
      .int()
      .positive()
      .max(1_048_576)
      .optional()
      .describe(
        'The memory limit in megabytes; where the kernel supports limits, it kills a ' +
          'service that exceeds it; default: no limit',
      ),
  }),
)

const verifyFile = shorthand(
  'run',
  z.strictObject({
    run: command.describe('The command to run; `$FAIRLEAD_URL` is the address of the new release'),
    timeout: duration(1)
      .prefault('5m')
      .describe('The command is stopped after this time, and the deployment fails'),
  }),
)

const cron = text.superRefine((pattern, context) => {
  const refuse = (message: string): void => context.addIssue({ code: 'custom', message })
  try {
    const next = new Cron(pattern, { paused: true, timezone: 'UTC', mode: '5-part' }).nextRun()
    if (next === null) refuse('must name a time that exists; this one never occurs')
  } catch {
    refuse('must be a cron expression of five fields, such as `0 3 * * *`')
  }
})

const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()], {
  error: 'must be a date such as 2026-12-24, or a time such as 2026-12-24T18:00:00+01:00',
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
    from: moment
      .optional()
      .describe('The start of a single freeze, such as 2026-12-24; requires `until`'),
    until: moment
      .optional()
      .describe('The end of a single freeze; a date stands for its start in UTC'),
    cron: cron
      .optional()
      .describe('The start of a recurring freeze, such as `0 16 * * 5`; requires `for`'),
    for: longDuration().optional().describe('The duration of a recurring freeze, such as `62h`'),
    zone: zone.optional().describe('The time zone of `cron`; default: UTC'),
    reason: text
      .max(200)
      .default('')
      .describe('The reason that is displayed while a deployment waits'),
  })
  .refine(({ from, until, cron: pattern, for: length }) => {
    const isOnce =
      from !== undefined && until !== undefined && pattern === undefined && length === undefined
    const isRepeated =
      from === undefined && until === undefined && pattern !== undefined && length !== undefined
    return isOnce || isRepeated
  }, 'must have either `from` and `until`, or `cron` and `for`')
  .refine(
    ({ from, until }) =>
      from === undefined || until === undefined || Date.parse(from) < Date.parse(until),
    { message: 'must be later than `from`', path: ['until'] },
  )
  .refine(({ from, zone: named }) => from === undefined || named === undefined, {
    message: 'counts for `cron` only; write the offset in `from` and `until`: ...T18:00:00+01:00',
    path: ['zone'],
  })

const approveFile = shorthand(
  'by',
  z.strictObject({
    by: listOf(text.min(1).max(80))
      .prefault([])
      .describe(
        'The names of the people who may approve; authors of the change never may; ' +
          'default: every operator',
      ),
    count: count.default(1).describe('The number of approvals that are required'),
    expires: longDuration()
      .prefault('72h')
      .describe('The deployment fails when it is not approved within this time'),
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
        'A command that must succeed against the new release before it takes traffic, or ' +
          'the keys below; default: none',
      ),
    strategy: z
      .enum(['blue-green', 'canary'])
      .default('blue-green')
      .describe(
        'Switch all traffic at once, or send a growing share to the new release while it ' +
          'is compared with the current one',
      ),
    canary: canaryFile.prefault({}).describe('The settings of a canary'),
    evidence: listOf(evidenceName)
      .prefault([])
      .describe(
        'Signed evidence that a release needs before it can be deployed here, such as ' +
          '`[tests, sbom, verdict.staging]`',
      ),
    env: variables
      .prefault({})
      .describe('Environment variables of all services here; `fairlead env set` overrides them'),
    port: z
      .number()
      .int()
      .min(1024)
      .max(65_535)
      .optional()
      .describe('The port of the environment; default: a free port, which is chosen once and kept'),
    instances: count
      .optional()
      .describe('The number of processes of each service; overrides the value of the service'),
    watch: duration(0)
      .prefault('5m')
      .describe('How long after going live a crash rolls the release back'),
    freeze: z
      .array(freezeFile)
      .max(50)
      .prefault([])
      .describe('The times at which nothing new is deployed here, as a list of the keys below'),
    approve: approveFile
      .optional()
      .describe(
        'The people who must approve a change before it is deployed here, or the keys ' +
          'below; default: no approval is required',
      ),
  }),
)

const artifactFile = shorthand(
  'include',
  z.strictObject({
    include: listOf(insidePath).prefault(['.']).describe('The paths that the services need'),
    exclude: listOf(pattern)
      .prefault([])
      .describe('The paths to leave out; `.git` is always left out'),
  }),
)

const parameterFile = shorthand(
  'default',
  z.strictObject({
    default: scalar.default('').describe('The value when none is given'),
    options: z
      .array(scalar)
      .max(100)
      .prefault([])
      .describe('The values that are allowed; default: any'),
  }),
)

const previewFile = shorthand(
  'deploy',
  z.strictObject({
    deploy: z.boolean().default(true).describe('Whether each pull request gets a preview'),
    services: listOf(name)
      .prefault([])
      .describe('The services that run in a preview; default: all'),
    instances: count.default(1).describe('The number of processes of each service'),
    env: variables.prefault({}).describe('Environment variables of previews'),
    configuration: name
      .optional()
      .describe(
        'The environment whose variables and secrets previews use; previews of forks get ' +
          'no secrets; default: none',
      ),
    lifetime: longDuration()
      .prefault('7d')
      .describe('A preview is removed after this time without activity'),
  }),
)

const pullRequestsFile = shorthand(
  'run',
  z.strictObject({
    run: z.boolean().default(true).describe('Whether pull requests into the branch are run'),
    drafts: z.boolean().default(true).describe('Whether draft pull requests are run'),
    forks: z
      .enum(['run', 'ask', 'never'])
      .default('run')
      .describe(
        'Pull requests from other repositories, which never get secrets: `run` them ' +
          'immediately where steps are isolated, `ask` for approval, or `never` run them',
      ),
    preview: previewFile
      .prefault({ deploy: false })
      .describe('An environment for each pull request: `true`, or the keys below'),
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
      .describe(
        'The commands that build and test the app; they run in order unless they have `needs`',
      ),
    paths: listOf(insidePath)
      .prefault([])
      .describe(
        'Patterns of the files of the app, relative to the root of the repository; a push ' +
          'that changes none of them is skipped; default: everything, or the folder of the ' +
          'app',
      ),
    parameters: z
      .record(variableName, parameterFile)
      .prefault({})
      .describe('Variables of all steps that can be set when a run is started'),
    schedule: listOf(cron)
      .prefault([])
      .describe(
        'When to run the head of the branch again, as cron expressions in UTC such as `0 3 ' +
          '* * *`',
      ),
    pull_requests: pullRequestsFile
      .prefault({})
      .describe(
        'How pull requests are run; the file on the branch decides, not the file of the ' +
          'pull request',
      ),
    gates: z
      .record(name, gateFile)
      .prefault({})
      .describe(
        'The conditions that must hold after the steps, as CEL expressions; see docs/gates.md',
      ),
    artifact: artifactFile
      .prefault({})
      .describe('The files that are kept after the steps and deployed to every environment'),
    services: z
      .record(name, serviceFile)
      .prefault({})
      .describe('The processes of the app; the first one that takes traffic gets the requests'),
    environments: z
      .record(name, environmentFile)
      .refine(
        (environments) => Object.keys(environments).length > 0,
        'must have at least one environment',
      )
      .prefault({ dev: {}, staging: {}, production: {} })
      .describe('The environments to deploy to, in order; the last one is production'),
  }),
)

/**
 * `fairlead.yaml` with its defaults: durations in milliseconds, shorthands expanded, keys in the
 * order of the file.
 */
export type PipelineFile = z.output<typeof pipelineFile>
export type PullRequestsFile = PipelineFile['pull_requests']
export type ServiceFile = z.output<typeof serviceFile>
export type EnvironmentFile = z.output<typeof environmentFile>
