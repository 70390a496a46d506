import { type Command, Option } from 'commander'
import { causeWords, recordWords } from '#contract/alert/cause-words.ts'
import type { Alert, AlertDetail, AlertDrift, Delivery } from '#contract/alert/alert.ts'
import { counted } from '#contract/text.ts'
import { moment, number, positive, settingsOf } from '../arguments.ts'
import { ago, table } from '../format.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'

export const register: Register = (program, context) => {
  const alerts: Command = program.command('alerts').description('list, show and resolve alerts')
  alerts
    .command('list', { isDefault: true })
    .argument('[app]', 'name of the app')
    .option('--all', 'also resolved ones')
    .option('--limit <n>', 'number of alerts', positive, 20)
    .description('list alerts, newest first')
    .addHelpText('after', '\nExamples:\n  $ fairlead alerts\n  $ fairlead alerts list shop --all')
    .action((app: string | undefined, options: { all?: boolean; limit: number }) =>
      list(context, app, options),
    )
  alerts
    .command('show')
    .argument('<alert>', 'number of the alert', number)
    .description('show what fires in an alert, why, who may have caused it, and its timeline')
    .action(async (id: number) => {
      const { client } = await context.connect()
      const alert = await client.getAlert({ params: { alert: id } })
      context.answer(alert, () => detailLines(alert, context.now()))
    })
  alerts
    .command('resolve')
    .argument('<alert>', 'number of the alert', number)
    .option('--comment <text>', 'what was the matter', '')
    .description('resolve an alert')
    .action(async (id: number, { comment }: { comment: string }) => {
      const { client } = await context.connect()
      const alert = await client.resolveAlert({ params: { alert: id }, body: { comment } })
      context.answer(alert, () => [`Resolved alert ${id}`])
    })
  alerts
    .command('suspects')
    .argument('<app>', 'name of the app')
    .description('show how often the suspects of alerts were right')
    .action(async (app: string) => {
      const { client } = await context.connect()
      const record = await client.getSuspectRecord({ params: { app } })
      context.answer(record, () => recordWords(record))
    })
  alerts
    .command('figures')
    .argument('[app]', 'only this app')
    .option('--weeks <n>', 'number of weeks', positive, 8)
    .description('show how many alerts each team gets, and how many led to something')
    .addHelpText('after', '\nExamples:\n  $ fairlead alerts figures shop --weeks 4')
    .action((app: string | undefined, { weeks }: { weeks: number }) => figures(context, app, weeks))
  program
    .command('ack')
    .argument('<alert>', 'number of the alert', number)
    .option('--minutes <n>', 'the alert opens again after this time', positive, 60)
    .option('--comment <text>', 'what you are doing', '')
    .description('acknowledge an alert')
    .addHelpText('after', '\nExamples:\n  $ fairlead ack 12 --minutes 30 --comment "rolling back"')
    .action(async (id: number, body: { minutes: number; comment: string }) => {
      const { client } = await context.connect()
      const alert = await client.acknowledgeAlert({ params: { alert: id }, body })
      context.answer(alert, () => [
        `You have alert ${id}. It opens again in ${counted(body.minutes, 'minute')} unless it ` +
          'is resolved.',
      ])
    })
  program
    .command('pass')
    .argument('<alert>', 'number of the alert', number)
    .option('--comment <text>', 'why it is not yours', '')
    .description('say that an alert is not yours; the next person is notified')
    .action(async (id: number, body: { comment: string }) => {
      const { client } = await context.connect()
      const alert = await client.passAlert({ params: { alert: id }, body })
      context.answer(alert, () => [`You passed alert ${id} on`])
    })
  addSilences(program, context)
  addChannels(program, context)
}

async function figures(context: Context, app: string | undefined, weeks: number): Promise<void> {
  const { client } = await context.connect()
  const query = { weeks, ...(app === undefined ? {} : { app }) }
  const answer = await client.getAlertFigures({ query })
  context.answer(answer, () =>
    table([
      ['week of', 'team', 'alerts', 'led to something', 'not mine', 'messages'],
      ...answer.weeks.map((row) => [
        ...[row.week, row.owner ?? 'no team', String(row.alerts), String(row.acted)],
        ...[String(row.passed), String(row.messages)],
      ]),
    ]),
  )
}

