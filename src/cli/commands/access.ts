import type { Role } from '#contract/endpoint.ts'
import { Option } from 'commander'
import { ago, table } from '../format.ts'
import { number } from '../arguments.ts'
import type { Register } from '../register.ts'

export const roleOption = (words: string): Option =>
  new Option('--role <role>', words).choices(['viewer', 'developer', 'operator', 'admin'])

export const register: Register = (program, context) => {
  const tokens = program.command('tokens').description('tokens for machines')
  tokens
    .command('list', { isDefault: true })
    .description('list your tokens, without their secrets; an admin sees all')
    .action(async () => {
      const { client } = await context.connect()
      const answer = await client.listTokens()
      context.answer(answer, () =>
        table(
          [
            ['id', 'name', 'role', 'apps', 'of', 'used', 'ends'],
            ...answer.tokens.map((one) => [
              one.id,
              one.name,
              one.role,
              one.apps?.join(', ') ?? 'all',
              one.user ?? 'this machine',
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
    .addOption(roleOption('what it may do, and never more than you').default('developer'))
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

  const sessions = program.command('sessions').description('where people are signed in')
  sessions
    .command('list', { isDefault: true })
    .option('--user <name>', 'of somebody else, which an admin may see')
    .description('where you are signed in')
    .action(async ({ user }: { user?: string }) => {
      const { client } = await context.connect()
      const answer = await client.listSessions({ query: user === undefined ? {} : { user } })
      context.answer(answer, () =>
        table(
          [
            ['id', 'since', 'last seen', 'by', 'address', 'browser'],
            ...answer.sessions.map((one) => [
              one.id,
              one.created.slice(0, 16).replace('T', ' '),
              ago(one.seen, context.now()),
              one.way,
              one.address ?? '',
              one.agent ?? '',
            ]),
          ],
          context.stdout.columns,
        ),
      )
    })
  sessions
    .command('end')
    .argument('[id]', 'as `sessions list` shows it; all, when left out')
    .option('--user <name>', 'all of somebody else, which an admin may end')
    .description('end a session, or all')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead sessions end s-0a1b2c3d4e5f6071\n  $ fairlead sessions end --user Ada',
    )
    .action(async (id: string | undefined, { user }: { user?: string }) => {
      const { client } = await context.connect()
      if (id !== undefined) {
        const answer = await client.endSession({ params: { session: id } })
        return context.answer(answer, () => [`${id} has ended`])
      }
      const answer = await client.endSessions({ query: user === undefined ? {} : { user } })
      return context.answer(answer, () => [
        `${answer.ended} ${answer.ended === 1 ? 'session has' : 'sessions have'} ended`,
      ])
    })

  program
    .command('link')
    .option(
      '--name <name>',
      'who it signs in; made when there is none and a role is given',
      'admin',
    )
    .addOption(roleOption('what they may do with everything from then on'))
    .description('make a one-time sign-in link for the console; works on the machine of the server')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead link\n  $ fairlead link --name Ada --role operator',
    )
    .action(async (options: { name: string; role?: Role }) => {
      const url = await context.local.link(options)
      context.answer({ url }, () => [url])
    })
}
