import type { RunDetail } from '#contract/run/run.ts'
import { ago, createPaint, short, state, table, took } from '../format.ts'
import { followRun } from '../progress.ts'
import { assignment, count, number } from '../arguments.ts'
import type { Register } from '../register.ts'
import { type Context, exitCodes } from '../context.ts'

export const register: Register = (program, context) => {
  program
    .command('runs')
    .argument('[app]', 'only this app')
    .option('--limit <n>', 'number of entries', count, 20)
    .option('--before <run>', 'older than this run', number)
    .description('list the runs, newest first')
    .addHelpText('after', '\nExamples:\n  $ fairlead runs shop --limit 5')
    .action((app: string | undefined, options: { limit: number; before?: number }) =>
      runs(context, app, options),
    )
  program
    .command('show')
    .argument('<run>', 'number of the run', number)
    .option('-f, --follow', 'follow it until it ends')
    .description('show a run with its steps and deployments')
    .addHelpText('after', '\nExamples:\n  $ fairlead show 12\n  $ fairlead show 12 --follow')
    .action((id: number, options: { follow?: boolean }) =>
      show(context, id, options.follow === true),
    )
  program
    .command('deliver')
    .argument('<app>', 'name of the app')
    .option('--commit <id>', 'commit to deliver; default: the head of the branch')
    .option(
      '--set <parameter...>',
      'KEY=VALUE, a parameter of fairlead.yaml; always starts a new run',
    )
    .option('--wait', 'follow it until it ends')
    .description(
      'deliver a commit; returns the existing run when the commit is in progress or live',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead deliver shop\n  $ fairlead deliver shop --set LEVEL=debug --wait',
    )
    .action((app: string, options: DeliverOptions) => deliver(context, app, options))
  for (const [name, description] of [
    ['cancel', 'cancel a run and kill its processes'],
    ['retry', 'deliver the change of a run again, in a new run'],
  ] as const) {
    program
      .command(name)
      .argument('<run>', 'number of the run', number)
      .description(description)
      .addHelpText('after', `\nExamples:\n  $ fairlead ${name} 12`)
      .action(async (id: number) => {
        const { client } = await context.connect()
        const run = await (name === 'cancel' ? client.cancelRun : client.retryRun)({
          params: { run: id },
        })
        context.answer(run, () => [
          name === 'cancel'
            ? `Run ${run.id} is being cancelled`
            : `Run ${run.id} delivers ${short(run.change.sha)} again`,
        ])
      })
  }
}

interface DeliverOptions {
  commit?: string
  set?: string[]
  wait?: boolean
}

async function deliver(context: Context, app: string, options: DeliverOptions): Promise<void> {
  const { client } = await context.connect()
  const parameters = Object.fromEntries((options.set ?? []).map(assignment))
  const body = { ...(options.commit === undefined ? {} : { commit: options.commit }), parameters }
  const run = await client.createRun({ params: { app }, body })
  if (options.wait) return show(context, run.id, true)
  context.answer(run, () => [
    `Run ${run.id} delivers ${short(run.change.sha)}. Follow it: fairlead show ${run.id} --follow`,
  ])
}

async function runs(
  context: Context,
  app: string | undefined,
  options: { limit: number; before?: number },
): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listRuns({
    query: { ...(app === undefined ? {} : { app }), ...options },
  })
  const paint = createPaint(context.isLively())
  context.answer(answer, () => {
    if (answer.runs.length === 0) return ['There are no runs yet']
    const rows = answer.runs.map((run) => [
      String(run.id),
      run.app,
      state(run.state, paint),
      short(run.change.sha),
      ago(run.created, context.now()),
      took(run.started, run.ended, context.now()),
      run.reason ?? run.change.subject,
    ])
    const more =
      answer.next === null
        ? []
        : [paint.dim(`more: fairlead runs ${app ?? ''} --before ${answer.next}`)]
    return [
      ...table(
        [['run', 'app', 'state', 'change', 'when', 'took', 'subject'].map(paint.dim), ...rows],
        context.stdout.columns ?? 120,
      ),
      ...more,
    ]
  })
}

async function show(context: Context, id: number, follow: boolean): Promise<void> {
  const { client } = await context.connect()
  const run = follow
    ? await followRun(context, client, id)
    : await client.getRun({ params: { run: id } })
  if (run === null) return context.exit(exitCodes.interrupted)
  context.answer(run, () => describe(context, run))
  if (['failed', 'cancelled', 'suspended'].includes(run.state)) context.exit(exitCodes.no)
}

function describe(context: Context, run: RunDetail): string[] {
  const paint = createPaint(context.isLively())
  const rows = [
    ...run.steps.map((step) => [
      `  ${step.name}`,
      state(step.state, paint),
      took(step.started, step.ended, context.now()),
      step.reason ?? step.command.split('\n')[0] ?? '',
    ]),
    ...run.deployments.map(({ environment, deployment }) => [
      `  ${environment}`,
      state(deployment?.state ?? 'waiting', paint),
      took(
        deployment?.started ?? null,
        deployment?.live ?? deployment?.ended ?? null,
        context.now(),
      ),
      deployment?.reason ?? deployment?.url ?? '',
    ]),
  ]
  return [
    `run ${run.id} of ${run.app}: ${state(run.state, paint)} ${took(run.started, run.ended, context.now())}`,
    `  ${short(run.change.sha)} ${run.change.subject} (${run.change.author.name})`,
    ...(run.reason ? [`  ${paint.bad(run.reason)}`] : []),
    ...(run.state === 'suspended'
      ? [`  continue it: fairlead workflows continue delivery/${run.id}`]
      : []),
    ...table(rows, context.stdout.columns ?? 120),
    ...decisionsOf(run),
    ...run.warnings.map((one) => `  warning: ${one}`),
  ]
}

/** The commands that decide about deployments that wait for a person or the end of a freeze. */
function decisionsOf({ id: run, deployments }: RunDetail): string[] {
  return deployments.flatMap(({ environment, deployment }) => {
    if (deployment?.state === 'canary' && deployment.reason !== null)
      return [
        `  Decide about ${environment}: fairlead canary promote ${run}, or fairlead cancel ${run}`,
      ]
    if (deployment?.state !== 'waiting' || deployment.reason === null) return []
    const { id, reason } = deployment
    if (reason.startsWith('waits for approval'))
      return [`  Decide about ${environment}: fairlead approve ${id}, or fairlead refuse ${id}`]
    const override = `fairlead override-freeze ${id} --comment WHY`
    return /freeze|frozen/.test(reason)
      ? [`  Deploy to ${environment} in spite of the freeze: ${override}`]
      : []
  })
}
