import type { Command } from 'commander'
import { FairleadError } from '#contract/errors.ts'
import { choiceOf, settingAfter, type SwitchAudience } from '#contract/switch/change.ts'
import type {
  SwitchChoice,
  SwitchDefinition,
  SwitchSetting,
  SwitchView,
} from '#contract/switch/switch.ts'
import { choiceText, rolloutText, settingText } from '#contract/switch/text.ts'
import type { Context } from '../context.ts'
import { ago, table } from '../format.ts'
import type { Register } from '../register.ts'

interface Options {
  environment: string
  reason: string
  percent?: string
  for?: string[]
}

export const register: Register = (program, context) => {
  const group: Command = program
    .command('switch')
    .description('stop or change parts of an app without a deployment')
  group
    .command('list', { isDefault: true })
    .argument('[app]', 'name of the app')
    .option('--environment <name>', 'only the switches of this environment')
    .description('list switches and what they serve')
    .addHelpText('after', '\nExamples:\n  $ fairlead switch list shop')
    .action((app: string | undefined, { environment }: Partial<Options>) =>
      list(context, app, environment),
    )
  one(group, 'show', 'show how a switch is set, and its changes', 'shop auto-recharge').action(
    (app: string, name: string, options: Options) => show(context, app, name, options),
  )
  for (const variant of ['off', 'on'])
    changing(group, variant, `turn a switch ${variant} for everybody`, 'shop auto-recharge').action(
      (app: string, name: string, options: Options) =>
        change(context, { app, name, options }, (found) => chosen(found, variant, {})),
    )
  changing(group, 'set', 'set a switch to a variant or a value', 'shop checkout new --percent 10')
    .argument('<value>', 'name of a variant, or a value of a switch without variants')
    .option('--percent <number>', 'only for this share of the targeting keys')
    .option('--for <key...>', 'only for these targeting keys')
    .action((app: string, name: string, value: string, options: Options) =>
      change(context, { app, name, options }, (found) =>
        chosen(found, value, { percent: percentOf(options.percent), keys: options.for }),
      ),
    )
  changing(
    group,
    'rollout',
    'give a value to a growing share of the targeting keys while it harms none',
    'shop checkout new',
  )
    .argument('<value>', 'name of a variant, or a value of a switch without variants')
    .action((app: string, name: string, value: string, options: Options) =>
      rollOut(context, { app, name, options }, value),
    )
  changing(group, 'reset', 'return to the default of fairlead.yaml', 'shop checkout').action(
    (app: string, name: string, options: Options) =>
      change(context, { app, name, options }, () => null),
  )
}

const one = (group: Command, name: string, text: string, example: string): Command =>
  group
    .command(name)
    .argument('<app>', 'name of the app')
    .argument('<switch>', 'name of the switch')
    .option('--environment <name>', 'environment of the switch', 'production')
    .description(text)
    .addHelpText('after', `\nExamples:\n  $ fairlead switch ${name} ${example}`)

const changing = (group: Command, name: string, text: string, example: string): Command =>
  one(group, name, text, example).option('--reason <text>', 'why, for the log', '')

function percentOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const percent = Number(text)
  if (percent > 0 && percent <= 100) return percent
  throw new FairleadError('invalid_input', {
    ...{ field: '--percent', problem: 'must be a number above 0 and up to 100' },
  })
}

async function list(context: Context, app?: string, environment?: string): Promise<void> {
  const { client } = await context.connect()
  const query = {
    ...(app === undefined ? {} : { app }),
    ...(environment === undefined ? {} : { environment }),
  }
  const answer = await client.listSwitches({ query })
  context.answer(answer, () =>
    answer.switches.length === 0
      ? ['There are no switches; add `switches` to fairlead.yaml']
      : table(
          answer.switches.map((found) => [
            `${found.app}/${found.environment}`,
            found.name,
            served(found),
            found.changed === null ? '' : ago(found.changed, context.now()),
            notes(found),
          ]),
        ),
  )
}

const served = ({ definition, setting }: SwitchView): string =>
  setting === null && definition !== null ? choiceText(definition.default) : settingText(setting)

const notes = (found: SwitchView): string =>
  [
    ...(found.pulledBy === null ? [] : [`turned off by ${found.pulledBy}`]),
    ...(found.reason === '' ? [] : [found.reason]),
    ...(found.isExpired ? [`expired on ${found.expires ?? ''}`] : []),
    ...(found.definition === null ? ['not in the live release'] : []),
  ].join('; ')

