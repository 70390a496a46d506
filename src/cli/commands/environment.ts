import type { Certificate, Environment } from '#contract/environment/environment.ts'
import { FairleadError } from '#contract/errors.ts'
import { ago, createPaint, short, state, table } from '../format.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'

export const register: Register = (program, context) => {
  const environment = program.command('environment').description('show or remove an environment')
  environment
    .command('show', { isDefault: true })
    .argument('<app>', 'name of the app')
    .argument('<environment>', 'name of the environment')
    .description('show what runs in an environment, its instances and its rollback target')
    .addHelpText('after', '\nExamples:\n  $ fairlead environment shop production')
    .action((app: string, name: string) => show(context, app, name))
  environment
    .command('remove')
    .argument('<app>', 'name of the app')
    .argument('<environment>', 'name of the environment')
    .option('--yes', 'do not ask for confirmation')
    .description(
      'stop and remove an environment that is no longer in fairlead.yaml; its history and its ' +
        'configuration are kept',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead environment remove shop staging --yes')
    .action(async (app: string, name: string, options: { yes?: boolean }) => {
      if (options.yes !== true)
        throw new FairleadError('invalid_input', {
          field: '--yes',
          problem: `is required: this stops all services of ${app} in ${name}`,
        })
      const { client } = await context.connect()
      const answer = await client.removeEnvironment({ params: { app, environment: name } })
      context.answer(answer, () => [`${app}/${name} is stopped and removed; its history is kept`])
    })
}

async function show(context: Context, app: string, name: string): Promise<void> {
  const { client } = await context.connect()
  const one = await client.getEnvironment({ params: { app, environment: name } })
  const paint = createPaint(context.isLively())
  context.answer(one, () => [
    `${app}/${name}: ${state(one.health, paint)}`,
    runs(one, context.now()),
    ...one.urls.map((url) => `  ${url}`),
    ...(one.problem === null ? [] : [paint.bad(`  ${one.problem}`)]),
    ...(one.isInFile ? [] : [paint.bad(`  no longer in fairlead.yaml`)]),
    rollsBack(one.rollback),
    ...table(one.certificates.map(certificateRow), context.stdout.columns ?? 100),
    ...(one.held.length > 0 ? [`  held here: ${one.held.map(short).join(', ')}`] : []),
    ...table(
      one.instances.map((instance) => [
        `  ${instance.service}.${instance.index}${instance.host ? ` on ${instance.host}` : ''}`,
        state(instance.state, paint),
        `pid ${instance.pid ?? '–'}`,
        `port ${instance.port ?? '–'}`,
        `${instance.restarts} restarts${instance.isLooping ? ', in a crash loop' : ''}`,
      ]),
      context.stdout.columns ?? 100,
    ),
  ])
}

function certificateRow({ domain, state: found, expires, issuer, problem, next }: Certificate) {
  const none = problem === null ? 'being ordered' : 'no certificate'
  const until = expires === null ? none : `until ${day(expires)} by ${issuer ?? '–'}`
  const due = next === null ? '' : `next order ${day(next)}`
  return [`  ${domain}`, found, until, due, problem ?? '']
}

const day = (time: string): string => time.slice(0, 16).replace('T', ' ')

function runs({ current, isProven }: Environment, now: number): string {
  if (current === null) return '  nothing runs here yet'
  const { sha, subject, author } = current.change
  const since = `since ${ago(current.live, now)}, ${isProven ? 'proven' : 'not proven'}`
  return `  runs ${short(sha)} “${subject}” by ${author.name}, ${since}`
}

function rollsBack({ to, reason, isProven }: Environment['rollback']): string {
  if (to === null) return `  cannot be rolled back: ${reason ?? ''}`
  const { sha, subject } = to.change
  const which = `deployment ${to.id}, ${isProven ? 'the last proven release' : 'not proven'}`
  return `  can be rolled back to ${short(sha)} “${subject}” (${which})`
}
