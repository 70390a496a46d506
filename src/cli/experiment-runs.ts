import type { Command } from 'commander'
import type { Client } from '#contract/client.ts'
import { FairleadError } from '#contract/errors.ts'
import { type ExperimentRun, hasEndedExperiment } from '#contract/experiment/experiment.ts'
import { count, number } from './arguments.ts'
import { type Context, exitCodes } from './context.ts'
import { type FileOptions, isExperimentFile, runFile } from './experiment-file.ts'
import { ago, stripControlCodes, table } from './format.ts'
import { untilAnswered } from './until-answered.ts'

/** Milliseconds between two looks at a run. */
const pollMs = 500

/** The commands of `fairlead experiment` that ask the server. */
export function registerRuns(group: Command, context: Context): void {
  withExperiment(group.command('plan'))
    .description('show what an experiment would hit now, and why it would not run; changes nothing')
    .addHelpText('after', '\nExamples:\n  $ fairlead experiment plan shop staging frozen-web')
    .action((app: string, environment: string, experiment: string) =>
      plan(context, { app, environment, experiment }),
    )
  registerRun(group, context)
  group
    .command('runs')
    .argument('<app>', 'name of the app')
    .option('--environment <environment>', 'only of this environment')
    .option('--experiment <experiment>', 'only of this experiment')
    .option('--limit <n>', 'number of runs', count, 20)
    .description('list the runs of the experiments of an app, newest first')
    .addHelpText('after', '\nExamples:\n  $ fairlead experiment runs shop')
    .action((app: string, options: RunsOptions) => listRuns(context, app, options))
  withRun(group.command('show'))
    .description('show a run of an experiment')
    .addHelpText('after', '\nExamples:\n  $ fairlead experiment show shop 7')
    .action(async (app: string, experimentRun: number) => {
      const { client } = await context.connect()
      const found = await client.getExperimentRun({ params: { app, experimentRun } })
      context.answer(found, () => describe(found))
    })
  withRun(group.command('abort'))
    .description('abort a run; its fault is undone now')
    .addHelpText('after', '\nExamples:\n  $ fairlead experiment abort shop 7')
    .action(async (app: string, experimentRun: number) => {
      const { client } = await context.connect()
      const aborted = await client.abortExperimentRun({ params: { app, experimentRun } })
      context.answer(aborted, () => [`Run ${experimentRun} is being aborted`])
    })
  registerStop(group, context)
}

function registerRun(group: Command, context: Context): void {
  group
    .command('run')
    .argument('<app>', 'name of the app, or a file of the Chaos Toolkit: .json or .yaml')
    .argument('[environment]', 'name of the environment')
    .argument('[experiment]', 'name of the experiment')
    .option('--dry-run', 'the same as `fairlead experiment plan`; of a file, only check it')
    .option('--detach', 'do not wait for its end')
    .option('--journal <file>', 'where the journal of a file is written (default: journal.json)')
    .description('run an experiment, and wait for its result; Ctrl-C aborts it')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead experiment run shop staging frozen-web --dry-run' +
        '\n  $ fairlead experiment run shop staging frozen-web' +
        '\n  $ fairlead experiment run experiment.json',
    )
    .action(
      async (
        app: string,
        environment: string | undefined,
        experiment: string | undefined,
        options: RunOptions,
      ) => {
        if (isExperimentFile(app) && environment === undefined)
          return runFile(context, app, options)
        const place = { app, ...requireNames(environment, experiment) }
        return options.dryRun === true ? plan(context, place) : run(context, place, options)
      },
    )
}

function requireNames(environment?: string, experiment?: string): Omit<Place, 'app'> {
  if (environment !== undefined && experiment !== undefined) return { environment, experiment }
  throw new FairleadError('invalid_input', {
    field: environment === undefined ? 'environment' : 'experiment',
    problem: 'is missing: name the app, the environment and the experiment, or a file',
  })
}

function registerStop(group: Command, context: Context): void {
  group
    .command('stop')
    .option('--all', 'all experiments of the installation')
    .requiredOption('--reason <text>', 'why, for everybody who wants to run one')
    .description('undo the faults of all experiments now, and run none until `allow`')
    .addHelpText(
      'after',
      "\nExamples:\n  $ fairlead experiment stop --all --reason 'the sale begins'",
    )
    .action(async ({ all, reason }: { all?: boolean; reason: string }) => {
      if (all !== true)
        throw new FairleadError('invalid_input', {
          ...{ field: '--all', problem: 'is required; `abort` ends a single run' },
        })
      const { client } = await context.connect()
      const stopped = await client.stopExperiments({ body: { reason } })
      context.answer(stopped, () => [
        stopped.isServed
          ? 'All experiments are stopped; `fairlead experiment allow` allows them again'
          : 'All experiments are stopped; a host that does not answer undoes its faults itself',
      ])
    })
  group
    .command('allow')
    .description('allow experiments again after all were stopped')
    .addHelpText('after', '\nExamples:\n  $ fairlead experiment allow')
    .action(async () => {
      const { client } = await context.connect()
      const answer = await client.allowExperiments({})
      context.answer(answer, () => ['Experiments are allowed'])
    })
}

