import type { Command } from 'commander'
import type { Client } from '#contract/client.ts'
import { FairleadError } from '#contract/errors.ts'
import { hasEnded, type JobRun } from '#contract/job/job.ts'
import { count, number, positive } from '../arguments.ts'
import { type Context, exitCodes } from '../context.ts'
import { ago, stripControlCodes, table } from '../format.ts'
import type { Register } from '../register.ts'
import { printPages } from '../print-pages.ts'

interface ExecOptions {
  service?: string
  host?: string
  /** seconds */
  timeout: number
  interactive?: boolean
}

interface Place {
  app: string
  environment: string
}

export const register: Register = (program, context) => {
  withPlace(program.command('exec'))
    .argument('<command...>', 'the command; one word is a script for `sh -c`')
    .option('--service <service>', 'whose variables, files and directory it gets')
    .option('--host <host>', 'one of several hosts; default: the first that is not drained')
    .option('--timeout <seconds>', 'stop the command after this time', positive, 3600)
    .option('-i, --interactive', 'connect this terminal to the command, as for a shell')
    .description(
      'run a command in the files and with the configuration of the live release, print its ' +
        'output, and exit with its exit code; Ctrl-C stops it',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead exec shop production -- node tools/reindex.js --all' +
        "\n  $ fairlead exec shop production -- 'ls *.sql | wc -l'" +
        '\n  $ fairlead exec --interactive shop production -- bash',
    )
    .action((app: string, environment: string, words: string[], options: ExecOptions) =>
      execute(context, { app, environment }, words, options),
    )
  const jobs = program.command('job').description('list and run the jobs of an environment')
  withPlace(jobs.command('list'))
    .description('list the jobs of the live release, with the last run and the next time of each')
    .addHelpText('after', '\nExamples:\n  $ fairlead job list shop production')
    .action((app: string, environment: string) => list(context, { app, environment }))
  withPlace(jobs.command('run'))
    .argument('<job>', 'name of the job')
    .option('--detach', 'do not wait for its end')
    .description('run a job now, print its output, and exit with its exit code')
    .addHelpText('after', '\nExamples:\n  $ fairlead job run shop production reindex')
    .action((app: string, environment: string, job: string, options: { detach?: boolean }) =>
      runJob(context, { app, environment }, job, options),
    )
  jobs
    .command('runs')
    .argument('<app>', 'name of the app')
    .option('--environment <environment>', 'only of this environment')
    .option('--job <job>', 'only of this job')
    .option('--limit <n>', 'number of runs', count, 20)
    .description('list the runs of jobs and commands of an app, newest first')
    .addHelpText('after', '\nExamples:\n  $ fairlead job runs shop --job nightly')
    .action((app: string, options: { environment?: string; job?: string; limit: number }) =>
      listRuns(context, app, options),
    )
  withRun(jobs.command('show'))
    .description('show a run of a job or a command')
    .addHelpText('after', '\nExamples:\n  $ fairlead job show shop 12')
    .action((app: string, run: number) => show(context, app, run))
  withRun(jobs.command('logs'))
    .option('-f, --follow', 'follow the output until the run ends')
    .description('print the output of a run')
    .addHelpText('after', '\nExamples:\n  $ fairlead job logs shop 12 --follow')
    .action(async (app: string, run: number, options: { follow?: boolean }) => {
      const { client } = await context.connect()
      await printOutput(context, client, { app, jobRun: run }, options.follow === true)
    })
  withRun(jobs.command('stop'))
    .description('stop a run; its processes get SIGTERM, and SIGKILL ten seconds later')
    .addHelpText('after', '\nExamples:\n  $ fairlead job stop shop 12')
    .action(async (app: string, jobRun: number) => {
      const { client } = await context.connect()
      const stopped = await client.stopJobRun({ params: { app, jobRun } })
      context.answer(stopped, () => [`Run ${jobRun} is being stopped`])
    })
}

const withPlace = (command: Command): Command =>
  command.argument('<app>', 'name of the app').argument('<environment>', 'name of the environment')

const withRun = (command: Command): Command =>
  command.argument('<app>', 'name of the app').argument('<run>', 'number of the run', number)

/** A command for `sh -c`: one word as it is, several as they were given. */
export function scriptOf(words: string[]): string {
  const [only = ''] = words
  if (words.length === 1) return only
  const quote = (word: string): string =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
  return words.map(quote).join(' ')
}

async function execute(
  context: Context,
  params: Place,
  words: string[],
  { service, host, timeout, interactive }: ExecOptions,
): Promise<void> {
  const { client } = await context.connect()
  const command = scriptOf(words)
  const body = {
    ...{ command, timeout: timeout * 1000 },
    ...(service === undefined ? {} : { service }),
    ...(host === undefined ? {} : { host }),
  }
  if (interactive === true) return interact(context, client, params, body)
  await followRun(context, client, await client.runCommand({ params, body }))
}