function addSilences(program: Command, context: Context): void {
  const group = program
    .command('silence')
    .description('send no messages about an app for some time')
  group
    .command('add', { isDefault: true })
    .argument('<app>', 'name of the app')
    .option('--environment <name>', 'only this environment')
    .option('--service <name>', 'only this service')
    .option('--from <time>', 'when it begins, ISO 8601; default: now', moment)
    .requiredOption('--minutes <n>', 'how long', positive)
    .requiredOption('--reason <text>', 'why')
    .description('create a silence; alerts still open, and are sent when it ends')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead silence shop --minutes 60 --reason "load test"' +
        '\n  $ fairlead silence shop --from 2026-12-01T22:00Z --minutes 120 --reason "upgrade"',
    )
    .action(
      async (
        app: string,
        body: {
          environment?: string
          service?: string
          from?: string
          minutes: number
          reason: string
        },
      ) => {
        const { client } = await context.connect()
        const silence = await client.createSilence({ params: { app }, body })
        context.answer(silence, () => [`Silence ${silence.id} ends at ${silence.until}`])
      },
    )
  group
    .command('list')
    .description('list the silences that have not ended')
    .action(async () => {
      const { client } = await context.connect()
      const answer = await client.listSilences({ query: {} })
      context.answer(answer, () =>
        answer.silences.length === 0
          ? ['No silences']
          : table(
              answer.silences.map((one) => [
                String(one.id),
                [one.app, one.environment, one.service].filter(Boolean).join('/') || 'all apps',
                one.matchers.join(', '),
                `from ${one.from} until ${one.until}`,
                `${one.actor}: ${one.reason}`,
              ]),
            ),
      )
    })
  group
    .command('end')
    .argument('<silence>', 'number of the silence', number)
    .description('end a silence now')
    .action(async (silence: number) => {
      const { client } = await context.connect()
      const answer = await client.endSilence({ params: { silence } })
      context.answer(answer, () => [`Silence ${silence} has ended`])
    })
}

function addChannels(program: Command, context: Context): void {
  program
    .command('page')
    .requiredOption('--test <channel>', 'send a test message to this channel')
    .description('try a channel')
    .addHelpText('after', '\nExamples:\n  $ fairlead page --test team')
    .action(async ({ test }: { test: string }) => {
      const { client } = await context.connect()
      const answer = await client.testChannel({ params: { channel: test } })
      context.answer(answer, () => [`The channel ${test} accepted a test message`])
    })
  const group = program.command('channels').description('where messages about alerts go')
  group
    .command('list', { isDefault: true })
    .description('list the channels')
    .action(async () => {
      const { client } = await context.connect()
      const answer = await client.listChannels()
      context.answer(answer, () =>
        answer.channels.length === 0
          ? ['No channels: nobody is notified. Add one with `fairlead channels add`']
          : table(
              answer.channels.map((one) => [
                one.name,
                one.kind,
                one.person ?? 'shared',
                one.urgency === 'high' ? 'high urgency only' : 'every alert',
                one.problem ??
                  (one.proven === null ? 'not proven' : `worked ${ago(one.proven, context.now())}`),
              ]),
            ),
      )
    })
  group
    .command('add')
    .argument('<name>', 'name of the channel')
    .argument('<kind>', 'such as email, slack, teams or telegram; see docs/monitoring.md')
    .argument('<settings...>', 'KEY=VALUE; see docs/monitoring.md')
    .option('--person <user>', 'the user whose channel it is; default: a shared channel')
    .addOption(
      new Option('--urgency <least>', 'the least urgency that it gets')
        .choices(['low', 'high'])
        .default('low'),
    )
    .description('create or replace a channel')
    .addHelpText(
      'after',
      `
Examples:
  $ fairlead channels add team slack url=https://hooks.slack.com/services/T0/B0/XX
  $ fairlead channels add ada-phone ntfy topic=ada-x7f2 --person Ada --urgency high`,
    )
    .action((name: string, kind: string, settings: string[], options: ChannelOptions) =>
      addChannel(context, name, kind, settings, options),
    )
  group
    .command('show')
    .argument('<name>', 'name of the channel')
    .option('--limit <n>', 'number of messages', positive, 20)
    .description('list the last messages to a channel, and what became of them')
    .action(async (name: string, query: { limit: number }) => {
      const { client } = await context.connect()
      const answer = await client.listDeliveries({ params: { channel: name }, query })
      context.answer(answer, () =>
        answer.deliveries.length === 0
          ? ['No messages']
          : table(
              answer.deliveries.map((one) => [
                one.sent ?? one.due,
                one.state,
                deliveryWords(one),
                one.tries === 1 ? '1 try' : `${one.tries} tries`,
                one.problem ?? '',
              ]),
            ),
      )
    })
  group
    .command('delete')
    .argument('<name>', 'name of the channel')
    .description('delete a channel')
    .action(async (name: string) => {
      const { client } = await context.connect()
      const answer = await client.deleteChannel({ params: { channel: name } })
      context.answer(answer, () => [`Deleted the channel ${name}`])
    })
}

