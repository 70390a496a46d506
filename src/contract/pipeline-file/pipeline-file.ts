import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { defaultTarget } from '#contract/deployment/target.ts'
import { canaryFile } from './canary-file.ts'
import { appConfigurationFile, configurationFile } from './configuration-file.ts'
import { domainFile } from './domain-file.ts'
import { edgeFile } from './edge-file.ts'
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
import { serviceFile } from './service-file.ts'
import { experimentFile } from './experiment-file.ts'
import { freezeFile } from './freeze-file.ts'
import { jobFile } from './job-file.ts'
import { machinesFile } from './machine-file.ts'
import { monitorFile } from './monitor-file.ts'
import { sloFile } from './slo-file.ts'
import { stepFile } from './step-file.ts'
import { incidentsFile } from './incidents-file.ts'
import { statusFile } from './status-file.ts'
import { switchFile } from './switch-file.ts'
import { cron } from './time-shapes.ts'

/**
 * The schema of `fairlead.yaml`. Every key has a default. Shorthands, such as a bare command
 * instead of an object, are expanded here, so that the rest of the code sees one form. An empty
 * value (`steps:`) counts as absent. The JSON Schema for editors and the tables of
 * docs/fairlead-yaml.md are generated from this file.
 */

const hostName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{0,252}$/i, 'must be a host name such as web-1.example.com')

const verifyFile = shorthand(
  'run',
  z.strictObject({
    run: command.describe('The command to run; `$FAIRLEAD_URL` is the address of the new release'),
    timeout: duration(1)
      .prefault('5m')
      .describe('The command is stopped after this time, and the deployment fails'),
  }),
)

const beforeFile = shorthand(
  'run',
  z.strictObject({
    run: command.describe(
      'The command to run once for each release, before its services start, such as a migration',
    ),
    service: name
      .optional()
      .describe(
        'The service whose variables, files and directory the command has; default: the first ' +
          'one with `run`',
      ),
    timeout: duration(1)
      .prefault('1h')
      .describe('The command is stopped after this time, and the deployment fails'),
    backup: command
      .optional()
      .describe(
        'A command that runs directly before, and must succeed: it writes a backup to the folder ' +
          '`$FAIRLEAD_BACKUP_DIR`, of which the last three are kept; default: none',
      ),
    restore: command
      .optional()
      .describe(
        'A command that restores what `backup` wrote; it is tried on a copy of the data before ' +
          'each release; default: none',
      ),
    compatible: z
      .union([z.boolean(), z.literal('check')])
      .default(true)
      .describe(
        'Whether earlier releases work with what the command leaves behind; with `false`, a ' +
          'rollback to one of them is refused unless it is forced; with `check`, the command and ' +
          'the release with the traffic are tried on a copy of the data before',
      ),
  }),
)

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
    before: beforeFile
      .optional()
      .describe(
        'A command that must succeed once for each release before its services start, such as a ' +
          'migration, or the keys below; default: none',
      ),
    machines: machinesFile
      .optional()
      .describe(
        'The machines that a playbook of Ansible configures before the services start: its path, ' +
          'or the keys below; see docs/machines.md; default: none',
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
    config: configurationFile
      .optional()
      .describe('The configuration files of all services here, with the keys of `config` below'),
    hosts: z
      .record(hostName, shorthand('env', z.strictObject({ env: variables.prefault({}) })))
      .optional()
      .describe(
        'Environment variables of the services on one machine: its host name, and `env`, which ' +
          'overrides the `env` of the environment',
      ),
    port: z
      .number()
      .int()
      .min(1024)
      .max(65_535)
      .optional()
      .describe('The port of the environment; default: a free port, which is chosen once and kept'),
    domains: z
      .preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(domainFile).max(100))
      .prefault([])
      .describe(
        'The domains of the environment, as a list of names or of the keys below; see ' +
          'docs/domains.md; default: none',
      ),
    edge: edgeFile
      .prefault({})
      .describe('What the edge does with requests before a service gets them'),
    instances: count
      .optional()
      .describe('The number of processes of each service; overrides the value of the service'),
    watch: duration(0)
      .prefault('5m')
      .describe('How long after going live harm rolls the release back'),
    experiments: listOf(name)
      .optional()
      .describe(
        'The experiments that run here after each deployment, in order; the change goes to the ' +
          'next environment when all of them pass; default: none',
      ),
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

const ownersFile = shorthand(
  'team',
  z.strictObject({
    team: name.optional().describe('The team of all services that are not listed'),
    services: z.record(name, name).prefault({}).describe('The team of each service'),
  }),
)

const gateFile = text.superRefine((expression, context) => {
  const problem = expressionProblem(expression)
  if (problem !== null) context.addIssue({ code: 'custom', message: problem })
})

/** The environments of a file that names none. */
export const defaultEnvironments = { dev: {}, staging: {}, production: {} }

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
    owners: ownersFile
      .optional()
      .describe(
        'The team that gets the alerts of the app, such as `payments`, or the keys below; see ' +
          'docs/on-call.md; default: the team `default`, if there is one',
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
    jobs: z
      .record(name, jobFile)
      .prefault({})
      .describe(
        'Commands that run at times or on request in the live release, by name; see docs/jobs.md',
      ),
    config: appConfigurationFile
      .optional()
      .describe('The configuration files of all services, and the schema of their values'),
    environments: z
      .record(name, environmentFile)
      .refine(
        (environments) => Object.keys(environments).length > 0,
        'must have at least one environment',
      )
      .prefault(defaultEnvironments)
      .describe('The environments to deploy to, in order; the last one is production'),
    monitors: z
      .record(name, monitorFile)
      .prefault({})
      .describe('What is watched besides the traffic, by name; see docs/monitors.md'),
    slo: z
      .record(name, sloFile)
      .prefault({})
      .describe(
        'Objectives for the requests of services, by name, such as `{checkout: 99.9}`; see ' +
          'docs/slo.md',
      ),
    status: statusFile
      .prefault({})
      .describe('How the status page shows the app; see docs/status-page.md'),
    incidents: incidentsFile
      .prefault({})
      .describe('What is kept about incidents of the app; see docs/incidents.md'),
    switches: z
      .record(name, switchFile)
      .prefault({})
      .describe('What can be stopped or changed without a deployment; see docs/switches.md'),
    experiments: z
      .record(name, experimentFile)
      .prefault({})
      .describe('Faults that are made on purpose, by name; see docs/experiments.md'),
  }),
)

/**
 * `fairlead.yaml` with its defaults: durations in milliseconds, shorthands expanded, keys in the
 * order of the file.
 */
export type PipelineFile = z.output<typeof pipelineFile>
export type PullRequestsFile = PipelineFile['pull_requests']
export type EnvironmentFile = z.output<typeof environmentFile>
