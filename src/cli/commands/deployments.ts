import { deploymentNotes } from '#contract/deployment/before-words.ts'
import type { Deployment } from '#contract/run/run.ts'
import { ago, createPaint, short, state, table } from '../format.ts'
import { count, number } from '../arguments.ts'
import type { Register } from '../register.ts'
import { type Context, exitCodes } from '../context.ts'
import { untilAnswered } from '../until-answered.ts'

export const register: Register = (program, context) => {
  program
    .command('deployments')
    .argument('[app]', 'only this app')
    .option('--environment <environment>', 'only this environment')
    .option('--limit <n>', 'number of entries', count, 20)
    .option('--before <deployment>', 'older than this deployment', number)
    .description('list deployments, newest first')
    .addHelpText('after', '\nExamples:\n  $ fairlead deployments shop --environment production')
    .action(
      async (
        app: string | undefined,
        options: { environment?: string; limit: number; before?: number },
      ) => {
        const { client } = await context.connect()
        const answer = await client.listDeployments({
          query: { ...(app === undefined ? {} : { app }), ...options },
        })
        const paint = createPaint(context.isLively())
        context.answer(answer, () => {
          if (answer.deployments.length === 0) return ['There are no deployments yet']
          const rows = answer.deployments.map((one) => [
            String(one.id),
            `${one.app}/${one.environment}`,
            one.kind,
            state(one.state, paint),
            short(one.change.sha),
            ago(one.live ?? one.created, context.now()),
            one.actor,
            one.reason ?? one.change.subject,
          ])
          return table(
            [
              ['deployment', 'where', 'kind', 'state', 'change', 'when', 'by', 'subject'].map(
                paint.dim,
              ),
              ...rows,
            ],
            context.stdout.columns ?? 140,
          )
        })
      },
    )
  program
    .command('deployment')
    .argument('<deployment>', 'number of the deployment', number)
    .description(
      'show a deployment, the command that ran before its services, and how long clients of ' +
        'services that run once had to wait',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead deployment 21')
    .action(async (deployment: number) => {
      const { client } = await context.connect()
      const answer = await client.getDeployment({ params: { deployment } })
      const paint = createPaint(context.isLively())
      const { app, environment, kind, state: at, change, reason } = answer
      context.answer(answer, () => [
        `${app}/${environment} ${kind} ${state(at, paint)}: ` +
          `${short(change.sha)} “${change.subject}”`,
        ...(reason === null ? [] : [`  ${reason}`]),
        ...deploymentNotes(answer).map((note) => `  ${note}`),
      ])
    })
  program
    .command('rollback')
    .argument('<app>', 'name of the app')
    .argument('<environment>', 'name of the environment')
    .option(
      '--to <deployment>',
      'return to the release of this deployment; default: the last proven release',
      number,
    )
    .option('--reason <text>', 'reason, shown in the history')
    .option(
      '--force',
      'also to a release that does not work with what ran before later ones; needs a reason',
    )
    .option('--no-wait', 'do not wait until it ends')
    .description(
      'return an environment to its last proven release and hold the change that is rolled back',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead rollback shop production --reason "prices are wrong"',
    )
    .action(
      (
        app: string,
        environment: string,
        options: { to?: number; reason?: string; force?: boolean; wait: boolean },
      ) => rollback(context, app, environment, options),
    )
}

async function rollback(
  context: Context,
  app: string,
  environment: string,
  options: { to?: number; reason?: string; force?: boolean; wait: boolean },
): Promise<void> {
  const { client } = await context.connect()
  const body = {
    ...(options.to === undefined ? {} : { to: options.to }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(options.force ? { force: true } : {}),
  }
  let deployment: Deployment = await client.rollback({ params: { app, environment }, body })
  while (options.wait && isOpen(deployment) && !context.signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const params = { deployment: deployment.id }
    const next = await untilAnswered(context, () => client.getDeployment({ params }))
    deployment = next ?? deployment
  }
  const isDone = deployment.state === 'live' || !options.wait
  context.answer(deployment, () => [
    isDone
      ? `${app}/${environment} ${options.wait ? 'is' : 'goes'} back to ${short(deployment.change.sha)} “${deployment.change.subject}”`
      : `The rollback ${deployment.state}: ${deployment.reason ?? 'no reason given'}`,
  ])
  if (!isDone) context.exit(exitCodes.no)
}

const isOpen = (deployment: Deployment): boolean =>
  ['waiting', 'starting', 'verifying', 'canary', 'switching'].includes(deployment.state)
