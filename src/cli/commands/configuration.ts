import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { FairleadError } from '#contract/errors.ts'
import type { Configuration } from '#contract/environment/environment.ts'
import type { Deployment } from '#contract/run/run.ts'
import { isPlainSecret, plainSecretWarning } from '#contract/configuration/secret.ts'
import { assignment } from '../arguments.ts'
import { ago, table } from '../format.ts'
import { restartNote } from '#contract/configuration/restart.ts'
import { confirm, decode, readSecret, withoutLineEnd } from '../prompt.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'
import { addPrefixCommands } from '../secret-prefixes.ts'

export const register: Register = (program, context) => {
  const env = program
    .command('env')
    .description(
      'manage variables of an environment; each change is deployed and can be rolled back',
    )
  withEnvironment(
    env.command('list').description('list variables and the names of secrets'),
  ).action((app: string, environment: string) => list(context, app, environment))
  withEnvironment(
    env.command('history').description('list the versions of a configuration'),
  ).action((app: string, environment: string) => history(context, app, environment))
  withEnvironment(env.command('set').description('set variables'))
    .argument('<assignments...>', 'KEY=VALUE')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead env set shop production LOG_LEVEL=debug CACHE=off' +
        '\n  $ fairlead env set shop staging CACHE=off --also production',
    )
    .option(...alsoOption)
    .option(...yesOption)
    .action((app: string, environment: string, assignments: string[], options: Also) =>
      change(context, app, environment, {
        ...{ variables: Object.fromEntries(assignments.map(assignment)), ...options },
      }),
    )
  withEnvironment(env.command('unset').description('remove variables'))
    .argument('<keys...>', 'names of the variables')
    .option(...alsoOption)
    .option(...yesOption)
    .action((app: string, environment: string, keys: string[], options: Also) =>
      change(context, app, environment, { variables: nulls(keys), ...options }),
    )
  const secret = program
    .command('secret')
    .description('manage secrets of an environment: encrypted, masked in logs, never shown')
  withEnvironment(secret.command('list').description('list the names of secrets')).action(
    (app: string, environment: string) => listSecrets(context, app, environment),
  )
  withEnvironment(
    secret
      .command('set')
      .description(
        'set a secret; its value is read from a prompt, standard input or a file. A file keeps ' +
          'its line ends; a single line from standard input loses its line end',
      ),
  )
    .argument('<name>', 'name of the secret')
    .option('--from-file <file>', 'read the value from a file')
    .option(
      '--from <reference>',
      'read the value from file:NAME, command:PLACE or vault:PATH#FIELD',
    )
    .option(...alsoOption)
    .option(...yesOption)
    .addHelpText(
      'after',
      '\nExamples:' +
        '\n  $ fairlead secret set shop production API_KEY' +
        '\n  $ pass show shop/api-key | fairlead secret set shop production API_KEY' +
        '\n  $ fairlead secret set shop production API_KEY --from vault:secret/data/shop#api-key',
    )
    .action(
      async (
        app: string,
        environment: string,
        name: string,
        options: Also & { fromFile?: string; from?: string },
      ) => {
        const { also, yes } = options
        if (options.from !== undefined) {
          const references = { [name]: options.from }
          return change(context, app, environment, { references, also, yes })
        }
        const text =
          options.fromFile === undefined
            ? withoutLineEnd(await readSecret(context, `${name}: `))
            : decode(await readFile(options.fromFile), options.fromFile)
        if (text.trim() === '')
          throw new FairleadError('invalid_input', {
            field: name,
            problem: 'the value is empty; use `secret unset` to remove a secret',
          })
        await change(context, app, environment, { secrets: { [name]: text }, also, yes })
        if (isPlainSecret(text)) context.stderr.write(`${plainSecretWarning([name])}\n`)
      },
    )
  secret
    .command('key')
    .description('show the key that encrypts secrets, and where it is stored')
    .action(() => showKey(context))
  secret
    .command('rotate-key')
    .description('create a new key and encrypt all secrets with it')
    .action(() => rotateKey(context))
  addPrefixCommands(secret, context)
  withEnvironment(secret.command('unset').description('remove secrets'))
    .argument('<names...>', 'names of the secrets')
    .option(...yesOption)
    .action((app: string, environment: string, names: string[], options: Also) =>
      change(context, app, environment, { secrets: nulls(names), ...options }),
    )
}

const withEnvironment = (command: Command): Command =>
  command.argument('<app>', 'name of the app').argument('<environment>', 'name of the environment')
interface Also {
  /** environments in which the same change follows */
  also?: string[] | undefined
  /** do not ask */
  yes?: boolean | undefined
}
const yesOption = ['--yes', 'do not ask before a restart of a service that runs once'] as const
const alsoOption = [
  '--also <environments>',
  'make the same change in these environments, separated by commas, each after it is live in ' +
    'the one before',
  (text: string) => text.split(','),
] as const
const nulls = (keys: string[]): Record<string, null> =>
  Object.fromEntries(keys.map((key) => [key, null]))

