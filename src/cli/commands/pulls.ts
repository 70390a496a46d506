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
    .description('pull requests: their runs, their previews, and who may run with secrets')
  group
    .command('list')
    .argument('<app>', 'name of the app')
    .option('--all', 'also those that are closed')
    .description('which are open, what became of their heads, and where they can be looked at')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead pulls list shop\n  $ fairlead pulls list shop --all',
    )
    .action((app: string, options: { all?: boolean }) => list(context, app, options.all === true))
  group
    .command('show')
    .argument('<app>', 'name of the app')
    .argument('<number>', 'number of the pull request', number)
    .description('one of them')
    .action((app: string, id: number) => show(context, app, id))
  group
    .command('approve')
    .argument('<app>', 'name of the app')
    .argument('<number>', 'number of the pull request', number)
    .option('--sha <commit>', 'refuse when its head is another one; default: its head')
    .description(
      'let its head run with secrets, as if it came from the repository itself; a new head needs it anew',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead pulls approve shop 12 --sha 1a2b3c4d')
    .action((app: string, id: number, options: { sha?: string }) =>
      approve(context, app, id, options.sha),
    )
  group
    .command('run')
    .argument('<app>', 'name of the app')
    .argument('<number>', 'number of the pull request', number)
    .description('run its head again, and bring its preview back when that was removed')
    .action(async (app: string, id: number) => {
      const { client } = await context.connect()
      const answer = await client.runPullRequest({ params: { app, number: id } })
      context.answer(answer, () => [
        `The head ${short(answer.sha ?? '')} of pull request ${id} is run again`,
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
    const known =
      looked === null ? 'nobody has looked yet' : `looked at ${ago(looked, context.now())}`
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
        ? [`No pull request of ${app} is open`]
        : table([head, ...rows], context.stdout.columns ?? 120)),
      '',
      `${previews} ${previews === 1 ? 'preview' : 'previews'}; ${known}${problem === null ? '' : `; ${paint.bad(problem)}`}`,
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
  const trust =
    one.approved === null ? 'by nobody' : `${short(one.approved.sha)}, by ${one.approved.by}`
  const { run, preview } = one
  return [
    `Pull request  ${one.number}: ${one.title}`,
    `State         ${one.state}${one.isDraft ? ', a draft' : ''}${one.reason === null ? '' : `: ${one.reason}`}`,
    `Head          ${one.sha ?? 'not here yet'}, ${from} into ${one.base}, by ${one.author}`,
    ...(one.fork === null ? [] : [`Approved      ${trust}`]),
    ...(run === null
      ? []
      : [
          `Run           ${run.id} of ${short(run.sha)}: ${run.state}${run.isTrusted ? '' : ', without secrets'}`,
        ]),
    ...(preview === null
      ? []
      : [
          `Preview       ${preview.url ?? 'on its way'}${preview.since === null ? '' : ` since ${ago(preview.since, context.now())}`}`,
        ]),
    ...(one.url === null ? [] : [`Page          ${one.url}`]),
    ...(one.asksApproval && one.sha !== null
      ? [
          '',
          `Let it run with secrets: fairlead pulls approve ${one.app} ${one.number} --sha ${one.sha.slice(0, 12)}`,
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
    throw new FairleadError('not_now', { why: `The head of pull request ${id} is not here yet` })
  const answer = await client.approvePullRequest({ params, body: { sha } })
  context.answer(answer, () => [
    `${short(answer.sha ?? sha)} of pull request ${id} runs as if it came from the repository itself`,
  ])
}
