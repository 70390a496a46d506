import type { ForgeClient, ForgeIssue, ForgeIssues } from '#domains/forge/client.ts'
import type { StoredForge } from '#domains/forge/store.ts'
import {
  type ActionToTell,
  decideIssue,
  decideRemoved,
  issueContent,
  issueLabel,
  issueMarker,
  type IssuePlan,
  overdueLabel,
  type ToldAction,
} from '#domains/review/issue.ts'
import * as store from '#domains/review/issue-store.ts'
import { appendEvent } from '#engine/events.ts'
import { actionFacts, headOf } from '#flows/review/words.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { IssueToSync } from '#views/review-issue.ts'

export interface IssueParts {
  db: Database
  publicUrl: string
  /** milliseconds since 1970 */
  now(): number
}

type Place = Pick<StoredForge, 'kind' | 'url' | 'repository'>

/** Synchronises the issue of an action. It can stop anywhere: a repetition continues. */
export async function syncIssue(
  parts: IssueParts,
  forge: Place,
  { issues }: Pick<ForgeClient, 'issues'>,
  one: IssueToSync,
): Promise<void> {
  const { db, now } = parts
  const { action, number, wanted, told } = one
  const refuse = (text: string) => db.batch([store.setIssueProblem(action, text, now())])
  if (!issues) return void (await refuse('Fairlead cannot write issues there'))
  const issue =
    number === null
      ? await issues.find(issueMarker(one.key), sinceOf(one))
      : await issues.get(number)
  if (wanted === null) {
    if (issue) await carryOut(parts, issues, { one, issue }, decideRemoved(one.removed, issue))
    return void (await db.batch([store.deleteIssue(action)]))
  }
  if (number === null || told === null)
    return record(parts, forge, one, wanted, issue ?? (await create(parts, issues, one, wanted)))
  if (!issue) return void (await refuse(`there is no issue ${number} any more`))
  const plan = decideIssue(wanted, told, issue)
  await carryOut(parts, issues, { one, issue }, plan)
  await db.batch([
    store.setTold(action, toldOf(wanted), now()),
    ...(plan.wasClosed
      ? [eventOf(one, wanted, 'dev.cdeventsx.fairlead-review.issuereopened', issue)]
      : []),
  ])
}

const dayMs = 86_400_000

/** From when what Fairlead wrote is looked for; the clock of the forge may be another one. */
const sinceOf = ({ requested }: IssueToSync): string =>
  new Date(Date.parse(requested) - dayMs).toISOString()

const contentOf = ({ publicUrl }: IssueParts, { key, review }: IssueToSync, wanted: ToldAction) =>
  issueContent(wanted, { key, review, url: `${publicUrl}/incidents/${review}/review` })

const create = (
  parts: IssueParts,
  issues: ForgeIssues,
  one: IssueToSync,
  wanted: ToldAction,
): Promise<ForgeIssue> => issues.create(contentOf(parts, one, wanted), issueLabel)

const toldOf = ({ title, owner, due, proof, isProven, isOverdue }: ActionToTell): ToldAction => ({
  ...{ title, owner, due, proof, isProven, isOverdue },
})

async function record(
  { db }: IssueParts,
  { kind, url, repository }: Place,
  one: IssueToSync,
  wanted: ActionToTell,
  issue: ForgeIssue,
): Promise<void> {
  const place = [kind, url, repository].join(' ')
  // The new issue says neither yet, so both follow.
  const told = { ...toldOf(wanted), isProven: false, isOverdue: false }
  await db.batch([
    store.putIssue(one.action, { place, number: issue.number, url: issue.url, told }),
    eventOf(one, wanted, 'dev.cdeventsx.fairlead-review.issuecreated', issue),
  ])
}

/** A comment is written once: before it is written, its mark is looked for. */
async function carryOut(
  parts: IssueParts,
  issues: ForgeIssues,
  { one, issue: { number } }: { one: IssueToSync; issue: ForgeIssue },
  { comments, isRewritten, setOpen, setOverdue }: IssuePlan,
): Promise<void> {
  const written = comments.length === 0 ? [] : await issues.listComments(number, sinceOf(one))
  for (const { key, text } of comments) {
    const mark = issueMarker(`${one.key}/${key}`)
    if (!written.some((other) => other.includes(mark)))
      await issues.comment(number, `${text}\n\n${mark}`)
  }
  if (isRewritten && one.wanted) await issues.change(number, contentOf(parts, one, one.wanted))
  if (setOverdue !== null) await issues.setLabel(number, overdueLabel, setOverdue)
  if (setOpen !== null) await issues.setOpen(number, setOpen)
}

const eventOf = (
  { review, app, environment, incidentTitle, action }: IssueToSync,
  { title, owner }: ToldAction,
  type:
    | 'dev.cdeventsx.fairlead-review.issuecreated'
    | 'dev.cdeventsx.fairlead-review.issuereopened',
  { url }: ForgeIssue,
): Statement =>
  appendEvent({
    type,
    ...headOf({ incident: review, app }),
    data: {
      ...actionFacts({ environment, title: incidentTitle ?? '' }, { id: action, title, owner }),
      url,
    },
  })
