import type { Role } from '#contract/endpoint.ts'
import { Option } from 'commander'
import { ago, table } from '../format.ts'
import { number } from '../arguments.ts'
import type { Register } from '../register.ts'

export const roleOption = (description: string): Option =>
  new Option('--role <role>', description).choices(['viewer', 'developer', 'operator', 'admin'])

export const register: Register = (program, context) => {
  const tokens = program.command('tokens').description('manage tokens for scripts and machines')
  tokens
    .command('list', { isDefault: true })
    .description('list your tokens, without their secrets; an admin sees all tokens')
    .action(async () => {
      const { client } = await context.connect()
      const answer = await client.listTokens()
      context.answer(answer, () =>
        table(
          [
            ['id', 'name', 'role', 'apps', 'user', 'last used', 'expires'],
            ...answer.tokens.map((token) => [
              token.id,
              token.name,
              token.role,
              token.apps?.join(', ') ?? 'all',
              token.user ?? 'this machine',
              ago(token.used, context.now()),
              token.expires?.slice(0, 10) ?? 'never',
            ]),
          ],
          context.stdout.columns,
        ),
      )
    })
  tokens
    .command('create')
    .argument('<name>', 'name of the token')
    .addOption(roleOption('role of the token; it never exceeds your own').default('developer'))
    .option('--days <n>', 'days until the token expires (default: never)', number)
    .option('--apps <names...>', 'limit the token to these apps')
    .description('create a token and print its secret, which is shown only once')
    .addHelpText(
      'after',
      '\nExamples:' +
        '\n  $ fairlead tokens create laptop --role developer --days 90' +
        '\n  $ fairlead tokens create ci --apps shop --role developer',
    )
    .action(async (name: string, options: { role: Role; days?: number; apps?: string[] }) => {
      const { client } = await context.connect()
      const token = await client.createToken({ body: { name, ...options } })
      context.answer(token, () => [token.secret])
    })
  tokens
    .command('revoke')
    .argument('<id>', 'id of the token, as shown by `tokens list`')
    .description('revoke a token')
    .action(async (id: string) => {
      const { client } = await context.connect()
      const answer = await client.deleteToken({ params: { id } })
      context.answer(answer, () => [`The token ${id} is revoked`])
    })

  const sessions = program.command('sessions').description('manage sessions in browsers')
  sessions
    .command('list', { isDefault: true })
    .option('--user <name>', 'list the sessions of this user (admins only)')
    .description('list your sessions')
    .action(async ({ user }: { user?: string }) => {
      const { client } = await context.connect()
      const answer = await client.listSessions({ query: user === undefined ? {} : { user } })
      context.answer(answer, () =>
        table(
          [
            ['id', 'since', 'last used', 'signed in by', 'address', 'browser'],
            ...answer.sessions.map((session) => [
              session.id,
              session.created.slice(0, 16).replace('T', ' '),
              ago(session.seen, context.now()),
              session.way,
              session.address ?? '',
              session.agent ?? '',
            ]),
          ],
          context.stdout.columns,
        ),
      )
    })
  sessions
    .command('end')
    .argument('[id]', 'id of the session, as shown by `sessions list`; all sessions when omitted')
    .option('--user <name>', 'end all sessions of this user (admins only)')
    .description('end one session or all of them')
    .addHelpText(
      'after',
      '\nExamples:' +
        '\n  $ fairlead sessions end s-0a1b2c3d4e5f6071' +
        '\n  $ fairlead sessions end --user Ada',
    )
    .action(async (id: string | undefined, { user }: { user?: string }) => {
      const { client } = await context.connect()
      if (id !== undefined) {
        const answer = await client.endSession({ params: { session: id } })
        return context.answer(answer, () => [`The session ${id} has ended`])
      }
      const answer = await client.endSessions({ query: user === undefined ? {} : { user } })
      return context.answer(answer, () => [
        `${answer.ended} ${answer.ended === 1 ? 'session has' : 'sessions have'} ended`,
      ])
    })

  program
    .command('link')
    .option('--name <name>', 'user to sign in; with --role, a missing user is created', 'admin')
    .addOption(roleOption('role of the user for all apps from then on'))
    .description('create a one-time sign-in link for the console; run it on the server’s machine')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead link\n  $ fairlead link --name Ada --role operator',
    )
    .action(async (options: { name: string; role?: Role }) => {
      const url = await context.local.link(options)
      context.answer({ url }, () => [url])
    })
}
