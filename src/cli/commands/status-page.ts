import { componentStateWords } from '#contract/status-page/status-page.ts'
import { ago, table } from '../format.ts'
import type { Register } from '../register.ts'

export const register: Register = (program, context) => {
  program
    .command('status-page')
    .description('show the address of the status page and what it says')
    .addHelpText('after', '\nExamples:\n  $ fairlead status-page')
    .action(async () => {
      const { client } = await context.connect()
      const answer = await client.listStatusComponents({})
      context.answer(answer, () => [
        answer.address ?? 'The page is not served: FAIRLEAD_STATUS_HOST is off',
        ...(answer.components.length === 0
          ? ['It has no components yet; deploy an app to its last environment']
          : table(
              answer.components.map(({ name, state, since, uptime, confirmed }) => [
                name,
                componentStateWords[state],
                `since ${ago(since, context.now())}`,
                uptime === null ? '' : `${(Math.floor(uptime * 1e4) / 100).toFixed(2)} %`,
                `confirmed ${ago(confirmed, context.now())}`,
              ]),
            )),
      ])
    })
}
