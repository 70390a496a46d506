import type { Decision } from '#contract/deployment/decision.ts'
import { number } from '../arguments.ts'
import { table, took } from '../format.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'

export const register: Register = (program, context) => {
  program
    .command('approve')
    .argument('<deployment>', 'number of the deployment', number)
    .option('--comment <text>', 'why', '')
    .description('approve a deployment; the authors of the change cannot')
    .addHelpText('after', '\nExamples:\n  $ fairlead approve 31 --comment "seen with ops"')
    .action((id: number, options: { comment: string }) =>
      decide(context, id, 'approve', options.comment),
    )
  program
    .command('refuse')
    .argument('<deployment>', 'number of the deployment', number)
    .option('--comment <text>', 'why', '')
    .description('refuse a deployment that waits for approval')
    .action((id: number, options: { comment: string }) =>
      decide(context, id, 'refuse', options.comment),
    )
  program
    .command('override-freeze')
    .argument('<deployment>', 'number of the deployment', number)
    .requiredOption('--comment <text>', 'why the freeze does not count; it is recorded')
    .description('start a deployment in spite of a freeze')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead override-freeze 31 --comment "fixes the outage of today"',
    )
    .action((id: number, options: { comment: string }) =>
      decide(context, id, 'override', options.comment),
    )
  program
    .command('time-lost')
    .argument('<app>', 'name of the app')
    .option('--days <n>', 'number of days to look back', number, 30)
    .description('show how long deployments waited for approvals and freezes')
    .action((app: string, options: { days: number }) => timeLost(context, app, options))
}

async function timeLost(context: Context, app: string, options: { days: number }): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listTimeLost({ params: { app }, query: options })
  const length = (ms: number): string =>
    ms === 0 ? '-' : took(new Date(0).toISOString(), null, ms)
  context.answer(answer, () =>
    table([
      ['environment', 'deployments', 'waited', 'for approval', 'frozen', 'longest'],
      ...answer.environments.map((one) => [
        one.environment,
        String(one.deployments),
        String(one.waited),
        length(one.approvalMs),
        length(one.frozenMs),
        length(one.longestMs),
      ]),
    ]),
  )
}

const words = { approve: 'approved', refuse: 'refused', override: 'let go in spite of the freeze' }

async function decide(
  context: Context,
  deployment: number,
  kind: Decision['kind'],
  comment: string,
): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.decideDeployment({ params: { deployment }, body: { kind, comment } })
  const lost = answer.frozenMs + answer.approvalMs
  const since = Date.parse(answer.since ?? new Date(context.now()).toISOString()) - lost
  context.answer(answer, () => [
    `Deployment ${deployment} is ${words[kind]}, after it waited ${took(new Date(since).toISOString(), null, context.now())}`,
  ])
}