/** Connects this terminal to a command, and exits with its exit code. */
async function interact(
  context: Context,
  client: Client,
  params: Place,
  body: { command: string; timeout: number; service?: string; host?: string },
): Promise<void> {
  if (context.isJson())
    throw new FairleadError('invalid_input', {
      field: '--json',
      problem: 'cannot be used with --interactive',
    })
  // Other commands do not load the library of WebSockets.
  const { terminalOf, useTerminal } = await import('../terminal.ts')
  const terminal = terminalOf(context)
  const { app, id } = await client.runCommand({ params, body: { ...body, terminal } })
  try {
    await useTerminal(context, { app, jobRun: id })
  } catch (error) {
    await client.stopJobRun({ params: { app, jobRun: id } }).catch(() => undefined)
    throw error
  }
  await followRun(context, client, { app, id })
}

async function runJob(
  context: Context,
  place: Place,
  job: string,
  { detach }: { detach?: boolean },
): Promise<void> {
  const { client } = await context.connect()
  const run = await client.runJob({ params: { ...place, job } })
  if (detach === true) context.answer(run, () => [`Run ${run.id} of ${job} waits for its start`])
  else await followRun(context, client, run)
}

/** Prints the output of a run until it ends, and exits with its exit code. */
async function followRun(
  context: Context,
  client: Client,
  { app, id }: Pick<JobRun, 'app' | 'id'>,
): Promise<void> {
  const params = { app, jobRun: id }
  const run = await printOutput(context, client, params, true)
  if (run === null) {
    await client.stopJobRun({ params }).catch(() => undefined)
    return context.exit(exitCodes.interrupted)
  }
  if (run.host !== null && !context.isJson())
    context.stderr.write(`Run ${id} was on the host ${run.host}\n`)
  if (run.state !== 'passed' && run.state !== 'failed' && !context.isJson())
    context.stderr.write(`Run ${id} ${stateOf(run)}\n`)
  else if (run.exit === null && run.reason !== null && !context.isJson())
    context.stderr.write(`Run ${id} failed: ${stripControlCodes(run.reason)}\n`)
  if (run.state !== 'passed') context.exit(run.exit || exitCodes.no)
}

/** Prints what a run wrote; returns the run, or null after Ctrl-C. */
async function printOutput(
  context: Context,
  client: Client,
  params: { app: string; jobRun: number },
  follow: boolean,
): Promise<JobRun | null> {
  const page = await printPages(context, follow, async (query) => {
    const one = await client.getJobOutput({ params, query })
    const { state } = one.jobRun
    return { ...one, isRunning: state === 'running', hasEnded: hasEnded(state) }
  })
  return page?.jobRun ?? null
}

async function list(context: Context, params: Place): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listJobs({ params })
  const now = context.now()
  context.answer(answer, () =>
    answer.jobs.length === 0
      ? [`No job is live in ${params.app}/${params.environment}`]
      : table(
          answer.jobs.map(({ name, schedule, zone, next, last }) => [
            name,
            schedule.length === 0 ? 'on request' : `${schedule.join(', ')} ${zone}`,
            next === null ? '' : `next ${next}`,
            last === null ? 'never ran' : `${stateOf(last)} ${ago(last.created, now)}`,
          ]),
          context.stdout.columns ?? 140,
        ),
  )
}

async function listRuns(
  context: Context,
  app: string,
  query: { environment?: string; job?: string; limit: number },
): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listJobRuns({ params: { app }, query })
  context.answer(answer, () =>
    answer.jobRuns.length === 0
      ? ['There are no runs of jobs yet']
      : table(
          answer.jobRuns.map((run) => [
            String(run.id),
            run.environment,
            run.job ?? run.command,
            stateOf(run),
            ago(run.created, context.now()),
            run.actor,
          ]),
          context.stdout.columns ?? 140,
        ),
  )
}

async function show(context: Context, app: string, jobRun: number): Promise<void> {
  const { client } = await context.connect()
  const run = await client.getJobRun({ params: { app, jobRun } })
  context.answer(run, () =>
    table([
      ['run', String(run.id)],
      ['job', run.job ?? '(a command)'],
      ['environment', `${run.app}/${run.environment}`],
      ['state', stateOf(run)],
      ['command', run.command],
      ['requested by', run.actor],
      ...(run.due === null ? [] : [['due', run.due]]),
      ...(run.release === null ? [] : [['release', String(run.release)]]),
      ...(run.host === null ? [] : [['host', run.host]]),
      ...(run.started === null ? [] : [['started', run.started]]),
      ...(run.ended === null ? [] : [['ended', run.ended]]),
      ...(run.exit === null ? [] : [['exit code', String(run.exit)]]),
    ]),
  )
}

const words = {
  ...{ waiting: 'waits', running: 'runs', passed: 'passed', failed: 'failed' },
  ...{ timed_out: 'ran too long', stopped: 'was stopped', skipped: 'was skipped' },
  lost: 'ended without a result',
} as const

const stateOf = ({ state, reason }: JobRun): string =>
  words[state] + (reason === null ? '' : `: ${reason}`)
