import type { Command } from 'commander'
import type { Maintenance } from '#contract/maintenance/maintenance.ts'
import { count } from '../arguments.ts'
import type { Context } from '../context.ts'
import type { Register } from '../register.ts'

interface Place {
  app: string
  environment: string
}

export const register: Register = (program, context) => {
  const group = program
    .command('maintenance')
    .description('answer the requests of an environment with a maintenance page')
  place(group, 'show', 'show whether an environment answers with the maintenance page').action(
    (app: string, environment: string) => show(context, { app, environment }),
  )
  place(
    group,
    'on',
    'answer every request with status 503 and the maintenance page; the services run on',
    ' --reason "incident 7" --minutes 30',
  )
    .requiredOption('--reason <text>', 'why, for the log and the timeline of an incident')
    .option('--minutes <n>', 'end it by itself after this time', count)
    .action((app: string, environment: string, options: { reason: string; minutes?: number }) =>
      start(context, { app, environment }, options),
    )
  place(group, 'off', 'end the maintenance page').action((app: string, environment: string) =>
    end(context, { app, environment }),
  )
}

const place = (group: Command, name: string, text: string, more = ''): Command =>
  group
    .command(name)
    .argument('<app>', 'name of the app')
    .argument('<environment>', 'name of the environment')
    .description(text)
    .addHelpText('after', `\nExamples:\n  $ fairlead maintenance ${name} shop production${more}`)

async function show(context: Context, params: Place): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.getMaintenance({ params })
  context.answer(answer, () =>
    answer.maintenance === null
      ? [`${params.app}/${params.environment} shows no maintenance page`]
      : [inWords(answer.maintenance)],
  )
}

async function start(
  context: Context,
  params: Place,
  body: { reason: string; minutes?: number },
): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.startMaintenance({ params, body })
  context.answer(answer, () => [inWords(answer.maintenance), ...late(answer)])
}

async function end(context: Context, params: Place): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.endMaintenance({ params })
  context.answer(answer, () => [
    `${params.app}/${params.environment} shows no maintenance page`,
    ...late(answer),
  ])
}

const inWords = ({ app, environment, actor, reason, until }: Maintenance): string =>
  `${app}/${environment} shows the maintenance page ` +
  `${until === null ? 'until it is ended' : `until ${until}`} (${actor}: ${reason})`

const late = ({ isServed }: { isServed: boolean }): string[] =>
  isServed ? [] : ['The host does not answer; it gets the change when it does']
