import type { Command } from 'commander'
import type { Client } from '#contract/client.ts'
import type { Machine, MachineResult, MachineRun } from '#contract/machine/machine.ts'
import { counted } from '#contract/text.ts'
import { count, number } from '../arguments.ts'
import { type Context, exitCodes } from '../context.ts'
import { ago, stripControlCodes, table } from '../format.ts'
import type { Register } from '../register.ts'
import { printPages } from '../print-pages.ts'
import { untilAnswered } from '../until-answered.ts'

interface Place {
  app: string
  environment: string
}

export const register: Register = (program, context) => {
  const machines = program
    .command('machines')
    .description('apply what a playbook of Ansible declares for machines')
  withPlace(machines.command('list'))
    .description('list the machines of an environment, and what was applied to each last')
    .addHelpText('after', '\nExamples:\n  $ fairlead machines list shop production')
    .action((app: string, environment: string) => list(context, { app, environment }))
  withPlace(machines.command('apply'))
    .description('apply the playbook of the live release again')
    .addHelpText('after', '\nExamples:\n  $ fairlead machines apply shop production')
    .action((app: string, environment: string) => apply(context, { app, environment }))
  machines
    .command('runs')
    .argument('<app>', 'name of the app')
    .option('--environment <environment>', 'only of this environment')
    .option('--limit <n>', 'number of runs', count, 20)
    .description('list plans, applications and checks, newest first')
    .addHelpText('after', '\nExamples:\n  $ fairlead machines runs shop')
    .action((app: string, options: { environment?: string; limit: number }) =>
      listRuns(context, app, options),
    )
  withRun(machines.command('show'))
    .option('-f, --follow', 'follow it until it ends')
    .description('show a run, with each machine and each change')
    .addHelpText('after', '\nExamples:\n  $ fairlead machines show shop 12 --follow')
    .action((app: string, machineRun: number, { follow }: { follow?: boolean }) =>
      show(context, { app, machineRun }, follow === true),
    )
  withRun(machines.command('logs'))
    .option('-f, --follow', 'follow the output until the run ends')
    .description('print what a run does, by machine and task')
    .addHelpText('after', '\nExamples:\n  $ fairlead machines logs shop 12 --follow')
    .action(async (app: string, machineRun: number, { follow }: { follow?: boolean }) => {
      const { client } = await context.connect()
      await printPages(context, follow === true, async (query) => {
        const page = await client.getMachineOutput({ params: { app, machineRun }, query })
        const isRunning = page.machineRun.ended === null
        return { ...page, isRunning, hasEnded: !isRunning }
      })
    })
  withRun(machines.command('stop'))
    .description('stop a run; a task that runs may end in part')
    .addHelpText('after', '\nExamples:\n  $ fairlead machines stop shop 12')
    .action(async (app: string, machineRun: number) => {
      const { client } = await context.connect()
      const run = await client.stopMachineRun({ params: { app, machineRun } })
      context.answer(run, () => [`Run ${machineRun} is being stopped`])
    })
}

const withPlace = (command: Command): Command =>
  command.argument('<app>', 'name of the app').argument('<environment>', 'name of the environment')

const withRun = (command: Command): Command =>
  command.argument('<app>', 'name of the app').argument('<run>', 'number of the run', number)

async function list(context: Context, params: Place): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listMachines({ params })
  context.answer(answer, () =>
    answer.machines.length === 0
      ? [`No machine of ${params.app}/${params.environment} is known yet`]
      : table(answer.machines.map((one) => rowOf(one, context.now()))),
  )
}

const rowOf = (one: Machine, now: number): string[] => [
  one.name,
  stateOf(one),
  `release ${one.release} (${one.sha.slice(0, 7)})`,
  `applied ${ago(one.applied, now)}`,
]

async function apply(context: Context, params: Place): Promise<void> {
  const { client } = await context.connect()
  await follow(context, client, await client.applyMachines({ params }))
}

async function show(
  context: Context,
  params: { app: string; machineRun: number },
  isFollowed: boolean,
): Promise<void> {
  const { client } = await context.connect()
  const run = await client.getMachineRun({ params })
  if (isFollowed) await follow(context, client, run)
  else context.answer(run, () => machineLines(run))
}

