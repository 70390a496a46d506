import type { Command } from 'commander'
import { FairleadError } from '#contract/errors.ts'
import { fraction, positive } from '../arguments.ts'
import type { Context } from '../context.ts'

/** Adds `canary plan`. */
export function registerPlan(canary: Command, context: Context): void {
  canary
    .command('plan')
    .argument('[folder]', 'folder with the fairlead.yaml', '.')
    .requiredOption('--per-second <n>', 'requests a second of the environment', positive)
    .option('--environment <name>', 'environment; default: the last one with a canary')
    .option('--error-rate <percent>', 'percent of requests that fail normally', fraction, 0.1)
    .option('--per-session <n>', 'requests per session, when sessions are assigned', positive, 1)
    .description(
      'say in one sentence how a canary would go with this traffic and the steps and times of ' +
        'fairlead.yaml; needs no server',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead canary plan --per-second 20 --error-rate 0.5')
    .action((folder: string, options: PlanOptions) => plan(context, folder, options))
}

interface PlanOptions {
  perSecond: number
  environment?: string
  errorRate: number
  perSession: number
}

async function plan(context: Context, folder: string, options: PlanOptions): Promise<void> {
  const { perSecond, environment, errorRate, perSession } = options
  if (errorRate > 50)
    throw new FairleadError('invalid_input', {
      field: '--error-rate',
      problem: 'must be at most 50',
    })
  const answer = await context.local.planCanary(folder, environment, {
    perSecond: perSecond / perSession,
    // A session fails with its first failed request.
    errorRate: 1 - (1 - errorRate / 100) ** perSession,
  })
  context.answer(answer, () => [answer.sentence])
}
