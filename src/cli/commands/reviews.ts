import { readFile } from 'node:fs/promises'
import { Argument, type Command } from 'commander'
import {
  type Review,
  type ReviewAudience,
  reviewAudiences,
  type ReviewDetail,
} from '#contract/review/review.ts'
import { number, positive } from '../arguments.ts'
import type { Context } from '../context.ts'
import { ago, table } from '../format.ts'
import type { Register } from '../register.ts'
import { actionRow, addActions } from './review-actions.ts'

export const register: Register = (program, context) => {
  const group = program
    .command('review')
    .description('what was learned from incidents: list, show, edit and publish reviews')
  addReaders(group, context)
  addWriters(group, context)
  addActions(group, context)
}

const incident = (): Argument =>
  new Argument('<incident>', 'number of the incident').argParser(number)

function addReaders(group: Command, context: Context): void {
  group
    .command('list', { isDefault: true })
    .argument('[app]', 'name of the app')
    .option('--overdue', 'only those with overdue actions')
    .option('--limit <n>', 'number of reviews', positive, 20)
    .description('list reviews, newest first')
    .addHelpText('after', '\nExamples:\n  $ fairlead review\n  $ fairlead review list --overdue')
    .action(async (app: string | undefined, options: { overdue?: boolean; limit: number }) => {
      const { client } = await context.connect()
      const query = {
        limit: options.limit,
        ...(app === undefined ? {} : { app }),
        ...(options.overdue ? { overdue: 'true' as const } : {}),
      }
      const answer = await client.listReviews({ query })
      context.answer(answer, () =>
        answer.reviews.length === 0
          ? ['No reviews']
          : table(answer.reviews.map((one) => rowOf(one, context.now()))),
      )
    })
  group
    .command('show')
    .addArgument(incident())
    .option('--markdown', 'as Markdown, in the form that `edit --file` takes')
    .description('show the review of an incident')
    .addHelpText('after', '\nExamples:\n  $ fairlead review show 3 --markdown > review.md')
    .action(async (id: number, { markdown }: { markdown?: boolean }) => {
      const { client } = await context.connect()
      const review = await client.getReview({ params: { incident: id } })
      context.answer(review, () =>
        markdown ? [review.markdown.trimEnd()] : detailLines(review, context.now()),
      )
    })
}

function addWriters(group: Command, context: Context): void {
  group
    .command('begin')
    .addArgument(incident())
    .description('begin the review of an incident; one that closes begins it by itself')
    .action(async (id: number) => {
      const { client } = await context.connect()
      const answer = await client.createReview({ params: { incident: id } })
      context.answer(answer, () => [`Began the review of incident ${id}`])
    })
  group
    .command('edit')
    .addArgument(incident())
    .requiredOption('--file <path>', 'the review as Markdown, from `show --markdown`')
    .description('change the sections of a review; refused when it was changed meanwhile')
    .addHelpText('after', '\nExamples:\n  $ fairlead review edit 3 --file review.md')
    .action(async (id: number, { file }: { file: string }) => {
      const { client } = await context.connect()
      const markdown = await readFile(file, 'utf8')
      const answer = await client.changeReview({ params: { incident: id }, body: { markdown } })
      context.answer(answer, () => [`Changed the review of incident ${id}`])
    })
  group
    .command('publish')
    .addArgument(incident())
    .addArgument(new Argument('<audience>', 'who may read it').choices(reviewAudiences))
    .description('publish a review inside or outside, or make it a draft again')
    .addHelpText('after', '\nExamples:\n  $ fairlead review publish 3 inside')
    .action(async (id: number, audience: ReviewAudience) => {
      const { client } = await context.connect()
      const params = { incident: id }
      const { version } = await client.getReview({ params })
      const answer = await client.publishReview({ params, body: { version, audience } })
      context.answer(answer, () => [
        audience === 'draft'
          ? `The review of incident ${id} is a draft again`
          : `Published the review of incident ${id} ${audience}`,
      ])
    })
}

const rowOf = (one: Review, now: number): string[] => {
  const { total, proven, overdue } = one.actions
  const late = overdue === 0 ? '' : `, ${overdue} overdue`
  return [
    ...[String(one.incident), one.audience, one.severity, ago(one.detected, now)],
    total === 0 ? 'no actions' : `${proven} of ${total} proven${late}`,
    one.title,
  ]
}

function detailLines(review: ReviewDetail, now: number): string[] {
  const { incident: id, title, audience, begun, begunBy, edited, editedBy } = review
  return [
    `Review of incident ${id}: ${title}`,
    `Audience    ${audience}`,
    `Begun       ${ago(begun, now)} by ${begunBy}`,
    ...(edited === null ? [] : [`Changed     ${ago(edited, now)} by ${editedBy ?? ''}`]),
    ...review.sections.flatMap((section) => [
      '',
      `${section.title}: ${section.question}`,
      ...section.facts.map((fact) => `- ${fact}`),
      ...(section.text === '' ? [] : section.text.split('\n')),
    ]),
    '',
    ...(review.actionList.length === 0
      ? ['No actions']
      : ['Actions:', ...table(review.actionList.map(actionRow))]),
  ]
}
