import { durationWords } from '#contract/time-words.ts'
import type { Client } from '#contract/client.ts'
import type { CountedDeployment, DeliveryFigures } from '#contract/home/home.ts'
import { count } from '../arguments.ts'
import type { Context } from '../context.ts'
import { short, table } from '../format.ts'
import type { Register } from '../register.ts'

export const register: Register = (program, context) => {
  program
    .command('figures')
    .argument('[app]', 'only this app')
    .option('--days <n>', 'length of the period in days', count, 30)
    .description('show how often and how fast changes reach production, and how many fail there')
    .addHelpText('after', '\nExamples:\n  $ fairlead figures\n  $ fairlead figures shop --days 7')
    .action((app: string | undefined, { days }: { days: number }) => figures(context, app, days))
}

async function figures(context: Context, app: string | undefined, days: number): Promise<void> {
  const { client } = await context.connect()
  const query = { days, ...(app === undefined ? {} : { app }) }
  const answer = await client.getDeliveryFigures({ query })
  const counted = await allCounted(client, query)
  const { now, before } = answer
  const failed = counted.filter(({ isFailed }) => isFailed)
  context.answer({ ...answer, counted }, () => [
    ...table([
      ['production', `last ${days} days`, `${days} days before`],
      ['deployments', String(now.deployments), String(before.deployments)],
      ['lead time', duration(now.leadTimeMs), duration(before.leadTimeMs)],
      ['change failures', share(now), share(before)],
      ['time to recover', duration(now.recoveryMs), duration(before.recoveryMs)],
    ]),
    ...(failed.length === 0 ? [] : ['', ...table([failedHead, ...failed.map(failedRow)])]),
  ])
}

/** Every deployment that the figures of the last days count, newest first. */
async function allCounted(
  client: Client,
  query: { app?: string; days: number },
): Promise<CountedDeployment[]> {
  const all: CountedDeployment[] = []
  for (let before: number | null | undefined; before !== null;) {
    const page = await client.listCountedDeployments({
      query: { ...query, limit: 500, ...(before === undefined ? {} : { before }) },
    })
    all.push(...page.deployments)
    before = page.next
  }
  return all
}

const duration = (ms: number | null): string => (ms === null ? 'none' : durationWords(ms))

const share = ({ failed, failureRate }: DeliveryFigures): string =>
  failureRate === null ? 'none' : `${failed} (${Math.round(failureRate * 100)} %)`

const failedHead = ['failed', 'where', 'change', 'why', 'recovered in', 'subject']

const failedRow = (one: CountedDeployment): string[] => [
  `deployment ${one.id}`,
  `${one.app}/${one.environment}`,
  short(one.sha),
  [
    ...(one.isRolledBack ? ['rolled back'] : []),
    ...one.incidents.map((id) => `incident ${id}`),
  ].join(', ') || 'an incident of another app',
  one.recoveryMs === null ? 'not yet' : durationWords(one.recoveryMs),
  one.subject,
]
