import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { FairleadError } from '#contract/errors.ts'
import type { StatusPageChange, StatusPageSettings } from '#contract/status-page/pages.ts'
import type { Context } from './context.ts'
import { table } from './format.ts'

/** The commands for several status pages. */
export function addPages(group: Command, context: Context): void {
  addList(group, context)
  addSet(group, context)
  group
    .command('remove')
    .argument('<page>', 'name of the status page')
    .description('delete a status page and its subscriptions')
    .action(async (name: string) => {
      const { client } = await context.connect()
      const answer = await client.deleteStatusPage({ params: { page: name } })
      context.answer(answer, () => [`Deleted the status page ${name}`])
    })
}

function addList(group: Command, context: Context): void {
  group
    .command('pages')
    .description('list the status pages, their addresses, and what they show')
    .action(async () => {
      const { client } = await context.connect()
      const answer = await client.listStatusPages({})
      context.answer(answer, () =>
        table(
          answer.pages.map((page) => [
            page.name,
            page.address ?? 'not served',
            page.title,
            page.private ? 'private' : '',
            shownBy(page),
          ]),
        ),
      )
    })
}

/** What a page shows, in words. */
function shownBy({ apps, groups, components }: StatusPageSettings): string {
  const groupNames = groups.map((name) => `the group ${name}`)
  return [...apps, ...groupNames, ...components].join(', ') || 'all components'
}

interface SetOptions {
  title?: string
  url?: string | false
  app?: string[]
  group?: string[]
  component?: string[]
  all?: boolean
  logo?: string | false
  colors?: string | false
  private?: boolean
  public?: boolean
  renew?: boolean
}

function addSet(group: Command, context: Context): void {
  group
    .command('set')
    .argument('<page>', 'name of the status page; `default` is the one without configuration')
    .option('--title <text>', 'name of the page for its readers')
    .option('--url <url>', 'address of the page, such as https://status.example.com')
    .option('--no-url', 'an address for readers on the machine of the server')
    .option('--app <name...>', 'show the components of these apps')
    .option('--group <name...>', 'show the components of these groups')
    .option('--component <app/key...>', 'show these components')
    .option('--all', 'show all components')
    .option('--logo <file>', 'a PNG with at most 20 KB')
    .option('--no-logo', 'the logo of the installation')
    .option('--colors <light,dark>', 'two colours, such as #0b57d0,#8ab4f8')
    .option('--no-colors', 'the colours of the installation')
    .option('--private', 'ask readers for a password, which is printed once')
    .option('--public', 'let everybody read the page')
    .option('--renew', 'make another password, and end all sessions')
    .description('add a status page, or change it; what is not named stays as it is')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead status-page set default --app shop\n' +
        '  $ fairlead status-page set internal --title "Internal systems" ' +
        '--url https://status.internal.example.com --all',
    )
    .action(async (name: string, options: SetOptions) => {
      const { client } = await context.connect()
      const body = await changeOf(options)
      const answer = await client.putStatusPage({ params: { page: name }, body })
      context.answer(answer, () => [
        `The status page ${name} shows ${shownBy(answer)}`,
        answer.address ?? 'It is not served: FAIRLEAD_STATUS_HOST is off',
        ...(answer.password === null
          ? []
          : [`Its password, which is not shown again: ${answer.password}`]),
      ])
    })
}

async function changeOf(options: SetOptions): Promise<StatusPageChange> {
  const { title, url, app, group, component, all, logo, colors, renew } = options
  const isSelected = app !== undefined || group !== undefined || component !== undefined
  if (all === true && isSelected)
    throw new FairleadError('invalid_input', {
      ...{ field: '--all', problem: 'must not be with --app, --group or --component' },
    })
  return {
    ...(title === undefined ? {} : { title }),
    ...(options.private === true ? { private: true } : {}),
    ...(options.public === true ? { private: false } : {}),
    ...(renew === undefined ? {} : { renew }),
    ...(url === undefined ? {} : { url: url === false ? null : url }),
    // A selection replaces the former one.
    ...(all === true || isSelected
      ? { apps: app ?? [], groups: group ?? [], components: component ?? [] }
      : {}),
    ...(logo === undefined ? {} : { logo: logo === false ? null : await base64Of(logo) }),
    ...(colors === undefined ? {} : { colors: colors === false ? null : pairOf(colors) }),
  }
}

const base64Of = async (path: string): Promise<string> => (await readFile(path)).toString('base64')

function pairOf(text: string): { light: string; dark: string } {
  const [light = '', dark = ''] = text.split(',').map((one) => one.trim().toLowerCase())
  return { light, dark }
}
