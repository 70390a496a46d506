import type { Command } from 'commander'
import type { AllowedPrefix } from '#contract/configuration/secret-prefix.ts'
import type { Context } from './context.ts'
import { ago, table } from './format.ts'

/** Adds the commands for the places in external stores that the secrets of an app may use. */
export function addPrefixCommands(secret: Command, context: Context): void {
  const about = (command: Command): Command => command.argument('<app>', 'name of the app')
  const withPrefixes = (command: Command): Command =>
    about(command).argument('<prefixes...>', 'KIND:PLACE, such as vault:secret/data/shop')
  about(
    secret
      .command('allowed')
      .description('list the places in external stores that secrets of an app may be read from'),
  ).action(async (app: string) => {
    const { client } = await context.connect()
    const answer = await client.listSecretPrefixes({ params: { app } })
    context.answer(answer, () => describe(context, answer.prefixes))
  })
  withPrefixes(
    secret
      .command('allow')
      .description(
        'allow places, and everything below them, for the secrets of an app; requires the role ' +
          'admin for all apps',
      ),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead secret allow shop vault:secret/data/shop file:shop',
    )
    .action((app: string, allow: string[]) => change(context, app, { allow }))
  withPrefixes(
    secret.command('disallow').description('remove allowed places; secrets there fail to be read'),
  ).action((app: string, remove: string[]) => change(context, app, { remove }))
}

async function change(
  context: Context,
  app: string,
  body: { allow?: string[]; remove?: string[] },
): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.changeSecretPrefixes({ params: { app }, body })
  context.answer(answer, () => describe(context, answer.prefixes))
}

const describe = (context: Context, prefixes: AllowedPrefix[]): string[] =>
  prefixes.length === 0
    ? ['No place is allowed: only an administrator can set secrets of external stores']
    : table(prefixes.map((one) => [one.prefix, one.actor, ago(one.created, context.now())]))
