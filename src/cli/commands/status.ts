import { resolve } from 'node:path'
import type { App } from '#contract/app/app.ts'
import type { Environment, Line } from '#contract/environment/environment.ts'
import { ago, createPaint, nearest, type Paint, short, state, table } from '../format.ts'
import type { Register } from '../register.ts'
import { type Context } from '../context.ts'
import { FairleadError } from '#contract/errors.ts'

export const register: Register = (program, context) => {
  program
    .command('status')
    .argument('[app]', 'only this app')
    .description(
      'show what runs where, since when, from which change, and whether it can be rolled back',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead status\n  $ fairlead status shop --json')
    .action((app?: string) => status(context, app))
  const apps = program
    .command('apps')
    .alias('app')
    .description('list, register, change and delete apps')
  apps
    .command('list', { isDefault: true })
    .description('list the apps')
    .addHelpText('after', '\nExamples:\n  $ fairlead apps')
    .action(async () => {
      const { client } = await context.connect()
      const answer = await client.listApps()
      context.answer(answer, () =>
        table(
          [
            ['app', 'branch', 'repository', 'problem'],
            ...answer.apps.map((app) => [app.name, app.branch, sourceOf(app), app.problem ?? '']),
          ],
          context.stdout.columns,
        ),
      )
    })
  apps
    .command('create')
    .argument('<name>', 'name of the app')
    .option('--path <path>', 'path of a repository on the server')
    .option('--url <url>', 'URL of a remote repository, which is polled')
    .option('--branch <branch>', 'the branch to deliver', 'main')
    .option('--folder <path>', 'folder of the app and its fairlead.yaml in the repository', '.')
    .description('register an app; without --path or --url it gets a git remote to push to')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead apps create shop\n  $ fairlead apps create shop --url https://example.com/shop.git',
    )
    .action(
      async (
        name: string,
        options: { path?: string; url?: string; branch: string; folder: string },
      ) => {
        const { client } = await context.connect()
        const repository = options.url
          ? { kind: 'url' as const, url: options.url }
          : options.path
            ? { kind: 'path' as const, path: resolve(options.path) }
            : { kind: 'hosted' as const }
        const app = await client.createApp({
          body: { name, repository, branch: options.branch, folder: options.folder },
        })
        if (app.branch !== options.branch)
          throw new FairleadError('not_now', {
            why:
              `${name} exists already, and is delivered from the branch ${app.branch}; change it ` +
              `with \`fairlead app set ${name} --branch ${options.branch}\``,
          })
        context.answer(app, () => [
          app.repository.kind === 'hosted'
            ? `${app.name} is delivered from ${app.branch}. ` +
              `Push to it: git push ${app.remote} ${app.branch}`
            : `${app.name} is delivered from the branch ${app.branch} of ${sourceOf(app)}; ` +
              'each new commit there is found and delivered',
        ])
      },
    )
  apps
    .command('set')
    .argument('<name>', 'name of the app')
    .requiredOption('--branch <branch>', 'the branch to deliver')
    .description('deliver another branch of an app, for example after it was renamed')
    .addHelpText('after', '\nExamples:\n  $ fairlead app set shop --branch trunk')
    .action(async (name: string, { branch }: { branch: string }) => {
      const { client } = await context.connect()
      const app = await client.changeApp({ params: { app: name }, body: { branch } })
      context.answer(app, () => [
        `${app.name} is delivered from the branch ${app.branch} of ${sourceOf(app)}` +
          (app.problem === null ? '' : `; ${app.problem}`),
      ])
    })
  apps
    .command('delete')
    .argument('<name>', 'name of the app')
    .option('--yes', 'do not ask for confirmation')
    .description('stop an app and delete it')
    .addHelpText('after', '\nExamples:\n  $ fairlead apps delete shop --yes')
    .action(async (name: string, options: { yes?: boolean }) => {
      if (options.yes !== true)
        throw new FairleadError('invalid_input', {
          field: '--yes',
          problem: `is required: this stops all services of ${name}`,
        })
      const { client } = await context.connect()
      const answer = await client.deleteApp({ params: { app: name } })
      context.answer(answer, () => [`${name} is stopped and deleted; its events are kept`])
    })
}

