import { FairleadError } from '#contract/errors.ts'
import type { ServiceOutput } from '#contract/environment/environment.ts'
import type { RunDetail } from '#contract/run/run.ts'
import type { Client } from '#contract/client.ts'
import type { LocalRepository } from '../local.ts'
import { createPaint, describeOutput, short } from '../format.ts'
import { followRun } from '../progress.ts'
import { confirm } from '../prompt.ts'
import { untilAnswered } from '../until-answered.ts'
import type { Register } from '../register.ts'
import { type Context, exitCodes } from '../context.ts'

export const register: Register = (program, context) => {
  program
    .command('up')
    .argument('[directory]', 'folder of the repository, or of an app in it', '.')
    .option(
      '--app <name>',
      'name of the app; default: from fairlead.yaml, otherwise the name of the folder',
    )
    .option('--no-wait', 'do not follow the delivery')
    .description(
      "deliver the repository's HEAD, with live progress; starts a server when there is none",
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead up\n  $ fairlead up ../shop --json\n  $ fairlead up apps/web\n\n' +
        'Exit code 0 only when the change was live in the last environment.',
    )
    .action((directory: string, options: { app?: string; wait: boolean }) =>
      up(context, directory, options),
    )
}

async function up(
  context: Context,
  directory: string,
  options: { app?: string; wait: boolean },
): Promise<void> {
  const say = (line: string): void => void (context.isJson() || context.print(line))
  const repository = await committed(context, directory)
  const name = options.app ?? (await checkedName(context, repository)) ?? repository.name
  if (!repository.isClean) say('There are uncommitted changes; Fairlead delivers HEAD.')
  const { client, isNew } = await connectOrStart(context, say)
  const app = await client
    .createApp({
      body: {
        name,
        repository: { kind: 'path', path: repository.top },
        branch: repository.branch,
        folder: repository.folder,
      },
    })
    .catch((error: unknown) => {
      if (error instanceof FairleadError && error.code === 'already_exists') {
        throw new FairleadError('not_now', {
          why: `The app ${name} belongs to another repository; choose another name with --app`,
        })
      }
      throw error
    })
  if (app.branch !== repository.branch)
    say(
      `Each new commit of the branch ${app.branch} is delivered, and you are on ` +
        `${repository.branch}. To follow that one: ` +
        `fairlead app set ${name} --branch ${repository.branch}`,
    )
  if (isNew) say(`Sign in to the console once: ${await context.local.link({ name: 'admin' })}`)
  const request = { params: { app: name }, body: { commit: repository.head } }
  const run = await withNotices(client.createRun(request), (seconds) =>
    say(`The server fetches ${repository.top} … ${seconds} s`),
  )
  say(`Delivering ${short(repository.head)} “${run.change.subject}” of ${name} (run ${run.id})`)
  if (!options.wait) return context.answer(run, () => [])
  const ended = await followRun(context, client, run.id)
  if (ended === null) {
    say(
      `\nThe delivery continues. Follow it: fairlead show ${run.id} --follow    ` +
        `cancel it: fairlead cancel ${run.id}`,
    )
    return context.exit(exitCodes.interrupted)
  }
  await finish(context, client, name, ended)
}

/** The repository of the folder. Offers to commit a fairlead.yaml that is not committed. */
async function committed(context: Context, directory: string): Promise<LocalRepository> {
  const repository = await context.local.repository(directory)
  const { top, folder, isFileCommitted } = repository
  if (isFileCommitted) return repository
  const { problems } = await context.local.check(`${top}/${folder}`)
  const question = 'Fairlead delivers commits, and fairlead.yaml is not committed. Commit it now?'
  if (problems.length > 0 || !(await confirm(context, question))) return repository
  await context.local.commitFile(repository)
  return context.local.repository(directory)
}

const noticeSeconds = 3

/** Reports every few seconds that a long request is still under way. */
async function withNotices<T>(work: Promise<T>, notify: (seconds: number) => void): Promise<T> {
  let seconds = 0
  const timer = setInterval(() => notify((seconds += noticeSeconds)), noticeSeconds * 1000)
  return work.finally(() => clearInterval(timer))
}

/**
 * The app name in fairlead.yaml. A missing, invalid or uncommitted file ends the command before
 * anything is registered.
 */
