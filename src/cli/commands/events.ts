import { describeEvent } from '#contract/event/describe.ts'
import type { StoredEvent } from '#contract/event/event.ts'
import { count, moment, number } from '../arguments.ts'
import { table } from '../format.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'
import { untilAnswered } from '../until-answered.ts'

interface Options {
  chain?: string
  type?: string
  actor?: string
  text?: string
  since?: string
  until?: string
  limit: number
  before?: number
  follow?: boolean
}

export const register: Register = (program, context) => {
  program
    .command('events')
    .argument('[app]', 'only events of this app')
    .option('--chain <chain>', 'only events caused by one commit')
    .option('--type <type>', 'only events of this type, e.g. dev.cdevents.service.upgraded')
    .option('--actor <name>', 'only events caused by this user')
    .option('--text <text>', 'only events whose type, subject, actor or data contains this')
    .option(
      '--since <time>',
      'only events at or after this time, such as 2026-11-29T08:00:00Z',
      moment,
    )
    .option('--until <time>', 'only events before this time', moment)
    .option('--limit <n>', 'how many events to show', count, 50)
    .option('--before <event>', 'only events older than this one', number)
    .option('-f, --follow', 'keep printing new events')
    .description('show the event log, which is also the audit log')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ fairlead events shop --limit 20\n' +
        '  $ fairlead events --actor Ada\n' +
        '  $ fairlead events --follow --json',
    )
    .action((app: string | undefined, options: Options) => events(context, app, options))
}

/** Milliseconds between two requests for new events. */
const pollMs = 300

async function events(
  context: Context,
  app: string | undefined,
  { follow, ...query }: Options,
): Promise<void> {
  const { client } = await context.connect()
  const filter = { ...(app === undefined ? {} : { app }), ...query }
  const { events: found } = await client.listEvents({ query: filter })
  const ordered = found.toSorted((a, b) => a.id - b.id)
  const columns = context.stdout.columns ?? 160
  if (follow !== true)
    return context.answer({ events: ordered }, () => table(ordered.map(row), columns))
  let after = ordered.at(-1)?.id ?? 0
  const print = (event: StoredEvent): void =>
    context.print(
      context.isJson() ? JSON.stringify(event) : (table([row(event)], columns)[0] ?? ''),
    )
  ordered.forEach(print)
  const { before: _, ...rest } = filter
  while (!context.signal.aborted) {
    const query = { ...rest, after, limit: 500 }
    const next = (await untilAnswered(context, () => client.listEvents({ query })))?.events ?? []
    next.forEach(print)
    after = next.at(-1)?.id ?? after
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

/** `token ci`, `for grace`, `from 10.0.0.7`. */
const credentialOf = ({ by }: StoredEvent): string[] =>
  by === null
    ? []
    : [
        [by.credential, by.name].filter(Boolean).join(' '),
        ...(by.onBehalfOf === undefined ? [] : [`for ${by.onBehalfOf}`]),
        ...(by.address === null ? [] : [`from ${by.address}`]),
      ]

const row = (event: StoredEvent): string[] => [
  event.time.slice(0, 19).replace('T', ' '),
  event.subject,
  [event.actor, ...credentialOf(event)].join(', '),
  describeEvent(event).text,
]
