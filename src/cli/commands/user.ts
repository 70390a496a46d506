import type { User } from '#contract/access/access.ts'
import type { Role } from '#contract/endpoint.ts'
import { roles } from '#contract/endpoint.ts'
import { FairleadError } from '#contract/errors.ts'
import { describeGrants } from '#contract/access/grants.ts'
import { ago, table } from '../format.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'
import { roleOption } from './access.ts'

export const register: Register = (program, context) => {
  const users = program.command('users').description('people, and what each may do')
  users
    .command('list', { isDefault: true })
    .option('--app <name>', 'who may do what with an app')
    .description('list the users, and what they may do')
    .action(async ({ app }: { app?: string }) => {
      const { client } = await context.connect()
      if (app !== undefined) {
        const answer = await client.listAppUsers({ params: { app } })
        const rows = answer.users.map((one) => [
          one.name,
          one.role,
          one.disabled === null ? '' : 'disabled',
        ])
        return context.answer(answer, () =>
          table([['name', `with ${app}`, ''], ...rows], context.stdout.columns),
        )
      }
      const answer = await client.listUsers()
      return context.answer(answer, () =>
        table(
          [
            ['name', 'may', 'e-mail', 'last seen', ''],
            ...answer.users.map((one) => row(context, one)),
          ],
          context.stdout.columns,
        ),
      )
    })
  users
    .command('show')
    .argument('<name>', 'of the user')
    .description('show a user: what was given, what groups give, how they sign in')
    .action(async (name: string) => {
      const { client } = await context.connect()
      const user = await client.getUser({ params: { user: name } })
      context.answer(user, () => show(context, user))
    })
  users
    .command('add')
    .argument('<name>', 'as events show it')
    .option('--email <address>', 'by which the provider knows them')
    .addOption(roleOption('with everything'))
    .description('add a user, who signs in by a link or with the provider')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead users add Ada --role viewer --email ada@example.com\n  $ fairlead users role Ada operator --app shop',
    )
    .action(async (name: string, options: { email?: string; role?: Role }) => {
      const { client } = await context.connect()
      const user = await client.createUser({ body: { name, ...options } })
      context.answer(user, () => show(context, user))
    })
  users
    .command('role')
    .argument('<name>', 'of the user')
    .argument('<role>', `${roles.join(', ')}, or none`)
    .option('--app <name>', 'with this app; with everything, when left out')
    .description('give a user a role, or take it')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead users role Ada operator --app shop\n  $ fairlead users role Ada none',
    )
    .action(async (name: string, text: string, { app }: { app?: string }) => {
      const { client } = await context.connect()
      const role = roleOf(text)
      if (app === undefined) {
        const user = await client.changeUser({ params: { user: name }, body: { role } })
        return context.answer(user, () => show(context, user))
      }
      const answer = await client.putAppRole({ params: { app, user: name }, body: { role } })
      return context.answer(answer, () => [
        role === null
          ? `${name} has no role with ${app} of their own`
          : `${name} is ${role} of ${app}`,
      ])
    })
  users
    .command('email')
    .argument('<name>', 'of the user')
    .argument('[address]', 'by which the provider knows them; none, when left out')
    .description('set a user’s e-mail address')
    .action(async (name: string, address: string | undefined) => {
      const { client } = await context.connect()
      const user = await client.changeUser({
        params: { user: name },
        body: { email: address ?? null },
      })
      context.answer(user, () => show(context, user))
    })
  for (const [verb, disabled, said] of [
    ['disable', true, 'is disabled: their sessions have ended, and their tokens open nothing'],
    ['enable', false, 'may sign in again'],
  ] as const)
    users
      .command(verb)
      .argument('<name>', 'of the user')
      .description(
        disabled ? 'let a user do nothing any more, at once' : 'let a disabled user in again',
      )
      .action(async (name: string) => {
        const { client } = await context.connect()
        const user = await client.changeUser({ params: { user: name }, body: { disabled } })
        context.answer(user, () => [`${user.name} ${said}`])
      })
  users
    .command('remove')
    .argument('<name>', 'of the user')
    .description(
      'forget a user, with their sessions and tokens; what they did stays in the event log',
    )
    .action(async (name: string) => {
      const { client } = await context.connect()
      const answer = await client.deleteUser({ params: { user: name } })
      context.answer(answer, () => [`${name} is forgotten`])
    })
}

function roleOf(text: string): Role | null {
  if (text === 'none') return null
  const role = roles.find((one) => one === text)
  if (role === undefined)
    throw new FairleadError('invalid_input', {
      field: 'role',
      problem: `must be ${roles.join(', ')}, or none`,
    })
  return role
}

const row = (context: Context, user: User): string[] => [
  user.name,
  describeGrants(user.grants),
  user.email ?? '',
  user.seen === null ? 'never' : ago(user.seen, context.now()),
  user.disabled === null ? '' : 'disabled',
]

const show = (context: Context, user: User): string[] =>
  table(
    [
      ['name', user.name],
      ['may', describeGrants(user.grants)],
      ['given here', describeGrants(user)],
      ['groups', user.groups.join(', ') || 'none that give a role'],
      ['e-mail', user.email ?? 'none'],
      ['signs in', user.issuer === null ? 'by links' : `with ${user.issuer}`],
      ['last seen', user.seen === null ? 'never' : ago(user.seen, context.now())],
      ...(user.disabled === null ? [] : [['disabled', ago(user.disabled, context.now())]]),
    ],
    context.stdout.columns,
  )
