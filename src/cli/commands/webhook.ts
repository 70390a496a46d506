import type { Command } from 'commander'
import type { WebhookDelivery, WebhookGap } from '#contract/webhook/webhook.ts'
import { number, positive } from '../arguments.ts'
import { ago, short, table } from '../format.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'

export const register: Register = (program, context) => {
  const group: Command = program
    .command('webhook')
    .description('where a forge announces the check-ins of an app')
  group
    .command('create')
    .argument('<app>', 'name of the app')
    .description('make it, or give it a new secret; the one before counts for a day more')
    .addHelpText('after', '\nExamples:\n  $ fairlead webhook create shop')
    .action((app: string) => create(context, app))
  group
    .command('show')
    .argument('<app>', 'name of the app')
    .description('its address, and what was refused')
    .action((app: string) => show(context, app))
  group
    .command('deliveries')
    .argument('<app>', 'name of the app')
    .option('--limit <n>', 'so many', positive, 20)
    .option('--before <number>', 'older than this one', number)
    .description('what the forge sent, what came of it, and what it did not send')
    .action((app: string, options: { limit: number; before?: number }) =>
      deliveries(context, app, options),
    )
  group
    .command('replay')
    .argument('<app>', 'name of the app')
    .argument('<number>', 'of the delivery', number)
    .description('look at a delivery again, as if it came now')
    .action(async (app: string, delivery: number) => {
      const { client } = await context.connect()
      const answer = await client.replayWebhookDelivery({ params: { app, number: delivery } })
      context.answer(answer, () => [`Delivery ${delivery} is looked at again`])
    })
  group
    .command('delete')
    .argument('<app>', 'name of the app')
    .description('take it away; check-ins are then found by looking')
    .action(async (app: string) => {
      const { client } = await context.connect()
      const answer = await client.deleteWebhook({ params: { app } })
      context.answer(answer, () => [`${app} has no webhook any more`])
    })
}

async function create(context: Context, app: string): Promise<void> {
  const { client } = await context.connect()
  const webhook = await client.putWebhook({ params: { app } })
  context.answer(webhook, () => [
    `Address  ${webhook.url}`,
    `Secret   ${webhook.secret}`,
    '',
    'Give both to the forge, as JSON, for pushes and pull requests. The secret is shown only now.',
  ])
}

async function show(context: Context, app: string): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.getWebhook({ params: { app } })
  const { webhook } = answer
  context.answer(answer, () => {
    if (!webhook) return [`${app} has no webhook; \`fairlead webhook create ${app}\` makes one`]
    const former = webhook.formerUntil
    return [
      `Address  ${webhook.url}`,
      `Made     ${ago(webhook.created, context.now())}`,
      ...(former !== null && Date.parse(former) > context.now()
        ? [`The secret before counts until ${former}`]
        : []),
      `Refused  ${webhook.refused}${webhook.refused > 0 ? `, ${ago(webhook.refusedAt, context.now())}: ${webhook.refusal ?? ''}` : ''}`,
    ]
  })
}

async function deliveries(
  context: Context,
  app: string,
  options: { limit: number; before?: number },
): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listWebhookDeliveries({ params: { app }, query: options })
  context.answer(answer, () => [
    ...(answer.deliveries.length === 0 ? ['Nothing was sent yet'] : []),
    ...table(
      [
        ['number', 'received', 'forge', 'event', 'about', 'state', 'outcome'],
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
    ...(one.repeats > 0 ? [`came ${one.repeats + 1} times`] : []),
  ].join(', '),
]

/** How late at most, in whole seconds. */
const gapLine = (gap: WebhookGap): string => {
  const seconds = (from: string, to: string): number =>
    Math.ceil((Date.parse(to) - Date.parse(from)) / 1000)
  const late = gap.looked === null ? '' : `, at most ${seconds(gap.looked, gap.found)} s late`
  const told =
    gap.arrived === null
      ? 'no delivery told of it'
      : `a delivery told of it ${seconds(gap.found, gap.arrived)} s after`
  return `${short(gap.change)} was found by looking${late}; ${told}`
}
