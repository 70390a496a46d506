import type { Command } from 'commander'
import type { HostFault } from '#contract/experiment/fault.ts'
import { FairleadError } from '#contract/errors.ts'
import { type Context, exitCodes } from '../context.ts'
import { agoWords } from '#contract/time-words.ts'
import { table } from '../format.ts'
import { listExperiments, registerRuns } from '../experiment-runs.ts'
import { registerSchedule } from '../experiment-schedule.ts'
import type { Register } from '../register.ts'

export const register: Register = (program, context) => {
  const group: Command = program
    .command('experiment')
    .description('run, abort and stop experiments, and undo the faults that they made')
  registerRuns(group, context)
  registerSchedule(group, context)
  group
    .command('list', { isDefault: true })
    .argument('[app]', 'name of the app')
    .description(
      'list the experiments of an app with their last runs; without an app, list the faults of ' +
        'this machine, which needs no server and no host',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead experiment list shop\n  $ fairlead experiment list',
    )
    .action(async (app?: string) =>
      app === undefined
        ? show(context, await context.local.faults.list())
        : listExperiments(context, app),
    )
  group
    .command('undo')
    .argument('[faults...]', 'ids of faults')
    .option('--all', 'every fault of this machine')
    .description('undo faults of this machine now; needs no server and no host')
    .addHelpText('after', '\nExamples:\n  $ fairlead experiment undo --all')
    .action((ids: string[], { all }: { all?: boolean }) => undo(context, ids, all === true))
}

async function undo(context: Context, ids: string[], isAll: boolean): Promise<void> {
  // Without a name, nothing is meant.
  if ((ids.length === 0) !== isAll)
    throw new FairleadError('invalid_input', {
      ...{ field: 'faults', problem: 'name the faults to undo, or pass --all without names' },
    })
  const known = await context.local.faults.list()
  const unknown = ids.find((id) => !known.some((one) => one.id === id))
  if (unknown !== undefined) throw new FairleadError('not_found', { kind: 'fault', id: unknown })
  const found = await context.local.faults.undo(isAll ? null : ids)
  show(context, found)
  if (found.some(({ state }) => state !== 'undone')) context.exit(exitCodes.no)
}

function show(context: Context, faults: HostFault[]): void {
  context.answer({ faults }, () =>
    faults.length === 0
      ? ['There are no faults to undo on this machine']
      : table(
          faults.map((one) => [
            one.id,
            one.action,
            `${one.app}/${one.environment}/${one.service}`,
            one.state,
            agoWords(context.now() - one.created),
            one.problem ?? one.reason ?? '',
          ]),
        ),
  )
}
