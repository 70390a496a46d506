import { useId, useState } from 'react'
import type { IncidentUpdates } from '#contract/status-page/endpoints.ts'
import { mostUpdateText, statusPhaseWords } from '#contract/status-page/status-page.ts'
import { useClient } from '../live/dependencies.tsx'
import { FormButtons } from '../ui/button.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'

/** Publishes an update, which begins with the words of the draft. */
export function UpdateForm({
  incident: { id, draft, updates, title: former },
  close,
}: {
  incident: IncidentUpdates
  close: () => void
}) {
  const client = useClient()
  const textId = useId()
  const [text, setText] = useState(draft?.text ?? '')
  const [title, setTitle] = useState(draft?.title ?? former)
  const [phase, setPhase] = useState(draft?.phase ?? updates[0]?.phase ?? 'investigating')
  const [next, setNext] = useState('')
  const send = () =>
    client.postStatusUpdate({
      params: { incident: id },
      body: {
        text,
        title,
        phase,
        ...(next === '' || phase === 'resolved' ? {} : { next: Number(next) }),
      },
    })
  const { onSubmit, error } = useSave(send, { key: 'status-page', close })
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <Field label="Title" value={title} set={setTitle} maxLength={120} required />
      <div className="flex flex-col gap-1">
        <label htmlFor={textId} className="label">
          Text (Markdown); it cannot be changed later
        </label>
        <textarea
          id={textId}
          className="field min-h-32 w-full"
          value={text}
          maxLength={mostUpdateText}
          required
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      <div className="grid gap-3 sm:grid-cols-2">
        <Choice label="Phase" value={phase} set={setPhase} choices={statusPhaseWords} />
        {phase === 'resolved' ? null : (
          <Field
            label="Minutes until the next update"
            hint="Empty: no promise"
            type="number"
            min={1}
            max={10_080}
            value={next}
            set={setNext}
          />
        )}
      </div>
      <ProblemLine error={error} />
      <FormButtons verb="Publish" close={close} />
    </form>
  )
}
