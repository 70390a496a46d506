import type { Command } from 'commander'
import type { Webhook, WebhookDelivery, WebhookGap } from '#contract/webhook/webhook.ts'
import { number, positive } from '../arguments.ts'
import { ago, short, table } from '../format.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'

export const register: Register = (program, context) => {
  const group: Command = program
    .command('webhook')
    .description('the webhook to which a Git provider announces the commits of an app')
  group
    .command('create')
    .argument('<app>', 'name of the app')
    .description('create a webhook, or a new secret; the previous secret stays valid for a day')
    .addHelpText('after', '\nExamples:\n  $ fairlead webhook create shop')
    .action((app: string) => create(context, app))
  group
    .command('show')
    .argument('<app>', 'name of the app')
    .description('show the address and the refused deliveries')
    .action((app: string) => show(context, app))
  group
    .command('deliveries')
    .argument('<app>', 'name of the app')
    .option('--limit <n>', 'number of deliveries', positive, 20)
    .option('--before <number>', 'only deliveries older than this one', number)
    .description('list the deliveries, their results, and the changes that none announced')
    .action((app: string, options: { limit: number; before?: number }) =>
      deliveries(context, app, options),
    )
  group
    .command('replay')
    .argument('<app>', 'name of the app')
    .argument('<number>', 'number of the delivery', number)
    .description('process a delivery again')
    .action(async (app: string, delivery: number) => {
      const { client } = await context.connect()
      const answer = await client.replayWebhookDelivery({ params: { app, number: delivery } })
      context.answer(answer, () => [`Processing delivery ${delivery} again`])
    })
  group
    .command('delete')
    .argument('<app>', 'name of the app')
    .description('delete the webhook; polling still finds commits')
    .action(async (app: string) => {
      const { client } = await context.connect()
      const answer = await client.deleteWebhook({ params: { app } })
      context.answer(answer, () => [`Deleted the webhook of ${app}`])
    })
}

async function create(context: Context, app: string): Promise<void> {
  const { client } = await context.connect()
  const webhook = await client.putWebhook({ params: { app } })
  context.answer(webhook, () => [
    `Address  ${webhook.url}`,
    `Secret   ${webhook.secret}`,
    '',
    'Enter both at the Git provider, with content type JSON, for pushes and pull requests.',
    'The secret is not shown again.',
  ])
}

async function show(context: Context, app: string): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.getWebhook({ params: { app } })
  const { webhook } = answer
  context.answer(answer, () => {
    if (!webhook)
      return [`${app} has no webhook; create one with \`fairlead webhook create ${app}\``]
    const former = webhook.formerUntil
    return [
      `Address  ${webhook.url}`,
      `Created  ${ago(webhook.created, context.now())}`,
      ...(former !== null && Date.parse(former) > context.now()
        ? [`The previous secret is valid until ${former}`]
        : []),
      `Refused  ${webhook.refused}${refusalOf(webhook, context.now())}`,
    ]
  })
}

const refusalOf = ({ refused, refusedAt, refusal }: Webhook, now: number): string =>
  refused === 0 ? '' : `, the last ${ago(refusedAt, now)}: ${refusal ?? ''}`

async function deliveries(
  context: Context,
  app: string,
  options: { limit: number; before?: number },
): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listWebhookDeliveries({ params: { app }, query: options })
  context.answer(answer, () => [
    ...(answer.deliveries.length === 0 ? ['No deliveries yet'] : []),
    ...table(
      [
        ['number', 'received', 'provider', 'event', 'subject', 'state', 'outcome'],
        ...answer.deliveries.map((one) => row(one, context.now())),
      ].slice(answer.deliveries.length === 0 ? 1 : 0),
      context.stdout.columns,
    ),
    ...answer.gaps.map(gapLine),
  ])
}

const row = (one: WebhookDelivery, now: number): string[] => [
  String(one.number),
  ago(one.received, now),
  one.forge,
  one.event,
  one.subject.replace('refs/heads/', ''),
  one.state,
  [
    one.outcome ?? '',
    ...(one.change === null ? [] : [short(one.change)]),
    ...(one.run === null ? [] : [`run ${one.run}`]),
    ...(one.repeats > 0 ? [`sent ${one.repeats + 1} times`] : []),
  ].join(', '),
]

/** Says by how many seconds the change was late at most. */
const gapLine = (gap: WebhookGap): string => {
  const seconds = (from: string, to: string): number =>
    Math.ceil((Date.parse(to) - Date.parse(from)) / 1000)
  const late = gap.looked === null ? '' : `, at most ${seconds(gap.looked, gap.found)} s late`
  const announced =
    gap.arrived === null
      ? 'no delivery announced it'
      : `its delivery came ${seconds(gap.found, gap.arrived)} s after that`
  return `${short(gap.change)} was found by polling${late}; ${announced}`
}
