import type { Command } from 'commander'
import type {
  Drift,
  DriftCheck,
  DriftMachine,
  DriftMachines,
  DriftRemedy,
} from '#contract/drift/drift.ts'
import { counted } from '#contract/text.ts'
import { positive } from '../arguments.ts'
import { type Context, exitCodes } from '../context.ts'
import { ago, stripControlCodes, table } from '../format.ts'
import type { Register } from '../register.ts'
import { follow, followed } from './machines.ts'

interface Place {
  app: string
  environment: string
}

export const register: Register = (program, context) => {
  const drift = program
    .command('drift')
    .description('compare what is declared with what is on disk and what runs')
  withPlace(drift.command('check'))
    .description('compare now, machines too, and list what differs')
    .addHelpText('after', '\nExamples:\n  $ fairlead drift check shop production')
    .action((app: string, environment: string) => check(context, { app, environment }))
  withPlace(drift.command('show'))
    .description('list what differed at the last check')
    .addHelpText('after', '\nExamples:\n  $ fairlead drift show shop production')
    .action((app: string, environment: string) => show(context, { app, environment }))
  withPlace(drift.command('repair'))
    .argument('<id>', 'number of the difference', positive)
    .description(
      'put a difference right: write the file again, restart the service if it would come back, ' +
        'or apply the playbook to the machine',
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
  let state = await client.checkDrift({ params })
  if (state.machines !== null) {
    const run = { app: params.app, machineRun: state.machines.run }
    const ended = await followed(context, client, await client.getMachineRun({ params: run }))
    if (ended === null) return context.exit(exitCodes.interrupted)
    state = await client.listDrift({ params })
  }
  context.answer(state, () => lines(state, context.now()))
  const isKnown = state.machines?.machines.every((one) => one.state !== 'unknown') ?? true
  if (!isKnown || (state.machines?.problem ?? null) !== null) context.exit(exitCodes.no)
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
  const { problem, machineRun } = answer
  if (machineRun !== null) {
    const run = await client.getMachineRun({ params: { app: params.app, machineRun } })
    return follow(context, client, run)
  }
  context.answer(answer, () => [
    problem === null ? 'It no longer differs' : `It was not put right: ${problem}`,
  ])
  if (problem !== null) context.exit(exitCodes.no)
}

const remedies: Record<DriftRemedy, string> = {
  rewrite: 'write the file again',
  restart: 'restart',
  rewrite_and_restart: 'write the file again, and restart',
  apply: 'apply the playbook to the machine',
  deploy: 'deploy again',
  manual: 'change it by hand',
}

function lines(
  {
    check: last,
    differences,
    machines,
  }: { check: DriftCheck | null; differences: Drift[]; machines: DriftMachines | null },
  now: number,
): string[] {
  return [
    ...(last === null ? ['It was not compared yet'] : [headOf(last, now)]),
    ...(machines === null ? [] : machineLines(machines, now)),
    ...differences.flatMap((one) => inWords(one, now)),
  ]
}

function headOf(last: DriftCheck, now: number): string {
  const { files, processes, problem } = last
  return problem === null
    ? `${counted(last.total, 'difference')} in ${counted(files, 'file')} and ` +
        `${counted(processes, 'process', 'processes')}, ` +
        `compared ${ago(last.checked, now)}`
    : `It could not be compared ${ago(last.checked, now)}: ${problem}`
}

function machineLines({ checked, problem, machines }: DriftMachines, now: number): string[] {
  if (checked === null) return ['The machines are being compared for the first time']
  const when = ago(checked, now)
  if (problem !== null) return [`The machines could not be compared ${when}: ${problem}`]
  const differing = machines.filter((one) => one.state === 'different').length
  const skipped = [...new Set(machines.flatMap((one) => one.skipped))].map(stripControlCodes)
  return [
    `${counted(differing, 'machine')} of ${machines.length} differ${differing === 1 ? 's' : ''} ` +
      `from the playbook, compared ${when}`,
    ...machines.flatMap(notesOf),
    ...(skipped.length === 0
      ? []
      : [`    not compared, because check mode skips them: ${skipped.join(', ')}`]),
  ]
}

const notesOf = ({ name, reason, repeating }: DriftMachine): string[] => [
  ...(reason === null ? [] : [`    ${name} is unknown: ${stripControlCodes(reason)}`]),
  ...(repeating.length === 0
    ? []
    : [`    ${name}: not compared, because they change at every run: ${repeating.join(', ')}`]),
]

function inWords(one: Drift, now: number): string[] {
  if (one.kind === 'task') return taskInWords(one, now)
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

function taskInWords(one: Drift, now: number): string[] {
  const { id, machine, name, place, object, diff } = one
  const at = place === null ? '' : ` (${place})`
  return [
    `${id}  ${machine}: task ${stripControlCodes(name)}${at}, since ${ago(one.since, now)}`,
    ...table([
      ['    would change', object === null ? '–' : stripControlCodes(object)],
      ['    at the next application', 'the machine changes'],
      ['    at the next restart', 'not known'],
      ['    to put it right', remedies[one.remedy]],
    ]),
    ...(diff === null ? [] : diff.split('\n').map((line) => `    ${stripControlCodes(line)}`)),
  ]
}