/** Prints each machine when it is done, and the whole run when it has ended. */
export async function follow(context: Context, client: Client, first: MachineRun): Promise<void> {
  const run = await followed(context, client, first)
  if (run === null) return context.exit(exitCodes.interrupted)
  context.answer(run, () => machineLines(run))
  if (run.state !== 'passed') context.exit(exitCodes.no)
}

/** Prints each machine when it is done, and returns the run at its end; null: interrupted. */
export async function followed(
  context: Context,
  client: Client,
  first: MachineRun,
): Promise<MachineRun | null> {
  const params = { app: first.app, machineRun: first.id }
  const printed = new Map<string, string>()
  let run = first
  while (!context.signal.aborted) {
    if (!context.isJson())
      for (const one of run.machines) {
        const line = `${one.name}  ${stateOf(one)}`
        if (one.state !== 'waiting' && printed.get(one.name) !== line) context.print(line)
        printed.set(one.name, line)
      }
    if (run.ended !== null) break
    await new Promise((resolve) => setTimeout(resolve, 200))
    const next = await untilAnswered(context, () => client.getMachineRun({ params }))
    if (next === null) break
    run = next
  }
  return run.ended === null ? null : run
}

async function listRuns(
  context: Context,
  app: string,
  query: { environment?: string; limit: number },
): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listMachineRuns({ params: { app }, query })
  context.answer(answer, () =>
    answer.machineRuns.length === 0
      ? ['No playbook was run yet']
      : table(
          answer.machineRuns.map((run) => [
            String(run.id),
            run.environment,
            run.mode,
            run.sha.slice(0, 7),
            inWords(run),
            ago(run.started, context.now()),
          ]),
          context.stdout.columns ?? 140,
        ),
  )
}

const states: Record<MachineResult['state'], string> = {
  ...{ waiting: 'waits', running: 'runs', ok: 'is as declared', failed: 'failed' },
  ...{ changed: 'changed', unreachable: 'does not answer', unknown: 'ended in part' },
}

function stateOf({ state, changed, reason }: MachineResult): string {
  if (reason !== null) return stripControlCodes(`${states[state]}: ${reason}`)
  return changed > 0 ? counted(changed, 'change') : states[state]
}

const words: Record<MachineRun['state'], string> = {
  ...{ running: 'runs', passed: 'passed', failed: 'failed', stopped: 'was stopped' },
  lost: 'ended without a result',
}

function inWords({ state, reason, mode, total, machines }: MachineRun): string {
  if (state !== 'passed')
    return words[state] + (reason === null ? '' : `: ${stripControlCodes(reason)}`)
  const changes = counted(total, 'change')
  const what = mode === 'apply' ? changes : `would make ${changes}`
  return `${what} on ${counted(machines.length, 'machine')}`
}

const titles: Record<MachineRun['mode'], string> = {
  ...{ plan: 'Plan', apply: 'Application', check: 'Check' },
}

const indented = (text: string): string[] =>
  text.split('\n').map((line) => `    ${stripControlCodes(line)}`)

/** A run with each machine and each change. */
export function machineLines(run: MachineRun): string[] {
  const { id, mode, playbook, environment, app, sha } = run
  return [
    `${titles[mode]} ${id} of ${playbook} (${sha.slice(0, 7)}) ` +
      `for ${app}/${environment}: ${inWords(run)}`,
    ...table(run.machines.map((one) => [`  ${one.name}`, stateOf(one)])),
    ...run.machines.flatMap(({ name, output }) =>
      output === null ? [] : [`${name}: output of the task that failed`, ...indented(output)],
    ),
    ...run.changes.flatMap(({ machine, task, at, object, diff }) => [
      `${machine}: ${task}${at === null ? '' : ` (${at})`}${object === null ? '' : `: ${object}`}`,
      ...(diff === null ? [] : indented(diff)),
    ]),
    ...(run.total > run.changes.length
      ? [`… and ${counted(run.total - run.changes.length, 'change')} more`]
      : []),
  ]
}
