import type { Command } from 'commander'
import { type ExperimentDraw, problemOfDraw } from '#contract/experiment/draw.ts'
import { counted } from '#contract/text.ts'
import { count } from './arguments.ts'
import { type Context, exitCodes } from './context.ts'
import { table } from './format.ts'

interface ScheduleOptions {
  environment?: string
  experiment?: string
  limit: number
}

/** The commands of `fairlead experiment` that show and verify the draws of experiments. */
export function registerSchedule(group: Command, context: Context): void {
  withOptions(group.command('schedule'), 20)
    .description('list the days for which it is drawn whether experiments run, newest first')
    .addHelpText('after', '\nExamples:\n  $ fairlead experiment schedule shop')
    .action(async (app: string, options: ScheduleOptions) => {
      const experimentDraws = await read(context, app, options)
      context.answer({ experimentDraws }, () =>
        experimentDraws.length === 0
          ? [`No experiment of ${app} has \`every\` in fairlead.yaml`]
          : linesOf(experimentDraws),
      )
    })
  withOptions(group.command('verify'), 500)
    .description('verify that the seeds of past days are those that were promised, and their draws')
    .addHelpText('after', '\nExamples:\n  $ fairlead experiment verify shop')
    .action((app: string, options: ScheduleOptions) => verify(context, app, options))
}

const withOptions = (command: Command, limit: number): Command =>
  command
    .argument('<app>', 'name of the app')
    .option('--environment <environment>', 'only of this environment')
    .option('--experiment <experiment>', 'only of this experiment')
    .option('--limit <n>', 'number of draws, at most 500', count, limit)

async function read(
  context: Context,
  app: string,
  query: ScheduleOptions,
): Promise<ExperimentDraw[]> {
  const { client } = await context.connect()
  return (await client.listExperimentDraws({ params: { app }, query })).experimentDraws
}

/** Two lines for each draw: a table would cut the digests. */
function linesOf(draws: ExperimentDraw[]): string[] {
  const heads = table(draws.map((one) => [one.day, one.environment, one.name, outcomeOf(one)]))
  return draws.flatMap(({ seed, commitment }, i) => [
    heads[i] ?? '',
    seed === null ? `  SHA-256 ${commitment}` : `  seed ${seed}`,
  ])
}

function outcomeOf({ seed, isDrawn, at, run, problem }: ExperimentDraw): string {
  if (at !== null) {
    const what = run === null ? (problem ?? 'no run') : `run ${run}`
    return `${at.slice(0, 16).replace('T', ' ')} UTC: ${what}`
  }
  if (seed === null) return 'not known yet'
  return isDrawn ? 'no run' : 'not drawn: no server was there, or the experiment was not live'
}

async function verify(context: Context, app: string, options: ScheduleOptions): Promise<void> {
  const all = await read(context, app, options)
  const known = all.filter(({ seed }) => seed !== null)
  const found = await Promise.all(
    known.map(async (one) => ({ one, problem: await problemOfDraw(one, all) })),
  )
  const wrong = found.flatMap(({ one: { day, environment, name }, problem }) =>
    problem === null ? [] : [{ day, environment, name, problem }],
  )
  context.answer({ verified: known.length, wrong }, () => [
    ...wrong.map((one) => `${one.day} ${one.environment} ${one.name}: ${one.problem}`),
    `${counted(known.length, 'draw')} verified, ${wrong.length} wrong`,
  ])
  if (wrong.length > 0) context.exit(exitCodes.no)
}
