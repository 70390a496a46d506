import type { Command } from 'commander'
import type { Waiver } from '#contract/gate/gate.ts'
import { FairleadError } from '#contract/errors.ts'
import { number, positive } from '../arguments.ts'
import { ago, table } from '../format.ts'
import type { Register } from '../register.ts'
import type { Context } from '../context.ts'

export const register: Register = (program, context) => {
  const group: Command = program
    .command('waivers')
    .description('temporary exceptions for gates and tests, each with a reason')
  group
    .command('list')
    .argument('<app>', 'name of the app')
    .description('list waivers, active ones first')
    .addHelpText('after', '\nExamples:\n  $ fairlead waivers list shop')
    .action((app: string) => list(context, app))
  group
    .command('add')
    .argument('<app>', 'name of the app')
    .option('--gate <name>', 'name of a gate in fairlead.yaml')
    .option('--test <name>', 'name of a test as `fairlead tests` prints it (quarantine)')
    .requiredOption('--reason <text>', 'why it may fail')
    .option('--days <n>', 'number of days', positive, 7)
    .description('let a gate or a test fail without stopping the run')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead waivers add shop --gate coverage --reason "the importer goes next week" --days 10\n  $ fairlead waivers add shop --test "cart › adds twice" --reason "flaky since the new clock, SHOP-12"',
    )
    .action((app: string, options: AddOptions) => add(context, app, options))
  group
    .command('end')
    .argument('<app>', 'name of the app')
    .argument('<waiver>', 'number of the waiver', number)
    .description('end a waiver')
    .addHelpText('after', '\nExamples:\n  $ fairlead waivers end shop 3')
    .action(async (app: string, id: number) => {
      const { client } = await context.connect()
      const waiver = await client.deleteWaiver({ params: { app, waiver: id } })
      context.answer(waiver, () => [
        `Waiver ${waiver.id} of ${waiver.kind} ${waiver.subject} has ended`,
      ])
    })
}

interface AddOptions {
  gate?: string
  test?: string
  reason: string
  days: number
}

async function add(
  context: Context,
  app: string,
  { gate, test, reason, days }: AddOptions,
): Promise<void> {
  if ((gate === undefined) === (test === undefined))
    throw new FairleadError('invalid_input', {
      field: '--gate',
      problem: 'name either a gate, or a test with --test',
    })
  const { client } = await context.connect()
  const body = {
    kind: gate === undefined ? ('test' as const) : ('gate' as const),
    subject: gate ?? test ?? '',
    reason,
    days,
  }
  const waiver = await client.createWaiver({ params: { app }, body })
  context.answer(waiver, () => [
    `${waiver.kind} ${waiver.subject} does not stop runs until ${waiver.until.slice(0, 10)} (waiver ${waiver.id})`,
  ])
}

async function list(context: Context, app: string): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listWaivers({ params: { app } })
  const row = (one: Waiver): string[] => [
    String(one.id),
    one.isActive ? `until ${one.until.slice(0, 10)}` : 'over',
    one.kind,
    one.subject,
    one.author,
    ago(one.created, context.now()),
    one.reason,
  ]
  context.answer(answer, () =>
    answer.waivers.length === 0
      ? ['There are no waivers']
      : table(answer.waivers.map(row), context.stdout.columns ?? 140),
  )
}
