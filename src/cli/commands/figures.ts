import { durationWords } from '#contract/time-words.ts'
import { count } from '../arguments.ts'
import type { Context } from '../context.ts'
import { table } from '../format.ts'
import type { Register } from '../register.ts'

export const register: Register = (program, context) => {
  program
    .command('figures')
    .argument('[app]', 'only this app')
    .option('--days <n>', 'length of the period in days', count, 30)
    .description('show how often and how fast changes reach production, and how many fail there')
    .addHelpText('after', '\nExamples:\n  $ fairlead figures\n  $ fairlead figures shop --days 7')
    .action((app: string | undefined, { days }: { days: number }) => figures(context, app, days))
}

async function figures(context: Context, app: string | undefined, days: number): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.getDeliveryFigures({
    query: { days, ...(app === undefined ? {} : { app }) },
  })
  const { now, before } = answer
  const duration = (ms: number | null): string => (ms === null ? 'none' : durationWords(ms))
  context.answer(answer, () =>
    table([
      ['production', `last ${days} days`, `${days} days before`],
      ['deployments', String(now.deployments), String(before.deployments)],
      ['lead time', duration(now.leadTimeMs), duration(before.leadTimeMs)],
      ['rolled back', String(now.failed), String(before.failed)],
      ['time to recover', duration(now.recoveryMs), duration(before.recoveryMs)],
    ]),
  )
}
