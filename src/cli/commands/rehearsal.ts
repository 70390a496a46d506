import type { Command } from 'commander'
import type { Rehearsal } from '#contract/rehearsal/rehearsal.ts'
import { FairleadError } from '#contract/errors.ts'
import { count } from '../arguments.ts'
import { type Context, exitCodes } from '../context.ts'
import { ago, table } from '../format.ts'
import { durationWords } from '#contract/time-words.ts'
import type { Register } from '../register.ts'

interface Place {
  app: string
  environment: string
}

export const register: Register = (program, context) => {
  withPlace(program.command('rehearse'))
    .argument('[service]', 'name of the service; default: every service')
    .description(
      'start a second instance of a service apart from the world, with what is on disk now, and ' +
        'report whether the service would come back',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead rehearse shop production redis')
    .action((app: string, environment: string, service: string | undefined) =>
      rehearse(context, { app, environment }, service),
    )
  withPlace(program.command('rehearsals'))
    .option('--service <service>', 'only this service')
    .option('--limit <n>', 'number of entries', count, 20)
    .description('list the rehearsals of an environment, newest first')
    .addHelpText('after', '\nExamples:\n  $ fairlead rehearsals shop production --service redis')
    .action((app: string, environment: string, options: { service?: string; limit: number }) =>
      list(context, { app, environment }, options),
    )
  withPlace(program.command('restart'))
    .argument('<service>', 'name of the service')
    .option('--force', 'restart without a rehearsal; requires a reason')
    .option('--reason <text>', 'why the service is restarted, shown in the history')
    .description(
      'rehearse a service, and restart its instances one after another if it would come back',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead restart shop production redis' +
        '\n  $ fairlead restart shop production redis --force --reason "it hangs"',
    )
    .action(
      (
        app: string,
        environment: string,
        service: string,
        options: { force?: boolean; reason?: string },
      ) => restart(context, { app, environment }, service, options),
    )
}

const withPlace = (command: Command): Command =>
  command.argument('<app>', 'name of the app').argument('<environment>', 'name of the environment')

async function rehearse(
  context: Context,
  params: Place,
  service: string | undefined,
): Promise<void> {
  const { client } = await context.connect()
  const { services } = await client.listRehearsals({ params, query: { limit: 1 } })
  const names = service === undefined ? services.map((one) => one.service) : [service]
  const rehearsals: Rehearsal[] = []
  for (const name of names)
    rehearsals.push(await client.rehearse({ params, body: { service: name } }))
  context.answer({ rehearsals }, () =>
    rehearsals.length === 0
      ? [`Nothing runs in ${params.app}/${params.environment}`]
      : rehearsals.flatMap(inWords),
  )
  if (rehearsals.some(({ state }) => state !== 'returns')) context.exit(exitCodes.no)
}

const sentences = {
  returns: 'would come back',
  fails: 'would not come back',
  unknown: 'is not known to come back',
} as const

function inWords(one: Rehearsal): string[] {
  const because = one.reason === null ? '' : `: ${one.reason}`
  return [
    `${one.service} ${sentences[one.state]}${because}`,
    ...(one.place === null ? [] : [`  ${one.place.file}:${one.place.line}: ${one.place.text}`]),
    ...one.checks.map(({ name, state, detail }) => `  ${name}: ${state}: ${detail}`),
    ...(one.differences.length === 0 ? [] : ['  it would differ from the running instance:']),
    ...table(
      one.differences.map(({ kind, name, now, after, isSecret }) => [
        `    ${kind}`,
        name,
        isSecret ? '(secret) → (secret)' : `${now ?? '–'} → ${after ?? '–'}`,
      ]),
    ),
    ...(one.startMs === undefined
      ? []
      : [`  it was ready ${durationWords(one.startMs)} after its start`]),
    `  took ${(one.ms / 1000).toFixed(1)} s, ${Math.round(one.memory / 1e6)} MB of memory and ` +
      `${Math.round(one.disk / 1e6)} MB of disk`,
  ]
}

async function list(
  context: Context,
  params: Place,
  options: { service?: string; limit: number },
): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listRehearsals({ params, query: options })
  context.answer(answer, () =>
    answer.rehearsals.length === 0
      ? ['There are no rehearsals yet']
      : table(
          answer.rehearsals.map((one) => [
            one.service,
            sentences[one.state],
            ago(one.ended, context.now()),
            `${one.cause} by ${one.actor}`,
            one.reason ?? '',
          ]),
          context.stdout.columns ?? 140,
        ),
  )
}

async function restart(
  context: Context,
  params: Place,
  service: string,
  { force = false, reason }: { force?: boolean; reason?: string },
): Promise<void> {
  if (force && !reason)
    throw new FairleadError('invalid_input', {
      field: '--reason',
      problem: 'is required with --force: it is shown in the history',
    })
  const { client } = await context.connect()
  const body = { service, force, ...(reason === undefined ? {} : { reason }) }
  const answer = await client.restartService({ params, body })
  context.answer(answer, () => [
    answer.problem === null
      ? `${service} was restarted and is healthy`
      : `${service} was restarted and is not healthy: ${answer.problem}`,
  ])
  if (answer.problem !== null) context.exit(exitCodes.no)
}
