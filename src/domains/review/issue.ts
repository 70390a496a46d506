import { type ActionProof, proofText } from '#contract/review/review.ts'
import { escapeMentions as plain } from '#platform/markdown.ts'

/** What an issue says of its action. */
export interface ToldAction {
  title: string
  owner: string
  /** the last day, `2026-12-14` */
  due: string
  proof: ActionProof
  isProven: boolean
  isOverdue: boolean
}

/** An action as its issue is to show it. */
export interface ActionToTell extends ToldAction {
  /** why it is in its state */
  reason: string
  /** when the state began, ISO 8601 */
  since: string
}

/** An issue as the Git provider has it. */
export interface IssueState {
  isOpen: boolean
  /** when it was closed, ISO 8601; null while it is open or when the Git provider does not say */
  closed: string | null
}

/** What is to be done with an issue, in this order. */
export interface IssuePlan {
  /** each is written once for its key */
  comments: { key: string; text: string }[]
  /** whether title, text and last day are written anew */
  isRewritten: boolean
  /** null: it stays as it is */
  setOpen: boolean | null
  setOverdue: boolean | null
  /** a person closed it, which does not close the action */
  wasClosed: boolean
}

/** Labels of issues. */
export const issueLabel = 'fairlead'
export const overdueLabel = 'overdue'

/** The mark in an issue or a comment by which it is found again. */
export const issueMarker = (key: string): string => `<!-- fairlead ${key} -->`

/** Title, text and last day of the issue of an action; `url` is the address of its review. */
export function issueContent(
  { title, owner, due, proof }: Pick<ToldAction, 'title' | 'owner' | 'due' | 'proof'>,
  { key, review, url }: { key: string; review: number; url: string },
): { title: string; body: string; due: string } {
  const body = [
    `This is an action of the [review of incident ${review}](${url}).`,
    `- Owner: ${plain(owner)}\n- Last day: ${due}\n- Proof: ${plain(proofText(proof))}`,
    'Fairlead closes the issue when the proof failed since the incident began, and passes. ' +
      'If somebody else closes it, Fairlead opens it again.',
    issueMarker(key),
  ].join('\n\n')
  return { title: title.replace(/\s+/g, ' ').trim(), body, due }
}

const nothing: IssuePlan = {
  ...{ comments: [], isRewritten: false, setOpen: null, setOverdue: null, wasClosed: false },
}

/**
 * What to do with the issue of an action, which has been told `told`. Only its proof closes an
 * action, so an issue that a person closed is opened again. After the issue of a proven action is
 * closed, people may open it, too.
 */
export function decideIssue(
  action: ActionToTell,
  told: ToldAction,
  { isOpen, closed }: IssueState,
): IssuePlan {
  const { isProven, isOverdue, due, since } = action
  const reason = plain(action.reason)
  const isChanged = JSON.stringify(contentOf(action)) !== JSON.stringify(contentOf(told))
  const isLate = isOverdue && !told.isOverdue
  const plan = {
    ...nothing,
    isRewritten: isChanged,
    setOverdue: isOverdue === told.isOverdue ? null : isOverdue,
  }
  const late = isLate
    ? [{ key: `overdue/${due}`, text: `The last day of the action was ${due}: ${reason}.` }]
    : []
  if (isProven && told.isProven) return plan
  if (isProven) {
    const text = `The action is proven: ${reason}. Fairlead closes the issue.`
    return {
      ...{ ...plan, comments: [{ key: `proven/${since}`, text }], setOpen: isOpen ? false : null },
    }
  }
  if (told.isProven) {
    const text = `The action is not proven any more: ${reason}. The issue is open again.`
    const comments = [{ key: `reopened/${since}`, text }, ...late]
    return { ...plan, comments, setOpen: isOpen ? null : true }
  }
  if (isOpen) return { ...plan, comments: late }
  const text = `Fairlead opened the issue again: only its proof closes the action, and ${reason}.`
  const comments = [{ key: `closed/${closed ?? ''}`, text }, ...late]
  return { ...plan, comments, setOpen: true, wasClosed: true }
}

/** What to do with an issue whose action was removed. */
export function decideRemoved(removed: string | null, { isOpen }: IssueState): IssuePlan {
  if (!isOpen) return nothing
  const why = removed === null ? '' : `: ${plain(removed)}`
  const text = `The action was removed from its review${why}. Fairlead closes the issue.`
  return { ...nothing, comments: [{ key: 'removed', text }], setOpen: false }
}

const contentOf = ({ title, owner, due, proof }: ToldAction): unknown => [
  ...[title, owner, due],
  ...Object.entries(proof).toSorted(([a], [b]) => (a < b ? -1 : 1)),
]
