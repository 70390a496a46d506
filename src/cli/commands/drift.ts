import type { Command } from 'commander'
import type { Drift, DriftCheck, DriftRemedy } from '#contract/drift/drift.ts'
import { counted } from '#contract/text.ts'
import { positive } from '../arguments.ts'
import { type Context, exitCodes } from '../context.ts'
import { ago, table } from '../format.ts'
import type { Register } from '../register.ts'

interface Place {
  app: string
  environment: string
}

export const register: Register = (program, context) => {
  const drift = program
    .command('drift')
    .description('compare what is declared with what is on disk and what runs')
  withPlace(drift.command('check'))
    .description('compare now, and list what differs')
    .addHelpText('after', '\nExamples:\n  $ fairlead drift check shop production')
    .action((app: string, environment: string) => check(context, { app, environment }))
  withPlace(drift.command('show'))
    .description('list what differed at the last check')
    .addHelpText('after', '\nExamples:\n  $ fairlead drift show shop production')
    .action((app: string, environment: string) => show(context, { app, environment }))
  withPlace(drift.command('repair'))
    .argument('<id>', 'number of the difference', positive)
    .description(
      'put a difference right: write the file again, or restart the service if it would come back',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead drift repair shop production 12')
    .action((app: string, environment: string, id: number) =>
      repair(context, { app, environment, id }),
    )
  withPlace(drift.command('patch'))
    .argument('<id>', 'number of the difference', positive)
    .description(
      'print the patch of the repository that makes a configuration file on disk the declared one',
    )
    .addHelpText('after', '\nExamples:\n  $ fairlead drift patch shop production 12 | git apply')
    .action(async (app: string, environment: string, id: number) => {
      const { client } = await context.connect()
      const answer = await client.getDriftPatch({ params: { app, environment, id } })
      context.answer(answer, () => answer.patch.trimEnd().split('\n'))
    })
  withPlace(drift.command('take-over'))
    .argument('<id>', 'number of the difference', positive)
    .description('commit that patch to a new branch of a hosted repository')
    .addHelpText('after', '\nExamples:\n  $ fairlead drift take-over shop production 12')
    .action(async (app: string, environment: string, id: number) => {
      const { client } = await context.connect()
      const answer = await client.takeOverDrift({ params: { app, environment, id } })
      const { branch, commit } = answer
      context.answer(answer, () => [
        `The branch ${branch} has the commit ${commit.slice(0, 7)}; merge it to deliver it`,
      ])
    })
}

const withPlace = (command: Command): Command =>
  command.argument('<app>', 'name of the app').argument('<environment>', 'name of the environment')

async function check(context: Context, params: Place): Promise<void> {
  const { client } = await context.connect()
  const state = await client.checkDrift({ params })
  context.answer(state, () => lines(state, context.now()))
  if (state.differences.length > 0) context.exit(exitCodes.no)
}

async function show(context: Context, params: Place): Promise<void> {
  const { client } = await context.connect()
  const state = await client.listDrift({ params })
  context.answer(state, () => lines(state, context.now()))
}

async function repair(context: Context, params: Place & { id: number }): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.repairDrift({ params })
  const { problem } = answer
  context.answer(answer, () => [
    problem === null ? 'It no longer differs' : `It was not put right: ${problem}`,
  ])
  if (problem !== null) context.exit(exitCodes.no)
}

const remedies: Record<DriftRemedy, string> = {
  rewrite: 'write the file again',
  restart: 'restart',
  rewrite_and_restart: 'write the file again, and restart',
  deploy: 'deploy again',
  manual: 'change it by hand',
}

function lines(
  { check: last, differences }: { check: DriftCheck | null; differences: Drift[] },
  now: number,
): string[] {
  if (last === null) return ['It was not compared yet']
  const { files, processes, problem } = last
  return [
    problem === null
      ? `${counted(last.total, 'difference')} in ${counted(files, 'file')} and ` +
        `${counted(processes, 'process', 'processes')}, ` +
        `compared ${ago(last.checked, now)}`
      : `It could not be compared ${ago(last.checked, now)}: ${problem}`,
    ...differences.flatMap((one) => inWords(one, now)),
  ]
}

function inWords(one: Drift, now: number): string[] {
  const { id, service, kind, name, declared, disk, running, atRestart } = one
  return [
    `${id}  ${service === null ? '' : `${service}: `}${kind} ${name}, since ${ago(one.since, now)}`,
    ...table([
      ['    declared', declared ?? '–'],
      ['    on disk', disk ?? '–'],
      ['    running', running ?? '–'],
      ['    at the next restart', atRestart ? 'what runs changes' : 'what runs stays the same'],
      ['    to put it right', remedies[one.remedy]],
    ]),
  ]
}
