import type { Command } from 'commander'
import type { ErrorDetail, ErrorGroup, ShownFrame } from '#contract/error/error.ts'
import { number, positive } from '../arguments.ts'
import type { Context } from '../context.ts'
import { ago, table } from '../format.ts'
import type { Register } from '../register.ts'

export const register: Register = (program, context) => {
  const errors: Command = program
    .command('errors')
    .description('errors of services: what is new, what came back, and where it is in the code')
  errors
    .command('list', { isDefault: true })
    .argument('[app]', 'name of the app')
    .option('--environment <name>', 'only those of this environment')
    .option('--fresh', 'only those that are new in the live release, or came back')
    .option('--all', 'also resolved and ignored ones')
    .option('--limit <n>', 'number of errors', positive, 20)
    .description('list errors, the last seen first')
    .addHelpText('after', '\nExamples:\n  $ fairlead errors shop --fresh')
    .action((app: string | undefined, options: ListOptions) => list(context, app, options))
  errors
    .command('show')
    .argument('<error>', 'number of the error', number)
    .description('show an error with its releases, its trace, and who may have caused it')
    .action(async (error: number) => {
      const { client } = await context.connect()
      const detail = await client.getError({ params: { error } })
      context.answer(detail, () => detailLines(detail, context.now()))
    })
  addChanges(errors, context)
  errors
    .command('dsn')
    .argument('<app>', 'name of the app')
    .option('--replace', 'replace the key; the old one is refused from then on')
    .description('show where SDKs of Sentry send the errors of an app')
    .action(async (app: string, { replace }: { replace?: boolean }) => {
      const { client } = await context.connect()
      const params = { app }
      const key = await (replace
        ? client.replaceErrorKey({ params })
        : client.getErrorKey({ params }))
      context.answer(key, () => [key.dsn])
    })
}

function addChanges(errors: Command, context: Context): void {
  errors
    .command('resolve')
    .argument('<error>', 'number of the error', number)
    .option('--next-release', 'only an event of a later release opens it again')
    .description('resolve an error; a later event opens it again')
    .action(async (error: number, { nextRelease = false }: { nextRelease?: boolean }) => {
      const { client } = await context.connect()
      const detail = await client.resolveError({ params: { error }, body: { nextRelease } })
      context.answer(detail, () => [`Resolved error ${error}`])
    })
  errors
    .command('ignore')
    .argument('<error>', 'number of the error', number)
    .description('ignore an error: its events are counted, and open no alert')
    .action(async (error: number) => {
      const { client } = await context.connect()
      const detail = await client.ignoreError({ params: { error } })
      context.answer(detail, () => [`Error ${error} is ignored`])
    })
  errors
    .command('reopen')
    .argument('<error>', 'number of the error', number)
    .description('open an error again that is resolved or ignored')
    .action(async (error: number) => {
      const { client } = await context.connect()
      const detail = await client.reopenError({ params: { error } })
      context.answer(detail, () => [`Error ${error} is open again`])
    })
}

interface ListOptions {
  environment?: string
  fresh?: boolean
  all?: boolean
  limit: number
}

async function list(
  context: Context,
  app: string | undefined,
  { environment, fresh, all, limit }: ListOptions,
): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listErrors({
    query: {
      limit,
      ...(app === undefined ? {} : { app }),
      ...(environment === undefined ? {} : { environment }),
      ...(fresh ? { fresh: 'true' } : {}),
      ...(all ? {} : { state: 'open' as const }),
    },
  })
  const { errors, dropped } = answer
  context.answer(answer, () => [
    ...(errors.length === 0
      ? ['No errors']
      : table(
          errors.map((one) => [
            ...[String(one.id), signOf(one), `${one.count}×`, ago(one.lastSeen, context.now())],
            `${one.app}/${one.environments.join(',')}`,
            [one.type, one.message.split('\n')[0]].filter(Boolean).join(': '),
          ]),
        )),
    ...dropped.map(({ app: name, reason, count }) => droppedWords[reason](name, count)),
  ])
}

const droppedWords = {
  output: (app: string, count: number) =>
    `In the last 24 hours, ${count} KB of the output of ${app} were not searched: too much at once`,
  rate: (app: string, count: number) =>
    `In the last 24 hours, ${count} events of SDKs of ${app} were refused: too many at once`,
  size: (app: string, count: number) =>
    `In the last 24 hours, ${count} events of SDKs of ${app} were refused: too large`,
}

const signOf = ({ state, regressed, newIn }: ErrorGroup): string =>
  state === 'open' ? (regressed !== null ? 'back' : newIn.length > 0 ? 'new' : 'open') : state

const detailLines = (error: ErrorDetail, now: number): string[] => [
  `${error.type}: ${error.message}`,
  `State      ${signOf(error)}, seen ${error.count}×, last ${ago(error.lastSeen, now)}`,
  `First      ${error.firstSeen}`,
  ...(error.newIn.length > 0 ? [`New in     ${error.newIn.join(', ')}`] : []),
  ...(error.regressed === null ? [] : [`Came back  ${error.regressed}`]),
  ...(error.people === null ? [] : [`People     ${error.people}`]),
  ...error.suspects.map(({ name, reason }) => `Suspect    ${name}, because ${reason}`),
  '',
  ...table(
    error.releases.map(({ release, environment, sha, subject, count }) => [
      ...[`release ${release}`, environment, `${count}×`],
      `${sha?.slice(0, 7) ?? ''} ${subject ?? ''}`,
    ]),
  ),
  '',
  ...error.frames.map(frameLine),
]

const frameLine = ({ function: name, path, file, line, isOwn, changedBy }: ShownFrame): string =>
  `${isOwn ? '→' : ' '} ${name ?? ''} ${path ?? file ?? ''}${line === null ? '' : `:${line}`}` +
  (changedBy ? `  changed by ${changedBy.author} in ${changedBy.sha.slice(0, 7)}` : '')
