import type { Command } from 'commander'
import type { Comparison, Explanation, LayerValue } from '#contract/configuration/comparison.ts'
import { FairleadError } from '#contract/errors.ts'
import type { Context } from '../context.ts'
import { ago, table } from '../format.ts'
import type { Register } from '../register.ts'

export const register: Register = (program, context) => {
  const config = program
    .command('config')
    .description('explain and compare the configuration of environments, without secret values')
  withEnvironment(
    config
      .command('explain')
      .description('show where the value of a name comes from, who set it, and what runs with it'),
  )
    .argument('<name>', 'name of the variable or the secret')
    .addHelpText('after', '\nExamples:\n  $ fairlead config explain shop production LOG_LEVEL')
    .action((app: string, environment: string, name: string) =>
      explain(context, { app, environment }, name),
    )
  withEnvironment(
    config
      .command('files')
      .description('list the configuration files of the services, or show one, without secrets'),
  )
    .argument('[path]', 'path of a file')
    .action((app: string, environment: string, path?: string) =>
      listFiles(context, { app, environment }, path),
    )
  withEnvironment(
    config
      .command('diff')
      .description('compare what runs with what is set, two environments, or two versions'),
  )
    .option('--with <environment>', 'compare with this environment of the app')
    .option('--from <version>', 'the version to compare with; default: the one that runs')
    .option('--to <version>', 'the version to compare; default: the one in force')
    .option('--all', 'also list what is the same')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead config diff shop production --with staging' +
        '\n  $ fairlead config diff shop production --from 3 --to 5',
    )
    .action((app: string, environment: string, options: DiffOptions) =>
      diff(context, { app, environment }, options),
    )
}

async function listFiles(context: Context, params: Place, path?: string): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listConfigurationFiles({ params })
  const files = answer.files.filter((file) => path === undefined || file.path === path)
  if (path !== undefined && files.length === 0)
    throw new FairleadError('not_found', { kind: 'configuration file', id: path })
  context.answer({ files }, () =>
    path === undefined
      ? table(
          files.map((one) => [
            one.service,
            one.path,
            one.mode ?? '',
            one.problem ?? one.kind ?? '',
          ]),
        )
      : files.flatMap((file) => [
          ...(files.length > 1 ? [`# of ${file.service}`] : []),
          file.text ?? file.problem ?? '',
        ]),
  )
}

interface Place {
  app: string
  environment: string
}

interface DiffOptions {
  with?: string
  from?: string
  to?: string
  all?: boolean
}

const withEnvironment = (command: Command): Command =>
  command.argument('<app>', 'name of the app').argument('<environment>', 'name of the environment')

async function explain(context: Context, params: Place, name: string): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.explainConfiguration({ params, query: { name } })
  context.answer(answer, () => describe(context, params, answer))
}

function describe(context: Context, { app, environment }: Place, answer: Explanation): string[] {
  const { name, layers, set, running, files, rule } = answer
  if (layers.length === 0) return [`${name} is not set in ${app}/${environment}`]
  const runs =
    running === null
      ? 'Nothing is live here'
      : `Deployment ${running.deployment} runs with ${running.isSame ? 'this' : 'another'} value`
  return [
    ...table(
      layers.map((layer) => [
        valueOf(layer),
        sourceOf(layer, environment),
        layer.isOverridden ? 'overridden' : '',
      ]),
    ),
    ...(set === null
      ? []
      : [`Set by ${set.actor} ${ago(set.created, context.now())}, in version ${set.version}`]),
    ...files.map(({ service, path }) => `Used in ${path} of ${service}`),
    ...(rule === null ? [] : [ruleInWords(rule)]),
    runs,
  ]
}

function ruleInWords({ isRequired, description }: NonNullable<Explanation['rule']>): string {
  const text = description === null ? '' : `: ${description}`
  return `The schema ${isRequired ? 'requires' : 'allows'} it${text}`
}

const valueOf = ({ value, reference }: LayerValue): string =>
  value ?? (reference === null ? '(secret)' : `(secret from ${reference})`)

function sourceOf({ layer, service }: LayerValue, environment: string): string {
  if (layer === 'service') return `services.${service}.env in fairlead.yaml`
  if (layer === 'environment') return `environments.${environment}.env in fairlead.yaml`
  return layer === 'host' ? `environments.${environment}.hosts in fairlead.yaml` : 'configuration'
}

async function diff(context: Context, params: Place, options: DiffOptions): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.compareConfigurations({
    params,
    query: {
      ...(options.with === undefined ? {} : { other: options.with }),
      ...(options.from === undefined ? {} : { otherVersion: options.from }),
      ...(options.to === undefined ? {} : { version: options.to }),
    },
  })
  context.answer(answer, () => compareInWords(answer, options.all ?? false))
}

function compareInWords(comparison: Comparison, isAll: boolean): string[] {
  const { before, after, differences } = comparison
  const files = comparison.files.filter(({ state }) => isAll || state !== 'same')
  const shown = differences.filter(({ state }) => isAll || state !== 'same')
  const name = ({ environment, version }: Comparison['before']): string =>
    `${environment}, version ${version}`
  const head = `${name(before)} → ${name(after)}`
  if (shown.length + files.length === 0) return [head, 'No difference']
  return [
    head,
    ...table(
      shown.map((one) => [
        one.state,
        one.name,
        one.isSecret ? '(secret)' : [one.before, one.after].map((text) => text ?? '–').join(' → '),
      ]),
    ),
    ...files.map(({ state, service, path }) => `${state}  file ${path} of ${service}`),
  ]
}
