import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { FairleadError } from '#contract/errors.ts'
import { type Hours, type Rota, rotaPlan, type Shift } from '#contract/oncall/oncall.ts'
import { hours, jsonFile, moment, mustHave, number, positive } from '../arguments.ts'
import type { Context } from '../context.ts'
import { table } from '../format.ts'
import type { Register } from '../register.ts'
import { registerTeams } from './teams.ts'

export const register: Register = (program, context) => {
  const group: Command = program.command('oncall').description('who is on call, in turns')
  group
    .command('list', { isDefault: true })
    .description('show who is on call now and next, and what is wrong in the next four weeks')
    .addHelpText('after', '\nExamples:\n  $ fairlead oncall')
    .action(() => list(context))
  group
    .command('show')
    .argument('<rota>', 'name of the rota')
    .option('--days <n>', 'number of days', positive, 28)
    .description('show the shifts of a rota')
    .action((rota: string, { days }: { days: number }) => show(context, rota, days))
  addPlan(group, context)
  addOverrides(group, context)
  addCalendar(group, context)
  registerTeams(program, context)
}

interface PlanOptions {
  file?: string
  people?: string[]
  start?: string
  zone?: string
  every?: number
  unit?: string
  hours?: Hours[]
}

const namesOf = (text: string): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)

function addPlan(group: Command, context: Context): void {
  group
    .command('set')
    .argument('<rota>', 'name of the rota')
    .option('--people <names>', 'users in the order of their turns, separated by commas', namesOf)
    .option('--start <time>', 'local time of the first handover, such as 2026-11-30T09:00')
    .option('--zone <name>', 'time zone, such as Europe/Vienna')
    .option('--every <n>', 'length of a turn, in units', positive)
    .option('--unit <unit>', 'hours, days or weeks')
    .option('--hours <hours>', 'on call in these hours only, such as "mon-fri 09:00-17:00"', hours)
    .option('--file <file>', 'all layers, as JSON; see docs/on-call.md')
    .description('create a rota, or replace its layers')
    .addHelpText(
      'after',
      `
Examples:
  $ fairlead oncall set primary --people Ada,Bob --start 2026-11-30T09:00 --zone Europe/Vienna
  $ fairlead oncall set primary --file primary.json`,
    )
    .action(async (name: string, options: PlanOptions) => {
      const { client } = await context.connect()
      const rota = await client.putRota({ params: { rota: name }, body: await planOf(options) })
      context.answer(rota, () => [`Saved the rota ${name}`, ...linesOf(rota)])
    })
  group
    .command('delete')
    .argument('<rota>', 'name of the rota')
    .description('delete a rota')
    .action(async (rota: string) => {
      const { client } = await context.connect()
      const answer = await client.deleteRota({ params: { rota } })
      context.answer(answer, () => [`Deleted the rota ${rota}`])
    })
}

async function planOf({ file, people, start, zone, ...turn }: PlanOptions) {
  if (file === undefined) mustHave({ people, start, zone })
  const given =
    file === undefined ? { zone, layers: [{ people, start, ...turn }] } : await jsonFile(file)
  const parsed = rotaPlan.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new FairleadError('invalid_input', {
    field: issue?.path.join('.') || (file ?? 'rota'),
    problem: issue?.message ?? 'is invalid',
  })
}

function addOverrides(group: Command, context: Context): void {
  group
    .command('override')
    .argument('<rota>', 'name of the rota')
    .argument('<person>', 'the user who is on call instead')
    .requiredOption('--from <time>', 'from when on', moment)
    .requiredOption('--until <time>', 'until when', moment)
    .option('--reason <text>', 'why', '')
    .description('put one person on call for a time')
    .action(
      async (
        rota: string,
        person: string,
        options: { from: string; until: string; reason: string },
      ) => {
        const { client } = await context.connect()
        const body = { ...options, person }
        const override = await client.createOverride({ params: { rota }, body })
        context.answer(override, () => [`Override ${override.id}: ${shiftWords(override)}`])
      },
    )
  group
    .command('remove-override')
    .argument('<rota>', 'name of the rota')
    .argument('<override>', 'number of the override', number)
    .description('delete an override')
    .action(async (rota: string, override: number) => {
      const { client } = await context.connect()
      const answer = await client.deleteOverride({ params: { rota, override } })
      context.answer(answer, () => [`Deleted override ${override}`])
    })
  group
    .command('swap')
    .argument('<rota>', 'name of the rota')
    .argument('<one>', 'a time in the first shift', moment)
    .argument('<other>', 'a time in the second shift', moment)
    .option('--reason <text>', 'why', '')
    .description('let two people take each other’s shifts')
    .action(async (rota: string, one: string, other: string, { reason }: { reason: string }) => {
      const { client } = await context.connect()
      const answer = await client.swapShifts({ params: { rota }, body: { one, other, reason } })
      context.answer(answer, () => answer.overrides.map(shiftWords))
    })
}

function addCalendar(group: Command, context: Context): void {
  group
    .command('calendar')
    .argument('<rota>', 'name of the rota')
    .description('create the address of the calendar of a rota; the former address ends')
    .action(async (rota: string) => {
      const { client } = await context.connect()
      const answer = await client.createCalendarLink({ params: { rota } })
      context.answer(answer, () => [answer.url])
    })
  group
    .command('import')
    .argument('<rota>', 'name of the rota')
    .argument('<file>', 'an iCalendar file')
    .description('take the entries of a calendar as overrides, instead of those of the last import')
    .action(async (rota: string, file: string) => {
      const { client } = await context.connect()
      const calendar = await readFile(file, 'utf8')
      const answer = await client.importCalendar({ params: { rota }, body: { calendar } })
      context.answer(answer, () => [
        `Imported ${answer.overrides} entries`,
        ...answer.unmatched.map((title) => `Not imported, because it names no user: ${title}`),
      ])
    })
}

const minutes = (time: string): string => `${time.slice(0, 16).replace('T', ' ')} UTC`

const shiftWords = ({ from, until, person }: Pick<Shift, 'from' | 'until' | 'person'>): string =>
  `${person ?? 'nobody'} from ${minutes(from)} until ${minutes(until)}`

const problemLines = ({ problems }: Rota): string[] =>
  problems.map(({ kind, person, from, until }) =>
    kind === 'hole'
      ? `  nobody is on call from ${minutes(from)} until ${minutes(until)}`
      : kind === 'unproven'
        ? `  ${person} has no channel that has worked, and is on call from ${minutes(from)}`
        : `  ${person} is not an enabled user, and is on call from ${minutes(from)}`,
  )

function linesOf(rota: Rota): string[] {
  const { name, now, next } = rota
  const current = now ? `${now.person} until ${minutes(now.until)}` : 'nobody'
  const after = next ? `; next: ${next.person} from ${minutes(next.from)}` : ''
  return [`${name}  now: ${current}${after}`, ...problemLines(rota)]
}

async function list(context: Context): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.listRotas()
  context.answer(answer, () =>
    answer.rotas.length === 0
      ? ['No rotas. Create one with `fairlead oncall set`']
      : answer.rotas.flatMap(linesOf),
  )
}

async function show(context: Context, name: string, days: number): Promise<void> {
  const { client } = await context.connect()
  const rota = await client.getRota({ params: { rota: name }, query: { days } })
  context.answer(rota, () => [
    ...linesOf(rota),
    '',
    ...table(
      rota.shifts.map(({ from, until, person, override }) => [
        minutes(from),
        minutes(until),
        person ?? 'nobody',
        override === null ? '' : `override ${override}`,
      ]),
    ),
  ])
}
