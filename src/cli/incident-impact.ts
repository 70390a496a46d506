import type { Command } from 'commander'
import { type HitPart, type Impact, impactCsv, impactWords } from '#contract/incident/impact.ts'
import { number } from './arguments.ts'
import type { Context } from './context.ts'
import { table } from './format.ts'

const shown = 20

/** Adds `incident impact`. */
export function addImpact(group: Command, context: Context): void {
  group
    .command('impact')
    .argument('<incident>', 'number of the incident', number)
    .option('--csv', 'print every route, tenant and entity that was hit, as CSV')
    .description('show whom an incident hit: requests that failed, by route and tenant')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead incident impact 3\n' +
        '  $ fairlead incident impact 3 --csv > refunds.csv',
    )
    .action(async (id: number, { csv }: { csv?: boolean }) => {
      const { client } = await context.connect()
      const impact = await client.getIncidentImpact({ params: { incident: id } })
      context.answer(impact, () =>
        csv ? impactCsv(impact).trimEnd().split('\r\n') : impactLines(impact),
      )
    })
}

function impactLines(impact: Impact): string[] {
  const { from, until, routes, tenants, entities } = impact
  const words = impactWords(impact)
  return [
    `${words.charAt(0).toUpperCase()}${words.slice(1)}`,
    `From ${from} until ${until}`,
    ...section('Routes', routes.map(rowOf)),
    ...section('Tenants', tenants.map(rowOf)),
    ...section(
      'What broke a rule',
      entities.map(({ entity, monitor, since }) => [entity, monitor, since]),
    ),
  ]
}

const rowOf = ({ name, failed, requests }: HitPart): string[] => [
  name || '(others)',
  `${failed} of ${requests} failed`,
]

const section = (title: string, rows: string[][]): string[] =>
  rows.length === 0
    ? []
    : [
        '',
        `${title}:`,
        ...table(rows.slice(0, shown)),
        ...(rows.length > shown ? [`… and ${rows.length - shown} more, with --csv`] : []),
      ]
