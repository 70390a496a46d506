import { useState } from 'react'
import { proofText, type ReviewAction, type ReviewDetail } from '#contract/review/review.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button, FormButtons } from '../ui/button.tsx'
import { Modal } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { Nothing, Section } from '../ui/page.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'
import { asSentence } from '../ui/state.ts'
import { Status } from '../ui/status.tsx'
import { ActionForm } from './action-form.tsx'
import { actionBadges } from './badges.ts'
import { IssueButton, IssueLine } from './issue.tsx'

/** What follows from a review. Its proof closes an action, nobody else. */
export function Actions({ review, mayEdit }: { review: ReviewDetail; mayEdit: boolean }) {
  const [isOpen, setOpen] = useState(false)
  const close = (): void => setOpen(false)
  const { actionList } = review
  return (
    <Section
      title="Actions"
      aside={mayEdit ? <Button onClick={() => setOpen(true)}>Add action …</Button> : null}
    >
      {actionList.length === 0 ? (
        <Nothing>No actions. An action closes when what proves it failed, and passes now.</Nothing>
      ) : (
        <ul className="panel divide-y divide-edge overflow-hidden">
          {actionList.map((action) => (
            <ActionRow key={action.id} review={review} action={action} mayEdit={mayEdit} />
          ))}
        </ul>
      )}
      <Modal open={isOpen} close={close} title="Add an action">
        <ActionForm review={review} close={close} />
      </Modal>
    </Section>
  )
}

function ActionRow({
  review,
  action,
  mayEdit,
}: {
  review: ReviewDetail
  action: ReviewAction
  mayEdit: boolean
}) {
  const { title, owner, due, proof, state, reason, isOverdue, issue } = action
  const { app, incident } = review
  const badge = isOverdue ? { ...actionBadges[state], tone: 'bad' as const } : actionBadges[state]
  return (
    <li
      className="grid items-center gap-x-4 gap-y-1 px-4 py-2.5
        md:grid-cols-[9rem_minmax(0,1fr)_auto]"
    >
      <Status badge={badge} />
      <div className="min-w-0 wrap-anywhere">
        <span className="font-medium">{title}</span>
        <div className="text-soft">
          {owner}, {isOverdue ? 'overdue since' : 'until'} {due}. Proof: {proofText(proof)}.{' '}
          {asSentence(reason)}
        </div>
        {issue === null ? null : <IssueLine issue={issue} />}
      </div>
      {mayEdit ? (
        <div className="flex flex-wrap gap-2">
          {app === null || issue !== null ? null : <IssueButton {...{ app, incident, action }} />}
          <RemoveButton review={review} action={action} />
        </div>
      ) : null}
    </li>
  )
}

function RemoveButton({ review, action }: { review: ReviewDetail; action: ReviewAction }) {
  const [isOpen, setOpen] = useState(false)
  const close = (): void => setOpen(false)
  return (
    <span>
      <Button onClick={() => setOpen(true)} aria-label={`Remove … ${action.title}`}>
        Remove …
      </Button>
      <Modal open={isOpen} close={close} title="Remove this action?">
        <RemoveForm review={review} action={action} close={close} />
      </Modal>
    </span>
  )
}

function RemoveForm({
  review: { incident },
  action,
  close,
}: {
  review: ReviewDetail
  action: ReviewAction
  close: () => void
}) {
  const client = useClient()
  const [reason, setReason] = useState('')
  const params = { incident, action: action.id }
  const send = () => client.deleteReviewAction({ params, body: { reason } })
  const { onSubmit, error } = useSave(send, { key: 'reviews', close })
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <p>{action.title}</p>
      <Field label="Why it is not done" value={reason} set={setReason} maxLength={1000} required />
      <ProblemLine error={error} />
      <FormButtons verb="Remove" close={close} />
    </form>
  )
}
