import { Argument, type Command } from 'commander'
import { type ForgeKind, forgeKinds } from '#contract/forge/forge.ts'
import { ago, table } from '../format.ts'
import { readSecret } from '../prompt.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'

export const register: Register = (program, context) => {
  const group: Command = program
    .command('forge')
    .description("the forge that is told what becomes of an app's commits")
  group
    .command('set')
    .argument('<app>', 'name of the app')
    .addArgument(new Argument('<kind>', 'which kind it is').choices(forgeKinds))
    .argument('<repository>', 'as the forge names it: OWNER/NAME')
    .option(
      '--app-id <number>',
      'of a GitHub App, which may write checks; its private key is given instead of a token',
    )
    .option('--url <address>', 'of its API, when it is not the public one')
    .description(
      'tell it results from now on; the token comes from standard input, or is asked for',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead forge set shop github acme/shop < token\n  $ fairlead forge set shop github acme/shop --app-id 123456 < key.pem\n  $ fairlead forge set shop forgejo acme/shop --url https://git.example.com',
    )
    .action(
      (
        app: string,
        kind: ForgeKind,
        repository: string,
        options: { url?: string; appId?: string },
      ) => set(context, app, { kind, repository, ...options }),
    )
  group
    .command('show')
    .argument('<app>', 'name of the app')
    .description('which it is, and what it was told')
    .action((app: string) => show(context, app))
  group
    .command('delete')
    .argument('<app>', 'name of the app')
    .description('tell it nothing more, and forget its token')
    .action(async (app: string) => {
      const { client } = await context.connect()
      const answer = await client.deleteForge({ params: { app } })
      context.answer(answer, () => [`No forge is told of ${app} any more`])
    })
}

async function set(
  context: Context,
  app: string,
  given: { kind: ForgeKind; repository: string; url?: string; appId?: string },
): Promise<void> {
  const { client } = await context.connect()
  const token = (await readSecret(context, 'Token: ')).trim()
  const forge = await client.putForge({ params: { app }, body: { ...given, token } })
  context.answer(forge, () => [
    `${forge.repository} at ${forge.url} is told what becomes of the commits of ${app}`,
  ])
}

async function show(context: Context, app: string): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.getForge({ params: { app } })
  const { forge, reports } = answer
  context.answer(answer, () => {
    if (!forge) return [`No forge is told of ${app}; \`fairlead forge set ${app}\` names one`]
    return [
      `Forge       ${forge.kind}, ${forge.url}`,
      `Repository  ${forge.repository}`,
      ...(forge.appId === null ? [] : [`As the App  ${forge.appId}`]),
      ...(forge.problem === null
        ? []
        : [`Problem     ${forge.problem}${forge.paused ? `; asked again ${forge.paused}` : ''}`]),
      '',
      ...(reports.length === 0
        ? ['It was told nothing yet']
        : table(
            reports.map((one) => [
              one.subject,
              one.state,
              ago(one.told, context.now()),
              one.problem ?? '',
            ]),
          )),
    ]
  })
}
