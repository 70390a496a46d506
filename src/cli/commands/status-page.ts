import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import type { IncidentUpdates } from '#contract/status-page/endpoints.ts'
import {
  componentStateWords,
  type StatusPhase,
  statusPhases,
  statusPhaseWords,
} from '#contract/status-page/status-page.ts'
import { number, positive, settingsOf } from '../arguments.ts'
import type { Context } from '../context.ts'
import { ago, table } from '../format.ts'
import type { Register } from '../register.ts'
import { addPages } from '../status-pages.ts'

export const register: Register = (program, context) => {
  const group = program
    .command('status-page')
    .description('the status page: what it says, and updates for customers')
  addShow(group, context)
  addUpdates(group, context)
  addSubscriptions(group, context)
  addPages(group, context)
}

function addShow(group: Command, context: Context): void {
  group
    .command('show', { isDefault: true })
    .description('show the address of the status page and what it says')
    .addHelpText('after', '\nExamples:\n  $ fairlead status-page')
    .action(async () => {
      const { client } = await context.connect()
      const [answer, { incidents }] = await Promise.all([
        client.listStatusComponents({}),
        client.listStatusUpdates({}),
      ])
      context.answer({ ...answer, incidents }, () => [
        answer.address ?? 'The page is not served: FAIRLEAD_STATUS_HOST is off',
        ...(answer.components.length === 0
          ? ['It has no components yet; deploy an app to its last environment']
          : table(
              answer.components.map(({ name, group, state, since, uptime, confirmed }) => [
                group === '' ? name : `${group}: ${name}`,
                componentStateWords[state],
                `since ${ago(since, context.now())}`,
                uptime === null ? '' : `${(Math.floor(uptime * 1e4) / 100).toFixed(2)} %`,
                `confirmed ${ago(confirmed, context.now())}`,
              ]),
            )),
        ...incidents.filter(isCurrent).flatMap((one) => incidentLines(one, context.now())),
      ])
    })
}

const isCurrent = ({ draft, resolved }: IncidentUpdates): boolean =>
  draft !== null || resolved === null

function incidentLines(incident: IncidentUpdates, now: number) {
  const { id, title, name, updates, draft, pages } = incident
  const [last] = updates
  return [
    '',
    `Incident ${id}, ${name}: ${draft?.title ?? title}`,
    ...(pages.length > 1 ? [`  On the pages ${pages.join(', ')}`] : []),
    ...(last
      ? [`  ${statusPhaseWords[last.phase]}, ${ago(last.published, now)}: ${last.text}`]
      : ['  Nothing is published']),
    ...(last?.promised ? [`  The next update is promised by ${last.promised}`] : []),
    ...(draft === null
      ? []
      : [
          `  Draft, ${draft.due === null ? 'waits for a person' : `published at ${draft.due}`}: ` +
            draft.text,
          `  Publish it now with \`fairlead status-page update ${id}\``,
        ]),
  ]
}

interface UpdateOptions {
  phase?: StatusPhase
  file?: string
  title?: string
  next?: number
}

function addUpdates(group: Command, context: Context): void {
  group
    .command('update')
    .argument('<incident>', 'number of the incident', number)
    .argument('[text]', 'Markdown; default: the text of the draft')
    .option('--file <path>', 'a file with the text')
    .option('--title <text>', 'what customers notice')
    .option('--next <minutes>', 'promise the next update within so many minutes', positive)
    .addOption(new Option('--phase <phase>', 'how far it is').choices(statusPhases))
    .description('publish an update about an incident, or its draft')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead status-page update 3\n' +
        '  $ fairlead status-page update 3 "Cards are refused." --phase identified --next 30',
    )
    .action(async (id: number, given: string | undefined, options: UpdateOptions) => {
      const { file, ...rest } = options
      const text = file === undefined ? given : await readFile(file, 'utf8')
      const { client } = await context.connect()
      const body = { ...rest, ...(text === undefined ? {} : { text }) }
      const answer = await client.postStatusUpdate({ params: { incident: id }, body })
      context.answer(answer, () => [`Published the update about incident ${id}`])
    })
  group
    .command('discard')
    .argument('<incident>', 'number of the incident', number)
    .description('discard the draft about an incident, so that it is not published by itself')
    .action(async (id: number) => {
      const { client } = await context.connect()
      const answer = await client.discardStatusDraft({ params: { incident: id } })
      context.answer(answer, () => [`Discarded the draft about incident ${id}`])
    })
}

interface SubscribeOptions {
  app?: string[]
  component?: string[]
  page: string
}

function addSubscriptions(group: Command, context: Context): void {
  group
    .command('subscriptions')
    .description('list who gets the updates')
    .action(async () => {
      const { client } = await context.connect()
      const answer = await client.listStatusSubscriptions({})
      context.answer(answer, () =>
        answer.subscriptions.length === 0
          ? ['No subscriptions']
          : table(
              answer.subscriptions.map(
                ({ name, kind, page, apps, components, waiting, problem }) => [
                  ...[name, kind, page],
                  [...(apps ?? []), ...(components ?? [])].join(', ') || 'all components',
                  waiting === 0 ? 'nothing waits' : `${waiting} wait`,
                  problem ?? '',
                ],
              ),
            ),
      )
    })
  group
    .command('subscribe')
    .argument('<name>', 'name of the subscription')
    .argument('<kind>', 'a kind of channel, such as slack, cloudevents or email')
    .argument('<settings...>', 'settings of the channel as KEY=VALUE')
    .option('--app <name...>', 'only updates about these apps')
    .option('--component <app/key...>', 'only updates about these components')
    .option('--page <name>', 'those of this status page', 'default')
    .description('send updates to a chat, a webhook or an address')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead status-page subscribe customers slack ' +
        'url=https://hooks.slack.com/services/T000/B000/XXXX --app shop',
    )
    .action(
      async (
        name: string,
        kind: string,
        pairs: string[],
        { app: apps, component: components, page }: SubscribeOptions,
      ) => {
        const { client } = await context.connect()
        const more = {
          ...{ page, ...(apps === undefined ? {} : { apps }) },
          ...(components === undefined ? {} : { components }),
        }
        const body = { kind, settings: settingsOf(pairs), ...more }
        const params = { subscription: name }
        const answer = await client.putStatusSubscription({ params, body })
        context.answer(answer, () => [`Updates go to ${name}`])
      },
    )
  group
    .command('unsubscribe')
    .argument('<name>', 'name of the subscription')
    .description('delete a subscription')
    .action(async (name: string) => {
      const { client } = await context.connect()
      const params = { subscription: name }
      const answer = await client.deleteStatusSubscription({ params })
      context.answer(answer, () => [`Deleted the subscription ${name}`])
    })
}
