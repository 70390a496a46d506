import { type Command, InvalidArgumentError } from 'commander'
import { FairleadError } from '#contract/errors.ts'
import { escalation, type Hours, repeatWords, type Team } from '#contract/oncall/oncall.ts'
import { fraction, hours, jsonFile, mustHave } from '../arguments.ts'
import type { Context } from '../context.ts'

interface TeamOptions {
  step?: { notify: string[]; minutes: number }[]
  suspects?: number
  repeats?: number
  hours?: Hours[]
  zone?: string
  file?: string
}

/** `5: rota:primary, person:Ada`: the minutes until the next step, and who gets the message. */
function stepOf(text: string, before: TeamOptions['step'] = []): TeamOptions['step'] {
  const [, minutes = '', targets = ''] = /^(\d+):(.+)$/.exec(text) ?? []
  if (targets === '')
    throw new InvalidArgumentError('It must be minutes and targets, such as "5: rota:primary".')
  const notify = targets.split(',').map((one) => one.trim())
  return [...before, { minutes: Number(minutes), notify }]
}

/** Commands about teams and how alerts reach them. */
export function registerTeams(program: Command, context: Context): void {
  const group = program.command('teams').description('how alerts reach teams, step by step')
  group
    .command('list', { isDefault: true })
    .description('list the teams and their steps')
    .action(async () => {
      const { client } = await context.connect()
      const answer = await client.listTeams()
      context.answer(answer, () =>
        answer.teams.length === 0
          ? ['No teams. Create one with `fairlead teams set`']
          : answer.teams.flatMap(linesOf),
      )
    })
  group
    .command('set')
    .argument('<team>', 'name of the team; `default` gets the alerts of apps without owners')
    .option('--step <step>', 'minutes and targets, such as "5: rota:primary"; repeatable', stepOf)
    .option('--suspects <minutes>', 'time for the authors of a change before step 1', fraction)
    .option('--repeats <n>', 'how often all steps are repeated', fraction)
    .option('--hours <hours>', 'low urgency waits for them, such as "mon-fri 09:00-17:00"', hours)
    .option('--zone <name>', 'time zone of the hours')
    .option('--file <file>', 'all of it, as JSON; see docs/on-call.md')
    .description('create a team, or replace how alerts reach it')
    .addHelpText(
      'after',
      `
Examples:
  $ fairlead teams set payments --step "5: rota:primary" --step "10: rota:backup, person:Ada"`,
    )
    .action(async (name: string, options: TeamOptions) => {
      const body = await bodyOf(options)
      const { client } = await context.connect()
      const team = await client.putTeam({ params: { team: name }, body })
      context.answer(team, () => linesOf(team))
    })
  group
    .command('delete')
    .argument('<team>', 'name of the team')
    .description('delete a team')
    .action(async (team: string) => {
      const { client } = await context.connect()
      const answer = await client.deleteTeam({ params: { team } })
      context.answer(answer, () => [`Deleted the team ${team}`])
    })
}

async function bodyOf({ step, hours: open, zone, file, ...rest }: TeamOptions) {
  if (file === undefined) mustHave({ step, ...(open && { zone }) })
  const working = open === undefined ? null : { zone, hours: open }
  const given = file === undefined ? { ...rest, steps: step, working } : await jsonFile(file)
  const parsed = escalation.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new FairleadError('invalid_input', {
    field: issue?.path.join('.') || 'team',
    problem: issue?.message ?? 'is invalid',
  })
}

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

const hoursWords = ({ zone, hours: open }: NonNullable<Team['working']>): string =>
  `${open
    .map((one) => `${one.days.map((day) => days[day - 1]).join(',')} ${one.from}-${one.until}`)
    .join('; ')} (${zone})`

const linesOf = ({ name, suspects, steps, repeats, working, missing }: Team): string[] => [
  `${name}  authors of the change first, for ${suspects} min`,
  ...steps.map(
    ({ notify, minutes }, at) => `  step ${at + 1}, for ${minutes} min: ${notify.join(', ')}`,
  ),
  `  ${repeatWords(repeats)}`,
  ...(working ? [`  low urgency waits for ${hoursWords(working)}`] : []),
  ...missing.map((target) => `  ${target} does not exist`),
]