async function show(
  context: Context,
  app: string,
  name: string,
  { environment }: Options,
): Promise<void> {
  const { client } = await context.connect()
  const found = await client.getSwitch({ params: { app, environment, switch: name } })
  const { variants = {}, type = '' } = found.definition ?? {}
  const names = Object.keys(variants)
  context.answer(found, () => [
    `${name} of ${app}/${environment} serves ${served(found)}`,
    ...[found.description, notes(found), ...rolloutLines(found)].filter(Boolean),
    `type ${type}${names.length === 0 ? '' : `: ${names.join(', ')}`}`,
    ...(found.owner === null ? [] : [`owner ${found.owner}`]),
    ...Object.entries(found.setting?.keys ?? {}).map(
      ([key, choice]) => `${key} gets ${choiceText(choice)}`,
    ),
    ...table(found.changes.map(({ time, text }) => [ago(time, context.now()), text])),
  ])
}

async function rollOut(
  context: Context,
  { app, name, options: { environment, reason } }: Wanted,
  value: string,
): Promise<void> {
  const { client } = await context.connect()
  const params = { app, environment, switch: name }
  const { definition } = await client.getSwitch({ params })
  const { choice: serve } = wantedChoice({ definition, name }, value)
  const answer = await client.startSwitchRollout({ params, body: { serve, reason } })
  context.answer(answer, () => [
    `${name} of ${app}/${environment} serves ${served(answer.switch)}`,
    ...rolloutLines(answer.switch),
    ...(answer.isServed ? [] : [hostIsAway]),
  ])
}

const rolloutLines = ({ rollout }: SwitchView): string[] =>
  rollout === null ? [] : [rolloutText(rollout)]

const hostIsAway = 'The host does not answer; it gets the change when it does'

function chosen(found: Parameters<Next>[0], text: string, audience: SwitchAudience): SwitchSetting {
  const { definition, choice } = wantedChoice(found, text)
  return settingAfter(definition, found.setting, choice, audience)
}

/** What a text means in a switch. */
function wantedChoice(
  { definition, name }: Pick<SwitchView, 'definition' | 'name'>,
  text: string,
): { definition: SwitchDefinition; choice: SwitchChoice } {
  if (definition === null)
    throw new FairleadError('not_now', { why: `The live release does not have ${name}` })
  const choice = choiceOf(definition, text)
  if (choice !== null) return { definition, choice }
  const names = Object.keys(definition.variants)
  const wanted = names.length > 0 ? `one of ${names.join(', ')}` : `of the type ${definition.type}`
  throw new FairleadError('invalid_input', { field: name, problem: `${text} must be ${wanted}` })
}

interface Wanted {
  app: string
  name: string
  options: Options
}
type Next = (found: Pick<SwitchView, 'name' | 'definition' | 'setting'>) => SwitchSetting | null

async function change(context: Context, wanted: Wanted, next: Next): Promise<void> {
  try {
    await changeOnServer(context, wanted, next)
  } catch (error) {
    const isAway = error instanceof FairleadError && error.code === 'unavailable'
    if (!isAway || !(await changeOnHost(context, wanted, next))) throw error
  }
}

async function changeOnServer(
  context: Context,
  { app, name, options: { environment, reason } }: Wanted,
  next: Next,
): Promise<void> {
  const { client } = await context.connect()
  const params = { app, environment, switch: name }
  const found = await client.getSwitch({ params })
  const body = { setting: next(found), reason, version: found.version }
  const answer = await client.setSwitch({ params, body })
  context.answer({ ...answer, isStored: true }, () => [
    `${name} of ${app}/${environment} serves ${served(answer.switch)}`,
    ...(answer.isServed ? [] : [hostIsAway]),
  ])
}

/** Returns false when no host of this machine answers. */
async function changeOnHost(
  context: Context,
  { app, name, options: { environment, reason } }: Wanted,
  next: Next,
): Promise<boolean> {
  const host = context.local.hostSwitches()
  const all = await host?.list(app, environment).catch((error: unknown) => {
    if (error instanceof FairleadError && error.code === 'unavailable') return null
    throw error
  })
  if (!host || !all) return false
  const found = all.find((one) => one.name === name)
  if (!found) throw new FairleadError('not_found', { kind: 'switch', id: name })
  const setting = next(found)
  await host.change({ app, environment, name }, { setting, reason })
  context.answer({ isServed: true, isStored: false, setting }, () => [
    `${name} of ${app}/${environment} serves ${settingText(setting)}`,
    'The server does not answer; it stores the change when it does',
  ])
  return true
}
