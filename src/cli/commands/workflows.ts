import { createPaint, table } from '../format.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'

export const register: Register = (program, context) => {
  const group = program
    .command('workflows')
    .description('workflows that were suspended because the server crashed while it ran them')
  group
    .command('list')
    .description('list the suspended workflows and the reasons')
    .action(() => list(context))
  for (const [name, description] of [
    ['continue', 'continue a suspended workflow where it stopped'],
    ['cancel', 'cancel a suspended workflow without running it'],
  ] as const)
    group
      .command(name)
      .argument('<workflow>', 'its kind and number, such as delivery/7')
      .description(description)
      .addHelpText('after', `\nExamples:\n  $ fairlead workflows ${name} delivery/7`)
      .action(async (workflow: string) => {
        const { client } = await context.connect()
        const call = name === 'continue' ? client.continueWorkflow : client.cancelWorkflow
        const answer = await call({ params: { workflow } })
        context.answer(answer, () => [
          name === 'continue' ? `${answer.id} continues` : `${answer.id} is cancelled`,
        ])
      })
}

async function list(context: Context): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listWorkflows()
  const paint = createPaint(context.isLively())
  context.answer(answer, () =>
    answer.workflows.length === 0
      ? ['No workflow is suspended']
      : table(
          [
            ['workflow', 'app', 'reason'].map(paint.dim),
            ...answer.workflows.map(({ id, app, reason }) => [id, app ?? '', reason]),
          ],
          context.stdout.columns ?? 120,
        ),
  )
}
