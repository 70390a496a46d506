import { Argument, type Command } from 'commander'
import {
  type ForgeKind,
  forgeKinds,
  forgeTitles,
  privateForgeTitles,
} from '#contract/forge/forge.ts'
import { ago, table } from '../format.ts'
import { readSecret } from '../prompt.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'

export const register: Register = (program, context) => {
  const group: Command = program
    .command('provider')
    .description(`report the results of commits to ${forgeTitles.join(', ')}`)
  group
    .command('set')
    .argument('<app>', 'name of the app')
    .addArgument(new Argument('<kind>', 'kind of Git provider').choices(forgeKinds))
    .argument('<repository>', 'name of the repository at the Git provider: OWNER/NAME')
    .option(
      '--app-id <number>',
      'ID of a GitHub App, which can write checks; pass its private key instead of a token',
    )
    .option(
      '--url <address>',
      `address of the API; required for ${privateForgeTitles.join(' and ')}`,
    )
    .description(
      'connect an app to its Git provider; reads the token from standard input, or prompts',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ fairlead provider set shop github acme/shop < token
  $ fairlead provider set shop github acme/shop --app-id 123456 < key.pem
  $ fairlead provider set shop forgejo acme/shop --url https://git.example.com`,
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
    .description('show the Git provider and the latest reports to it')
    .action((app: string) => show(context, app))
  group
    .command('delete')
    .argument('<app>', 'name of the app')
    .description('stop reporting to the Git provider, and delete its token')
    .action(async (app: string) => {
      const { client } = await context.connect()
      const answer = await client.deleteForge({ params: { app } })
      context.answer(answer, () => [`Disconnected the Git provider of ${app}`])
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
    `Connected ${app}: results are reported to ${forge.repository} at ${forge.url}`,
  ])
}

async function show(context: Context, app: string): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.getForge({ params: { app } })
  const { forge, reports } = answer
  context.answer(answer, () => {
    if (!forge)
      return [`${app} has no Git provider; connect one with \`fairlead provider set ${app}\``]
    return [
      `Provider    ${forge.kind}, ${forge.url}`,
      `Repository  ${forge.repository}`,
      ...(forge.appId === null ? [] : [`GitHub App  ${forge.appId}`]),
      ...(forge.problem === null
        ? []
        : [`Problem     ${forge.problem}${forge.paused ? `; next try at ${forge.paused}` : ''}`]),
      '',
      ...(reports.length === 0
        ? ['No reports yet']
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
