import type { Role } from '#contract/endpoint.ts'
import { Option } from 'commander'
import { ago, table } from '../format.ts'
import { number } from '../arguments.ts'
import type { Register } from '../register.ts'

export const register: Register = (program, context) => {
  const tokens = program.command('tokens').description('tokens for machines')
  tokens
    .command('list', { isDefault: true })
    .description('list the tokens, without their secrets')
    .action(async () => {
      const { client } = await context.connect()
      const answer = await client.listTokens()
      context.answer(answer, () =>
        table(
          [
            ['id', 'name', 'role', 'apps', 'used', 'ends'],
            ...answer.tokens.map((one) => [
              one.id,
              one.name,
              one.role,
              one.apps?.join(', ') ?? 'all',
              ago(one.used, context.now()),
              one.expires?.slice(0, 10) ?? 'never',
            ]),
          ],
          context.stdout.columns,
        ),
      )
    })
  tokens
    .command('create')
    .argument('<name>', 'what it is for')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['viewer', 'developer', 'operator', 'admin'])
        .default('developer'),
    )
    .option('--days <n>', 'ends after so many days', number)
    .option('--apps <names...>', 'for these apps only')
    .description('create a token; it is shown only now')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead tokens create laptop --role developer --days 90\n  $ fairlead tokens create ci --apps shop --role developer',
    )
    .action(async (name: string, options: { role: Role; days?: number; apps?: string[] }) => {
      const { client } = await context.connect()
      const token = await client.createToken({ body: { name, ...options } })
      context.answer(token, () => [token.secret])
    })
  tokens
    .command('revoke')
    .argument('<id>', 'as `tokens list` shows it')
    .description('revoke a token')
    .action(async (id: string) => {
      const { client } = await context.connect()
      const answer = await client.deleteToken({ params: { id } })
      context.answer(answer, () => [`${id} opens nothing any more`])
    })
  program
    .command('link')
    .description('make a one-time sign-in link for the console; works on the machine of the server')
    .addHelpText('after', '\nExamples:\n  $ fairlead link')
    .action(async () => {
      const url = await context.local.link()
      context.answer({ url }, () => [url])
    })
}