/** Where the commits of an app come from. */
const sourceOf = ({ repository, remote }: App): string =>
  repository.kind === 'hosted'
    ? remote
    : repository.kind === 'path'
      ? repository.path
      : repository.url

async function status(context: Context, app: string | undefined): Promise<void> {
  const { client } = await context.connect()
  const { lines } = await client.listLines()
  const wanted = app === undefined ? lines : lines.filter((line) => line.app.name === app)
  if (app !== undefined && wanted.length === 0) {
    const names = lines.map((line) => line.app.name)
    const near = nearest(app, names)
    throw new FairleadError('not_found', {
      kind: 'app',
      id: `${app}${near ? `; did you mean ${near}?` : names.length > 0 ? `; there are ${names.join(', ')}` : ''}`,
    })
  }
  const paint = createPaint(context.isLively())
  context.answer({ lines: wanted }, () =>
    wanted.length === 0
      ? ['No app is registered yet. Deliver one: fairlead up path/to/repository']
      : wanted.flatMap((line) => describe(context, line, paint)),
  )
}

function describe(context: Context, line: Line, paint: Paint): string[] {
  const { open: pulls, previews } = line.pullRequests
  return [
    paint.bold(line.app.name) + (line.app.problem ? paint.bad(`  ${line.app.problem}`) : ''),
    ...environmentLines(context, line, paint),
    ...line.environments.flatMap((one) =>
      one.problem === null ? [] : [paint.bad(`  ${one.name}: ${one.problem}`)],
    ),
    ...line.formerEnvironments.map(({ name }) =>
      paint.bad(
        `  ${name}: no longer in fairlead.yaml; remove it with ` +
          `\`fairlead environment remove ${line.app.name} ${name}\``,
      ),
    ),
    ...line.environments.flatMap((one) => crashLoops(one, paint)),
    ...(pulls + previews > 0
      ? [
          `  ${pulls} open pull ${pulls === 1 ? 'request' : 'requests'}, ${previews} ${previews === 1 ? 'preview' : 'previews'}`,
        ]
      : []),
    ...notableRuns(line).map(
      (run) =>
        `  ${state(run.state, paint)} run ${run.id}  ${short(run.change.sha)}  ${run.change.subject}${run.reason ? `  (${run.reason})` : ''}`,
    ),
    '',
  ]
}

function environmentLines(context: Context, line: Line, paint: Paint): string[] {
  if (line.environments.length === 0) return ['  No environment yet: no run has read fairlead.yaml']
  const head = ['  environment', 'health', 'change', 'since', 'rollback', 'subject'].map(paint.dim)
  const rows = line.environments.map((one) => environmentRow(context, one, paint))
  return table([head, ...rows], context.stdout.columns ?? 120)
}

/** The runs that are open, and the newest one if it failed. */
const notableRuns = ({ runs }: Line): Line['runs'] =>
  runs.filter((run, i) => run.ended === null || (i === 0 && run.state === 'failed'))

/** One line for each instance that crashes again and again. */
const crashLoops = ({ name, instances }: Environment, paint: Paint): string[] =>
  instances.flatMap(({ service, index, host, restarts, isLooping }) =>
    isLooping
      ? [
          paint.bad(
            `  ${name}: ${service}.${index}${host ? ` on ${host}` : ''} is in a crash loop ` +
              `(${restarts} restarts)`,
          ),
        ]
      : [],
  )

function environmentRow(context: Context, one: Environment, paint: Paint): string[] {
  const { current } = one
  const rollback = one.rollback.to ? `→ ${short(one.rollback.to.change.sha)}` : '–'
  return [
    `  ${one.name}`,
    state(one.health, paint),
    current ? short(current.change.sha) : '–',
    ago(current?.live ?? null, context.now()),
    rollback,
    current?.change.subject ?? 'nothing yet',
  ]
}