interface Place {
  app: string
  environment: string
  experiment: string
}

type RunOptions = FileOptions

interface RunsOptions {
  environment?: string
  experiment?: string
  limit: number
}

const withExperiment = (command: Command): Command =>
  command
    .argument('<app>', 'name of the app')
    .argument('<environment>', 'name of the environment')
    .argument('<experiment>', 'name of the experiment')

const withRun = (command: Command): Command =>
  command.argument('<app>', 'name of the app').argument('<run>', 'number of the run', number)

export async function listExperiments(context: Context, app: string): Promise<void> {
  const { client } = await context.connect()
  const { experiments, coverage, stop } = await client.listExperiments({ params: { app } })
  context.answer({ experiments, coverage, stop }, () => [
    ...(stop === null ? [] : [`All experiments are stopped by ${stop.actor}: ${stop.reason}`]),
    ...(experiments.length === 0
      ? [`The live releases of ${app} declare no experiments; see docs/experiments.md`]
      : table(
          experiments.map(({ environment, name, plan: { action, service }, last }) => [
            ...[environment, name, `${action} ${service}`],
            ...(last === null
              ? ['never ran', '']
              : [`${last.state} ${ago(last.created, context.now())}`, last.reason ?? '']),
          ]),
        )),
  ])
}

async function plan(context: Context, params: Place): Promise<void> {
  const { client } = await context.connect()
  const preview = await client.previewExperiment({ params })
  const { radius, refusals } = preview
  context.answer(preview, () => [
    radius === null
      ? 'It is not known what the fault would hit'
      : `It would hit ${radius.instances} of ${radius.of} instances of ${preview.plan.service}` +
        (radius.isHost ? ', and their whole machine' : ''),
    ...(refusals.length === 0
      ? ['It would run now']
      : ['It would be refused:', ...refusals.map((reason) => `- ${reason}`)]),
  ])
  if (refusals.length > 0) context.exit(exitCodes.no)
}

async function run(context: Context, params: Place, { detach }: RunOptions): Promise<void> {
  const { client } = await context.connect()
  const { app, id } = await client.runExperiment({ params })
  if (detach === true) {
    const started = await client.getExperimentRun({ params: { app, experimentRun: id } })
    return context.answer(started, () => [`Run ${id} of ${params.experiment} begins`])
  }
  const ended = await follow(context, client, { app, experimentRun: id })
  context.answer(ended, () => describe(ended))
  if (ended.state !== 'passed') context.exit(exitCodes.no)
}

/** Prints each state of a run until it has ended; Ctrl-C aborts it. */
async function follow(
  context: Context,
  client: Client,
  params: { app: string; experimentRun: number },
): Promise<ExperimentRun> {
  let state = ''
  for (;;) {
    const found = await untilAnswered(context, () => client.getExperimentRun({ params }))
    if (found === null) return client.abortExperimentRun({ params })
    if (hasEndedExperiment(found.state)) return found
    if (found.state !== state && !context.isJson()) context.print(progress[found.state] ?? '')
    state = found.state
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

const progress: Partial<Record<ExperimentRun['state'], string>> = {
  checking: 'Checks whether it may run',
  running: 'The fault exists',
  undoing: 'The fault is being undone',
  recovering: 'The fault is undone; waits for the steady state',
}

async function listRuns(context: Context, app: string, query: RunsOptions): Promise<void> {
  const { client } = await context.connect()
  const { experimentRuns } = await client.listExperimentRuns({ params: { app }, query })
  context.answer({ experimentRuns }, () =>
    experimentRuns.length === 0
      ? [`No experiment of ${app} has run`]
      : table(
          experimentRuns.map((one) => [
            ...[String(one.id), one.environment, one.name, one.state],
            ...[ago(one.created, context.now()), one.reason ?? ''],
          ]),
        ),
  )
}

/** A run in lines. */
function describe(one: ExperimentRun): string[] {
  const { id, name, app, environment, state, reason, refusals, radius, detection, plan: of } = one
  const head = `Run ${id} of ${name} in ${app}/${environment}: ${state}`
  const reasons = refusals.length > 0 ? refusals.map((text) => `- ${text}`) : [reason ?? '']
  return [
    head,
    ...reasons,
    ...(radius === null
      ? []
      : [`The fault ${of.action} hits ${radius.instances} of ${radius.of} instances`]),
    ...(detection === null
      ? []
      : [`Alert ${detection.alert} opened ${(detection.afterMs / 1000).toFixed(1)} s after it`]),
  ]
    .filter((line) => line !== '')
    .map(stripControlCodes)
}
