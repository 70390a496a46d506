import { FairleadError } from '#contract/errors.ts'
import type { Scale } from '#contract/scale/scale.ts'
import { counted } from '#contract/text.ts'
import { assignment } from '../arguments.ts'
import type { Context } from '../context.ts'
import { ago, table } from '../format.ts'
import type { Register } from '../register.ts'

interface Place {
  app: string
  environment: string
}

export const register: Register = (program, context) => {
  program
    .command('scale')
    .argument('<app>', 'name of the app')
    .argument('<environment>', 'name of the environment')
    .argument('[assignments...]', 'SERVICE=NUMBER, or SERVICE=file for that of fairlead.yaml')
    .option('--reason <text>', 'why, for the log and the timeline of an incident', '')
    .description('run more or fewer instances of a service now, without a new release')
    .addHelpText(
      'after',
      '\nWithout an assignment, it shows how many instances run. A number stays until a release' +
        '\nchanges the number in fairlead.yaml, or until SERVICE=file.' +
        '\n\nExamples:\n  $ fairlead scale shop production' +
        '\n  $ fairlead scale shop production web=4 --reason "incident 7"' +
        '\n  $ fairlead scale shop production web=file',
    )
    .action((app: string, environment: string, wanted: string[], options: { reason: string }) =>
      wanted.length === 0
        ? show(context, { app, environment })
        : change(context, { app, environment }, wanted.map(assignment), options.reason),
    )
}

async function show(context: Context, params: Place): Promise<void> {
  const { client } = await context.connect()
  const answer = await client.getScale({ params })
  const now = context.now()
  context.answer(answer, () =>
    answer.scales.length === 0
      ? [`Nothing is live in ${params.environment} of ${params.app}`]
      : table(
          answer.scales.map((one) => [
            one.service,
            counted(one.instances, 'instance'),
            of(one, now),
          ]),
        ),
  )
}

async function change(
  context: Context,
  place: Place,
  wanted: [string, string][],
  reason: string,
): Promise<void> {
  const numbers = wanted.map(([service, text]) => ({ service, instances: numberOf(service, text) }))
  const { client } = await context.connect()
  const answers: { scale: Scale; isServed: boolean }[] = []
  for (const { service, instances } of numbers) {
    const params = { ...place, service }
    answers.push(
      instances === null
        ? await client.endScale({ params })
        : await client.setScale({ params, body: { instances, reason } }),
    )
  }
  context.answer({ scales: answers.map(({ scale }) => scale) }, () => [
    ...answers.map(({ scale }) => inWords(place, scale)),
    ...(answers.every(({ isServed }) => isServed)
      ? []
      : ['The host does not answer; it gets the change when it does']),
  ])
}

function numberOf(service: string, text: string): number | null {
  if (text === 'file') return null
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= 64) return number
  throw new FairleadError('invalid_input', {
    field: service,
    problem: 'must be a number from 1 to 64, or the word file',
  })
}

const inWords = ({ app, environment }: Place, { service, instances, declared, set }: Scale) =>
  `${app}/${environment} runs ${counted(instances, 'instance')} of ${service}` +
  (set === null ? ', as fairlead.yaml says' : `; fairlead.yaml says ${declared}`)

const of = ({ declared, set, refusal }: Scale, now: number): string =>
  set === null
    ? (refusal ?? '')
    : `fairlead.yaml says ${declared} (${set.actor}, ${ago(set.since, now)}` +
      `${set.reason === '' ? '' : `: ${set.reason}`})`
