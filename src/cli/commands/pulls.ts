import type { Command } from 'commander'
import { FairleadError } from '#contract/errors.ts'
import type { PullRequest } from '#contract/pull-request/pull-request.ts'
import { number } from '../arguments.ts'
import { ago, createPaint, short, state, table } from '../format.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'

export const register: Register = (program, context) => {
  const group: Command = program
    .command('pulls')
    .description('pull requests, their runs and previews, and approvals')
  group
    .command('list')
    .argument('<app>', 'name of the app')
    .option('--all', 'include closed pull requests')
    .description('list the open pull requests with their runs and previews')
    .addHelpText(
      'after',
      `
Examples:
  $ fairlead pulls list shop
  $ fairlead pulls list shop --all`,
    )
    .action((app: string, options: { all?: boolean }) => list(context, app, options.all === true))
  group
    .command('show')
    .argument('<app>', 'name of the app')
    .argument('<number>', 'number of the pull request', number)
    .description('show a pull request')
    .action((app: string, id: number) => show(context, app, id))
  group
    .command('approve')
    .argument('<app>', 'name of the app')
    .argument('<number>', 'number of the pull request', number)
    .option('--sha <commit>', 'fail when its head is another commit; default: its head')
    .description(
      'let the head run with secrets, like a commit of the repository; ' +
        'a new head needs a new approval',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead pulls approve shop 12 --sha 1a2b3c4d')
    .action((app: string, id: number, options: { sha?: string }) =>
      approve(context, app, id, options.sha),
    )
  group
    .command('run')
    .argument('<app>', 'name of the app')
    .argument('<number>', 'number of the pull request', number)
    .description('run the head again, which also restores a removed preview')
    .action(async (app: string, id: number) => {
      const { client } = await context.connect()
      const answer = await client.runPullRequest({ params: { app, number: id } })
      context.answer(answer, () => [
        `Running the head ${short(answer.sha ?? '')} of pull request ${id} again`,
      ])
    })
}

async function list(context: Context, app: string, isAll: boolean): Promise<void> {
  const { client } = await context.connect()
  const query = { limit: 200, ...(isAll ? {} : { state: 'open' as const }) }
  const answer = await client.listPullRequests({ params: { app }, query })
  const paint = createPaint(context.isLively())
  context.answer(answer, () => {
    const { pullRequests, looked, problem, previews } = answer
    const synced = looked === null ? 'not synced yet' : `synced ${ago(looked, context.now())}`
    const rows = pullRequests.map((one) => [
      String(one.number),
      one.state === 'open' ? (one.run ? state(one.run.state, paint) : 'waits') : one.state,
      one.sha === null ? '–' : short(one.sha),
      one.fork ?? one.branch,
      ago(one.active, context.now()),
      one.preview?.url ?? '–',
      one.reason === null ? one.title : `${one.title} (${one.reason})`,
    ])
    const head = ['number', 'state', 'head', 'from', 'active', 'preview', 'title'].map(paint.dim)
    return [
      ...(rows.length === 0
        ? [`${app} has no ${isAll ? '' : 'open '}pull requests`]
        : table([head, ...rows], context.stdout.columns ?? 120)),
      '',
      [
        `${previews} ${previews === 1 ? 'preview' : 'previews'}`,
        synced,
        ...(problem === null ? [] : [paint.bad(problem)]),
      ].join('; '),
    ]
  })
}

async function show(context: Context, app: string, id: number): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.getPullRequest({ params: { app, number: id } })
  context.answer(answer, () => describe(context, answer))
}

function describe(context: Context, one: PullRequest): string[] {
  const from = one.fork === null ? one.branch : `${one.branch} of ${one.fork}`
  const approval =
    one.approved === null ? 'no' : `${short(one.approved.sha)}, by ${one.approved.by}`
  const { run, preview } = one
  const reason = one.reason === null ? '' : `: ${one.reason}`
  return [
    `Pull request  ${one.number}: ${one.title}`,
    `State         ${one.state}${one.isDraft ? ', draft' : ''}${reason}`,
    `Head          ${one.sha ?? 'not fetched yet'}, ${from} into ${one.base}, by ${one.author}`,
    ...(one.fork === null ? [] : [`Approved      ${approval}`]),
    ...(run === null
      ? []
      : [
          `Run           ${run.id} of ${short(run.sha)}: ${run.state}` +
            (run.isTrusted ? '' : ', without secrets'),
        ]),
    ...(preview === null
      ? []
      : [
          `Preview       ${preview.url ?? 'not deployed yet'}` +
            (preview.since === null ? '' : `, live since ${ago(preview.since, context.now())}`),
        ]),
    ...(one.url === null ? [] : [`Page          ${one.url}`]),
    ...(one.asksApproval && one.sha !== null
      ? [
          '',
          'To let it run with secrets, run:',
          `  fairlead pulls approve ${one.app} ${one.number} --sha ${one.sha.slice(0, 12)}`,
        ]
      : []),
  ]
}

async function approve(
  context: Context,
  app: string,
  id: number,
  commit: string | undefined,
): Promise<void> {
  const { client } = await context.connect()
  const params = { app, number: id }
  const sha = commit ?? (await client.getPullRequest({ params })).sha
  if (sha === null)
    throw new FairleadError('not_now', { why: `The head of pull request ${id} is not fetched yet` })
  const answer = await client.approvePullRequest({ params, body: { sha } })
  context.answer(answer, () => [
    `Approved ${short(answer.sha ?? sha)} of pull request ${id}: it now runs with secrets`,
  ])
}
