import type { Slo } from '#contract/slo/slo.ts'
import { table } from '../format.ts'
import type { Register } from '../register.ts'

export const register: Register = (program, context) => {
  program
    .command('slo')
    .argument('[app]', 'name of the app')
    .description('list objectives, what is left of their error budgets, and how fast they are used')
    .addHelpText(
      'after',
      '\nThe exit code is 1 when a budget is used too fast.\n\nExamples:\n  $ fairlead slo shop',
    )
    .action(async (app: string | undefined) => {
      const { client } = await context.connect()
      const answer = await client.listSlos({ query: app === undefined ? {} : { app } })
      context.answer(answer, () =>
        answer.slos.length === 0
          ? ['No objectives; `slo` of fairlead.yaml has them']
          : table(answer.slos.map(rowOf)),
      )
      const isHarm = ({ state }: Slo): boolean => state === 'down' || state === 'degraded'
      if (answer.slos.some(isHarm)) context.exit(1)
    })
}

const rowOf = (one: Slo): string[] => [
  [one.app, one.environment, one.service].filter(Boolean).join('/'),
  one.name,
  objectiveWords(one),
  one.budgetLeft === null ? 'no requests' : `${percent(one.budgetLeft)} left`,
  one.burn.hour === null ? '' : `${Number(one.burn.hour.toPrecision(2))}×`,
  one.state,
  one.reason,
]

const objectiveWords = ({ objective, below }: Slo): string =>
  `${percent(objective)} ${below === null ? 'succeed' : `below ${below} ms`}`

const percent = (share: number): string => `${Number((share * 100).toPrecision(5))} %`
