import type { StoredEvent } from '#contract/event/event.ts'
import { count, number } from '../arguments.ts'
import { table } from '../format.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'

export const register: Register = (program, context) => {
  program
    .command('events')
    .argument('[app]', 'only this app')
    .option('--chain <chain>', 'only what came of one check-in')
    .option('--type <type>', 'only this type, e.g. dev.cdevents.service.upgraded')
    .option('--actor <name>', 'only what this user did')
    .option('--limit <n>', 'how many', count, 50)
    .option('--before <event>', 'older than this event', number)
    .option('-f, --follow', 'go on with what happens from now on')
    .description('read the event log, which is the audit log too')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead events shop --limit 20\n  $ fairlead events --actor Ada\n  $ fairlead events --follow --json',
    )
    .action(
      (
        app: string | undefined,
        options: {
          chain?: string
          type?: string
          actor?: string
          limit: number
          before?: number
          follow?: boolean
        },
      ) => events(context, app, options),
    )
}

async function events(
  context: Context,
  app: string | undefined,
  {
    follow,
    ...query
  }: {
    chain?: string
    type?: string
    actor?: string
    limit: number
    before?: number
    follow?: boolean
  },
): Promise<void> {
  const { client } = await context.connect()
  const filter = { ...(app === undefined ? {} : { app }), ...query }
  const { events: found } = await client.listEvents({ query: filter })
  const ordered = found.toSorted((a, b) => a.id - b.id)
  if (follow !== true)
    return context.answer({ events: ordered }, () =>
      table(ordered.map(row), context.stdout.columns ?? 140),
    )
  let after = ordered.at(-1)?.id ?? 0
  const print = (event: StoredEvent): void =>
    context.print(
      context.isJson()
        ? JSON.stringify(event)
        : (table([row(event)], context.stdout.columns ?? 140)[0] ?? ''),
    )
  ordered.forEach(print)
  const { before: _, ...rest } = filter
  while (!context.signal.aborted) {
    const { events: next } = await client.listEvents({ query: { ...rest, after, limit: 500 } })
    next.forEach(print)
    after = next.at(-1)?.id ?? after
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
}

/** `token ci`, `from 10.0.0.7`. */
const byInWords = ({ by }: StoredEvent): string[] =>
  by === null
    ? []
    : [
        [by.credential, by.name].filter(Boolean).join(' '),
        ...(by.onBehalfOf === undefined ? [] : [`for ${by.onBehalfOf}`]),
        ...(by.address === null ? [] : [`from ${by.address}`]),
      ]

const row = (event: StoredEvent): string[] => [
  event.time.slice(0, 19).replace('T', ' '),
  event.type.replace(/^dev\.cdevents(x\.fairlead-)?\.?/, ''),
  event.subject,
  [event.actor, ...byInWords(event)].join(', '),
  typeof event.data['reason'] === 'string' ? event.data['reason'] : '',
]
