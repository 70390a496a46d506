import { useState } from 'react'
import type { ReviewDetail, ReviewSection } from '#contract/review/review.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button, FormButtons } from '../ui/button.tsx'
import { Modal } from '../ui/dialog.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'

interface Props {
  review: ReviewDetail
  section: ReviewSection
}

/** Opens a form for the text of a section. */
export function EditButton({ review, section }: Props) {
  const [isOpen, setOpen] = useState(false)
  const close = (): void => setOpen(false)
  return (
    <>
      <Button onClick={() => setOpen(true)} aria-label={`Edit … ${section.title}`}>
        Edit …
      </Button>
      <Modal open={isOpen} close={close} title={section.title}>
        <EditForm review={review} section={section} close={close} />
      </Modal>
    </>
  )
}

function EditForm({ review, section, close }: Props & { close: () => void }) {
  const client = useClient()
  // The version that was read, while others may change the review.
  const [version] = useState(review.version)
  const [text, setText] = useState(section.text)
  const send = () =>
    client.changeReview({
      params: { incident: review.incident },
      body: { version, sections: { [section.name]: text } },
    })
  const { onSubmit, error } = useSave(send, { key: 'reviews', close })
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <label className="flex flex-col gap-1">
        <span className="label">{section.question} (Markdown)</span>
        <textarea
          className="field min-h-60"
          maxLength={20_000}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <ProblemLine error={error} />
      <FormButtons verb="Save" close={close} />
    </form>
  )
}
