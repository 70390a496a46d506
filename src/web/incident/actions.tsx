import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import type { IncidentChange, IncidentDetail, IncidentRole } from '#contract/incident/incident.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay } from '../live/access-queries.ts'
import { Button } from '../ui/button.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'

const MergeForm = lazy(async () => ({
  default: (await import('./merge-form.tsx')).MergeForm,
}))

/** Takes roles, merges another incident, and closes one. Each button says what it does. */
export function IncidentActions({ incident }: { incident: IncidentDetail }) {
  const { id, app, over, closed } = incident
  const client = useClient()
  const queries = useQueryClient()
  const mayAct = useMay('developer', app)
  const [question, ask] = useState<Question | null>(null)
  const [isMerging, setMerging] = useState(false)
  if (!mayAct || closed !== null) return null
  const params = { incident: id }
  const after = async (done: Promise<unknown>): Promise<void> => {
    await done
    await queries.invalidateQueries({ queryKey: ['incidents'] })
  }
  const take = (role: IncidentRole, what: string): Question => ({
    title: `Take the role ${role}?`,
    text: `${what} ${incident[role] === null ? 'Nobody has it.' : `${incident[role]} has it now.`}`,
    verb: 'Take it',
    act: () => after(client.takeIncident({ params, body: { role } })),
  })
  const close: Question = {
    title: 'Close this incident?',
    text:
      (over === null ? 'It is not over: it counts as over by your word. ' : '') +
      'It opens again if its alerts come back within an hour.',
    verb: 'Close',
    act: () => after(client.closeIncident({ params, body: {} })),
  }
  return (
    <>
      <Button onClick={() => ask(close)}>Close …</Button>
      <Button onClick={() => setMerging(true)}>Merge …</Button>
      <Button onClick={() => ask(take('communicator', 'You inform customers and colleagues.'))}>
        Communicate …
      </Button>
      <Button kind="primary" onClick={() => ask(take('commander', 'You decide what is done.'))}>
        Take command …
      </Button>
      <Confirm question={question} close={() => ask(null)} />
      <Modal
        open={isMerging}
        close={() => setMerging(false)}
        title="Merge another incident into this one"
      >
        <Suspense fallback={null}>
          <MergeForm incident={incident} close={() => setMerging(false)} />
        </Suspense>
      </Modal>
    </>
  )
}

/** Confirms that a change is the cause. */
export function CauseButton({
  incident,
  change,
}: {
  incident: IncidentDetail
  change: IncidentChange
}) {
  const client = useClient()
  const queries = useQueryClient()
  const mayAct = useMay('developer', incident.app)
  const [question, ask] = useState<Question | null>(null)
  if (!mayAct || change.confirmedBy !== null) return null
  const confirm: Question = {
    title: 'Is this the cause?',
    text: `${change.text}. Fairlead keeps the answer, and shows how often its ranking was right.`,
    verb: 'It is the cause',
    act: async () => {
      const body = { cause: change.id }
      await client.changeIncident({ params: { incident: incident.id }, body })
      await queries.invalidateQueries({ queryKey: ['incidents'] })
    },
  }
  return (
    <>
      <Button onClick={() => ask(confirm)} aria-label={`It was this … ${change.text}`}>
        It was this …
      </Button>
      <Confirm question={question} close={() => ask(null)} />
    </>
  )
}

/** Adds a note to the timeline. */
export function NoteForm({ incident: { id, app } }: { incident: IncidentDetail }) {
  const client = useClient()
  const mayAct = useMay('developer', app)
  const [text, setText] = useState('')
  const send = () => client.noteIncident({ params: { incident: id }, body: { text } })
  const { onSubmit, error } = useSave(send, { key: 'incidents', close: () => setText('') })
  if (!mayAct) return null
  return (
    <form onSubmit={onSubmit} className="mb-3 flex flex-wrap items-end gap-2">
      <div className="min-w-0 flex-1 basis-64">
        <Field label="Note" value={text} set={setText} maxLength={5000} required />
      </div>
      <Button type="submit">Add note</Button>
      <ProblemLine error={error} />
    </form>
  )
}