const deliveryWords = ({ alert, kind }: Delivery): string =>
  kind === 'test' ? 'test' : `${alert === null ? 'maintenance' : `alert ${alert}`} ${kind}`

interface ChannelOptions {
  person?: string
  urgency: 'low' | 'high'
}

async function addChannel(
  context: Context,
  name: string,
  kind: string,
  pairs: string[],
  options: ChannelOptions,
): Promise<void> {
  const settings = settingsOf(pairs)
  const { client } = await context.connect()
  const channel = await client.putChannel({
    params: { channel: name },
    body: { kind, settings, ...options },
  })
  context.answer(channel, () => [
    `Saved the channel ${name}. Try it with \`fairlead page --test ${name}\``,
  ])
}

async function list(
  context: Context,
  app: string | undefined,
  { all, limit }: { all?: boolean; limit: number },
): Promise<void> {
  const { client } = await context.connect()
  const query = {
    limit,
    ...(app === undefined ? {} : { app }),
    ...(all ? {} : { state: 'unresolved' as const }),
  }
  const answer = await client.listAlerts({ query })
  context.answer(answer, () =>
    answer.alerts.length === 0
      ? ['No alerts']
      : table(
          answer.alerts.map((one) => [
            String(one.id),
            stateOf(one),
            one.urgency,
            ago(one.opened, context.now()),
            `${one.title}: ${one.reason}`,
          ]),
        ),
  )
}

const stateOf = ({ state, silencedUntil, acknowledgedBy }: Alert): string =>
  state === 'acknowledged'
    ? `taken by ${acknowledgedBy ?? ''}`
    : state === 'open' && silencedUntil !== null
      ? 'silenced'
      : state

/** What had changed outside of a deployment. */
const driftLine = ({ service, machine, kind, name, since }: AlertDrift): string => {
  const owner = service ?? machine
  return `Drift      ${owner === null ? '' : `${owner}: `}${kind} ${name}, since ${since}`
}

const detailLines = (alert: AlertDetail & { drift: AlertDrift[] }, now: number): string[] => [
  alert.title,
  `State      ${stateOf(alert)}, ${alert.urgency} urgency, opened ${ago(alert.opened, now)}`,
  `Reason     ${alert.reason}`,
  ...(alert.onset ? [`Began      ${onsetWords(alert.onset)}`] : []),
  ...(alert.deployment === null ? [] : [`Deployment ${alert.deployment} went live shortly before`]),
  ...alert.suspects.map(({ name, reason }) => `Suspect    ${name}, because ${reason}`),
  ...(alert.cause ? [`Cause      ${causeWords(alert.cause)}`] : []),
  ...alert.drift.map(driftLine),
  ...alert.sources.flatMap(({ link }) => (link === null ? [] : [`Page       ${link}`])),
  '',
  // Why somebody got a message stands at the end of the line.
  ...table(
    alert.entries.map((one) => [one.time, one.kind, one.actor, one.text]),
    Infinity,
  ),
]

const onsetWords = ({ from, until }: { from: string; until: string }): string =>
  from === until ? `at ${from}` : `between ${from} and ${until}`