async function list(context: Context, app: string, environment: string): Promise<void> {
  const { client } = await context.connect()
  const configuration = await client.getConfiguration({ params: { app, environment } })
  const { version, next } = configuration
  context.answer(configuration, () => [
    ...describe(configuration),
    ...(next === null
      ? []
      : [`The rollback runs with version ${version}; the next delivery gets version ${next}`]),
  ])
}

/** Secrets only, so that its output contains no value at all. */
async function listSecrets(context: Context, app: string, environment: string): Promise<void> {
  const { client } = await context.connect()
  const configuration = await client.getConfiguration({ params: { app, environment } })
  const { version, secrets, references } = configuration
  context.answer({ app, environment, version, secrets, references }, () =>
    secrets.length === 0
      ? ['No secret is set']
      : table(
          secrets.map((name) => [
            name,
            references[name] ? `from ${references[name]}` : 'encrypted',
          ]),
          200,
        ),
  )
}

function describe(configuration: Configuration): string[] {
  const variables = Object.entries(configuration.variables).map(([name, value]) => [name, value])
  const rows = [
    ...variables,
    ...configuration.secrets.map((name) => [
      name,
      `(secret${sourceOf(configuration.references[name])})`,
    ]),
  ]
  return rows.length === 0
    ? ['Nothing is set; the values in fairlead.yaml apply']
    : table(rows, 200)
}

const sourceOf = (reference: string | undefined): string =>
  reference === undefined ? '' : `, from ${reference}`

async function history(context: Context, app: string, environment: string): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listConfigurations({ params: { app, environment } })
  context.answer(answer, () =>
    table(
      answer.configurations.map((version) => [
        String(version.version),
        ago(version.created, context.now()),
        version.actor,
        version.changed.join(', '),
        version.state === 'in_force' ? '' : version.state,
      ]),
      context.stdout.columns ?? 100,
    ),
  )
}

async function change(
  context: Context,
  app: string,
  environment: string,
  body: {
    variables?: Record<string, string | null>
    secrets?: Record<string, string | null>
    references?: Record<string, string>
  } & Also,
): Promise<void> {
  const { client } = await context.connect()
  const { also = [], yes = false, ...rest } = body
  const names = Object.values(rest).flatMap((one) => Object.keys(one ?? {}))
  if (!yes) await askForRestarts(context, app, environment, names)
  const answer = await client.changeConfiguration({
    ...{ params: { app, environment }, body: { ...rest, also } },
  })
  context.answer(answer, () => [
    changeInWords(app, environment, answer),
    ...(also.length === 0 ? [] : [`When it is live, ${also.join(' and then ')} gets the change`]),
    ...(answer.warning === null ? [] : [`${answer.warning}.`]),
  ])
}

/** Says which services restart, and asks when a person is there to answer. */
async function askForRestarts(
  context: Context,
  app: string,
  environment: string,
  names: string[],
): Promise<void> {
  const { client } = await context.connect()
  const { restarts } = await client.listConfigurationRestarts({
    ...{ params: { app, environment }, query: { names: names.join(',') } },
  })
  if (restarts.length === 0 || context.isJson()) return
  context.stderr.write(restarts.map((one) => `${restartNote(one)}\n`).join(''))
  if (context.stdin.isTTY !== true || (await confirm(context, 'Change it now?'))) return
  throw new FairleadError('not_now', { why: 'Nothing has changed' })
}

function changeInWords(
  app: string,
  environment: string,
  { configuration, deployment }: { configuration: Configuration; deployment: Deployment | null },
): string {
  const version = `Version ${configuration.version} of ${app}/${environment}`
  if (deployment === null) return `${version} applies from the next deployment on`
  return deployment.state === 'waiting' && configuration.state === 'waiting'
    ? `${version} waits for permission (deployment ${deployment.id})`
    : `${version} is being deployed (deployment ${deployment.id})`
}

async function showKey(context: Context): Promise<void> {
  const { client } = await context.connect()
  const key = await client.getKey()
  context.answer(key, () => [
    `Key    ${key.key}, from ${key.where}`,
    ...(key.older.length > 0 ? [`Older  ${key.older.join(', ')}`] : []),
  ])
}

async function rotateKey(context: Context): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.rotateKey()
  context.answer(answer, () => [
    `${answer.resealed} values are encrypted with the new key ${answer.key} in ${answer.where}`,
    ...answer.problems,
    ...(answer.older.length > 0
      ? ['The previous key is removed at the next start of the server, unless a value needs it']
      : []),
  ])
}