async function checkedName(
  context: Context,
  { top, folder, isFileCommitted }: LocalRepository,
): Promise<string | null> {
  const checked = await context.local.check(`${top}/${folder}`)
  const [first] = checked.problems
  if (!first && !isFileCommitted)
    throw new FairleadError('pipeline_file', {
      file: checked.file,
      line: 1,
      column: 1,
      problem: 'it is not committed, and Fairlead delivers commits',
      hint: 'Commit it: git add fairlead.yaml && git commit',
    })
  if (first)
    throw new FairleadError('pipeline_file', {
      file: checked.file,
      line: first.line,
      column: first.column,
      problem: first.problem,
      hint: first.hint,
    })
  return checked.app
}

async function connectOrStart(
  context: Context,
  say: (line: string) => void,
): Promise<{ client: Client; isNew: boolean }> {
  const known = await context.local.connection()
  if (known) return { client: (await context.connect()).client, isNew: false }
  say('Starting a server …')
  const started = await context.local.startServer()
  say(`The server runs at ${started.url}`)
  return { client: (await context.connect()).client, isNew: true }
}

async function finish(
  context: Context,
  client: Client,
  app: string,
  run: RunDetail,
): Promise<void> {
  const paint = createPaint(context.isLively())
  const last = run.deployments.at(-1)?.deployment
  const isLive = run.state === 'succeeded' && last?.state === 'live'
  const wasLive = run.state === 'succeeded' && last?.state === 'replaced'
  const found = await untilAnswered(context, async () => {
    const { environments } = await client.getLine({ params: { app } })
    const { numbers } = await client.getChange({ params: { run: run.id } })
    const tail = isLive ? [] : await lastLines(client, run)
    const output = isLive || tail.length > 0 ? null : await failedOutput(client, run)
    return { environments, tail, output, base: numbers.base }
  })
  if (found === null) return context.exit(exitCodes.interrupted)
  const { environments, tail, output, base } = found
  context.answer({ run, environments, log: tail, output, base }, () => [
    ...(isLive && base.run === null
      ? ['Nothing to compare with: there was no good release in production before this run.']
      : []),
    ...(isLive ? environments.map((one) => `  ${one.name.padEnd(12)} ${one.urls[0] ?? ''}`) : []),
    ...environments.flatMap(({ name: environment, problem }) =>
      problem === null ? [] : [paint.bad(`  ${environment}: ${problem}`)],
    ),
    ...tail.map((line) => `  ${paint.dim(line)}`),
    ...(output ? describeOutput(output, paint) : []),
    ...run.warnings.map((one) => `  warning: ${one}`),
    isLive
      ? paint.good(`✔ ${app} is live in ${environments.map((one) => one.name).join(', ')}`)
      : wasLive
        ? paint.good(`✔ ${app} was live; a newer release has replaced it already`)
        : paint.bad(`✘ ${endOf(run)}`),
  ])
  if (!isLive && !wasLive) context.exit(exitCodes.no)
}

/** The output of the release that was deployed last and is not live; null when there is none. */
async function failedOutput(client: Client, run: RunDetail): Promise<ServiceOutput | null> {
  const failed = run.deployments.findLast(({ deployment }) => deployment?.started)?.deployment
  if (!failed) return null
  const { app, environment, id } = failed
  const query = { deployment: id, lines: 20 }
  const output = await client.getServiceLog({ params: { app, environment }, query })
  return { deployment: id, lines: output.lines, errors: output.errors }
}

/** How a run ended that is not live, in one sentence. */
function endOf({ state, reason, deployments }: RunDetail): string {
  if (state !== 'succeeded') return `${state}: ${reason ?? 'no reason given'}`
  const last = deployments.at(-1)
  if (!last) return 'the run succeeded, but fairlead.yaml has no environment'
  const { deployment, environment } = last
  const end = deployment?.state.replace('_', ' ') ?? 'not deployed'
  return `${environment} ${end}: ${deployment?.reason ?? 'no reason given'}`
}

/** The end of the failed step's log. */
async function lastLines(client: Client, run: RunDetail): Promise<string[]> {
  const step = run.steps.find((one) => one.state === 'failed')
  if (!step) return []
  const params = { run: run.id, step: step.name }
  const { total } = await client.getLog({ params, query: { limit: 1 } })
  const { lines } = await client.getLog({ params, query: { after: Math.max(0, total - 20) } })
  return lines.map((line) => line.text)
}
