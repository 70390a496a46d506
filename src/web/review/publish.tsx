import { useState } from 'react'
import type { ReviewAudience, ReviewDetail } from '#contract/review/review.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button, FormButtons } from '../ui/button.tsx'
import { Modal } from '../ui/dialog.tsx'
import { Choice } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'

const choices: Record<ReviewAudience, string> = {
  draft: 'Draft: people who may change the app',
  inside: 'Inside: everybody who may see the app',
  outside: 'Outside: the public, only the section for customers',
}

/** Chooses who may read a review. */
export function PublishButton({ review }: { review: ReviewDetail }) {
  const [isOpen, setOpen] = useState(false)
  const close = (): void => setOpen(false)
  return (
    <>
      <Button kind="primary" onClick={() => setOpen(true)}>
        Publish …
      </Button>
      <Modal open={isOpen} close={close} title="Publish this review">
        <PublishForm review={review} close={close} />
      </Modal>
    </>
  )
}

function PublishForm({ review, close }: { review: ReviewDetail; close: () => void }) {
  const client = useClient()
  const [version] = useState(review.version)
  const [audience, setAudience] = useState<ReviewAudience>(
    review.audience === 'draft' ? 'inside' : review.audience,
  )
  const send = () =>
    client.publishReview({ params: { incident: review.incident }, body: { version, audience } })
  const { onSubmit, error } = useSave(send, { key: 'reviews', close })
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <Choice label="Who may read it" value={audience} set={setAudience} choices={choices} />
      <ProblemLine error={error} />
      <FormButtons verb="Publish" close={close} />
    </form>
  )
}
