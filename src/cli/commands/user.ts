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
  const users = program.command('users').description('manage users and their roles')
  users
    .command('list', { isDefault: true })
    .option('--app <name>', 'list the users who have a role for this app')
    .description('list the users with their roles')
    .action(async ({ app }: { app?: string }) => {
      const { client } = await context.connect()
      if (app !== undefined) {
        const answer = await client.listAppUsers({ params: { app } })
        const rows = answer.users.map((user) => [
          user.name,
          user.role,
          user.disabled === null ? '' : 'disabled',
        ])
        return context.answer(answer, () =>
          table([['name', `role for ${app}`, ''], ...rows], context.stdout.columns),
        )
      }
      const answer = await client.listUsers()
      return context.answer(answer, () =>
        table(
          [
            ['name', 'roles', 'e-mail', 'last seen', ''],
            ...answer.users.map((user) => row(context, user)),
          ],
          context.stdout.columns,
        ),
      )
    })
  users
    .command('show')
    .argument('<name>', 'name of the user')
    .description('show a user: assigned roles, groups, and how they sign in')
    .action(async (name: string) => {
      const { client } = await context.connect()
      const user = await client.getUser({ params: { user: name } })
      context.answer(user, () => show(context, user))
    })
  users
    .command('add')
    .argument('<name>', 'name of the user, as events show it')
    .option('--email <address>', 'e-mail address of the user at the OpenID provider')
    .addOption(roleOption('role for all apps'))
    .description('add a user, who signs in with a link or through the provider')
    .addHelpText(
      'after',
      '\nExamples:' +
        '\n  $ fairlead users add Ada --role viewer --email ada@example.com' +
        '\n  $ fairlead users role Ada operator --app shop',
    )
    .action(async (name: string, options: { email?: string; role?: Role }) => {
      const { client } = await context.connect()
      const user = await client.createUser({ body: { name, ...options } })
      context.answer(user, () => show(context, user))
    })
  users
    .command('role')
    .argument('<name>', 'name of the user')
    .argument('<role>', `${roles.join(', ')}, or none`)
    .option('--app <name>', 'set the role for this app; for all apps when omitted')
    .description('assign or remove a role')
    .addHelpText(
      'after',
      '\nExamples:' +
        '\n  $ fairlead users role Ada operator --app shop' +
        '\n  $ fairlead users role Ada none',
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
          ? `${name} has no role for ${app} any more`
          : `${name} has the role ${role} for ${app}`,
      ])
    })
  users
    .command('email')
    .argument('<name>', 'name of the user')
    .argument('[address]', 'e-mail address at the OpenID provider; removed when omitted')
    .description('set or remove the e-mail address of a user')
    .action(async (name: string, address: string | undefined) => {
      const { client } = await context.connect()
      const user = await client.changeUser({
        params: { user: name },
        body: { email: address ?? null },
      })
      context.answer(user, () => show(context, user))
    })
  for (const [verb, disabled, result] of [
    ['disable', true, 'is disabled: their sessions have ended, and their tokens do not work'],
    ['enable', false, 'is enabled and can sign in again'],
  ] as const)
    users
      .command(verb)
      .argument('<name>', 'name of the user')
      .description(disabled ? 'disable a user, with immediate effect' : 'enable a disabled user')
      .action(async (name: string) => {
        const { client } = await context.connect()
        const user = await client.changeUser({ params: { user: name }, body: { disabled } })
        context.answer(user, () => [`${user.name} ${result}`])
      })
  users
    .command('remove')
    .argument('<name>', 'name of the user')
    .description('delete a user with their sessions and tokens; their events remain in the log')
    .action(async (name: string) => {
      const { client } = await context.connect()
      const answer = await client.deleteUser({ params: { user: name } })
      context.answer(answer, () => [`The user ${name} is deleted`])
    })
}

function roleOf(text: string): Role | null {
  if (text === 'none') return null
  const role = roles.find((name) => name === text)
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
      ['roles', describeGrants(user.grants)],
      ['assigned', describeGrants(user)],
      ['groups', user.groups.join(', ') || 'none with a role'],
      ['e-mail', user.email ?? 'none'],
      ['signs in', user.issuer === null ? 'by links' : `through ${user.issuer}`],
      ['last seen', user.seen === null ? 'never' : ago(user.seen, context.now())],
      ...(user.disabled === null ? [] : [['disabled', ago(user.disabled, context.now())]]),
    ],
    context.stdout.columns,
  )
