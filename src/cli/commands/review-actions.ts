import { type Command, Option } from 'commander'
import { FairleadError } from '#contract/errors.ts'
import { type ActionProof, proofKinds, type ReviewAction } from '#contract/review/review.ts'
import { number } from '../arguments.ts'
import type { Context } from '../context.ts'

interface ActionOptions {
  owner?: string
  due?: string
  proof?: ActionProof['kind']
  name?: string
  environment?: string
}

const withProof = (command: Command): Command =>
  command
    .addOption(new Option('--proof <kind>', 'what proves it').choices(proofKinds))
    .option('--name <name>', 'of the monitor, service, experiment, gate, step or test')
    .option('--environment <name>', 'of the monitor, rehearsal, experiment or drift')

/** Actions of reviews: what proves them closes them, nobody else. */
export function addActions(group: Command, context: Context): void {
  withProof(group.command('add-action'))
    .argument('<incident>', 'number of the incident', number)
    .argument('<title>', 'what is to be done')
    .requiredOption('--due <day>', 'the last day, such as 2026-12-14')
    .option('--owner <user>', 'who does it; default: you')
    .description('add an action, which only its proof closes')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fairlead review add-action 3 "Test that a card is charged once" \\\n' +
        '      --due 2026-12-14 --proof test --name "charges once"',
    )
    .action(async (id: number, title: string, options: ActionOptions) => {
      const { client } = await context.connect()
      const proof = proofOf(options)
      if (proof === undefined)
        throw new FairleadError('invalid_input', {
          field: '--proof',
          problem: `is needed: ${proofKinds.join(', ')}`,
        })
      const body = { title, due: options.due ?? '', proof, ...ownerOf(options) }
      const answer = await client.createReviewAction({ params: { incident: id }, body })
      context.answer(answer, () => [
        `Added action ${answer.actionList.at(-1)?.id} to the review of incident ${id}`,
      ])
    })
  withProof(group.command('change-action'))
    .argument('<incident>', 'number of the incident', number)
    .argument('<action>', 'number of the action', number)
    .option('--title <text>', 'what is to be done')
    .option('--due <day>', 'the last day, such as 2026-12-14')
    .option('--owner <user>', 'who does it; default: the same user')
    .description('change an action; another proof begins anew')
    .action(async (id: number, action: number, options: ActionOptions & { title?: string }) => {
      const { client } = await context.connect()
      const proof = proofOf(options)
      const { title, due } = options
      const body = {
        ...(title === undefined ? {} : { title }),
        ...(due === undefined ? {} : { due }),
        ...(proof === undefined ? {} : { proof }),
        ...ownerOf(options),
      }
      const answer = await client.changeReviewAction({ params: { incident: id, action }, body })
      context.answer(answer, () => [`Changed action ${action}`])
    })
  group
    .command('create-issue')
    .argument('<incident>', 'number of the incident', number)
    .argument('<action>', 'number of the action', number)
    .description('create an issue for an action at the Git provider, and keep both the same')
    .action(async (id: number, action: number) => {
      const { client } = await context.connect()
      const answer = await client.createReviewIssue({ params: { incident: id, action } })
      context.answer(answer, () => [`Fairlead creates an issue for action ${action}`])
    })
  group
    .command('remove-action')
    .argument('<incident>', 'number of the incident', number)
    .argument('<action>', 'number of the action', number)
    .requiredOption('--reason <text>', 'why it is not done')
    .description('remove an action from a review')
    .action(async (id: number, action: number, body: { reason: string }) => {
      const { client } = await context.connect()
      const answer = await client.deleteReviewAction({ params: { incident: id, action }, body })
      context.answer(answer, () => [`Removed action ${action}`])
    })
}

const ownerOf = ({ owner }: ActionOptions) => (owner === undefined ? {} : { owner })

function proofOf({ proof: kind, name, environment }: ActionOptions): ActionProof | undefined {
  if (kind === undefined) {
    if (name === undefined && environment === undefined) return undefined
    throw new FairleadError('invalid_input', {
      field: '--proof',
      problem: `is needed with --name: ${proofKinds.join(', ')}`,
    })
  }
  if (kind === 'drift') return { kind, environment: needed(environment, '--environment', kind) }
  const subject = needed(name, '--name', kind)
  if (kind === 'gate' || kind === 'step' || kind === 'test') return { kind, name: subject }
  const place = needed(environment, '--environment', kind)
  return kind === 'rehearsal'
    ? { kind, environment: place, service: subject }
    : { kind, environment: place, name: subject }
}

function needed(value: string | undefined, field: string, kind: ActionProof['kind']): string {
  if (value !== undefined) return value
  const problem =
    field === '--name' && kind === 'rehearsal'
      ? 'is needed: the name of the service'
      : `is needed for the proof ${kind}`
  throw new FairleadError('invalid_input', { field, problem })
}

/** An action as a row of a table. */
export const actionRow = (action: ReviewAction): string[] => [
  String(action.id),
  action.state,
  `${action.isOverdue ? 'overdue since' : 'until'} ${action.due}`,
  action.owner,
  action.title,
  action.reason,
  ...(action.issue === null ? [] : [issueWords(action.issue)]),
]

const issueWords = ({ number, url, problem }: NonNullable<ReviewAction['issue']>): string =>
  (url ?? (number === null ? 'its issue is not created yet' : `issue ${number}`)) +
  (problem === null ? '' : ` (${problem})`)
