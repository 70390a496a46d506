import { useState } from 'react'
import type { ActionProof, ReviewDetail } from '#contract/review/review.ts'
import { useClient } from '../live/dependencies.tsx'
import { FormButtons } from '../ui/button.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'

const kinds: Record<ActionProof['kind'], string> = {
  test: 'A test, by its name in the reports',
  monitor: 'A monitor',
  rehearsal: 'The rehearsal of a service',
  experiment: 'An experiment',
  drift: 'The check of the drift of an environment',
  gate: 'A gate',
  step: 'A step',
}

/** Adds an action to a review. */
export function ActionForm({ review, close }: { review: ReviewDetail; close: () => void }) {
  const client = useClient()
  const [title, setTitle] = useState('')
  const [owner, setOwner] = useState('')
  const [due, setDue] = useState('')
  const [kind, setKind] = useState<ActionProof['kind']>('test')
  const [name, setName] = useState('')
  const [environment, setEnvironment] = useState(review.environment ?? '')
  const hasPlace = !['test', 'gate', 'step'].includes(kind)
  const hasName = kind !== 'drift'
  const send = () =>
    client.createReviewAction({
      params: { incident: review.incident },
      body: {
        ...{ title, due, proof: proofOf(kind, name, environment) },
        ...(owner === '' ? {} : { owner }),
      },
    })
  const { onSubmit, error } = useSave(send, { key: 'reviews', close })
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <Field label="What is to be done" value={title} set={setTitle} maxLength={200} required />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Owner" hint="Empty for you" value={owner} set={setOwner} maxLength={80} />
        <Field label="Last day" type="date" value={due} set={setDue} required />
      </div>
      <Choice label="What proves it" value={kind} set={setKind} choices={kinds} />
      <div className="grid gap-3 sm:grid-cols-2">
        {hasName ? (
          <Field
            label={kind === 'rehearsal' ? 'Service' : 'Name'}
            value={name}
            set={setName}
            maxLength={500}
            required
          />
        ) : null}
        {hasPlace ? (
          <Field label="Environment" value={environment} set={setEnvironment} required />
        ) : null}
      </div>
      <p className="text-soft">
        The action closes when this failed since the incident began, and passes now. Choose
        something that fails until the action is done.
      </p>
      <ProblemLine error={error} />
      <FormButtons verb="Add" close={close} />
    </form>
  )
}

function proofOf(kind: ActionProof['kind'], name: string, environment: string): ActionProof {
  if (kind === 'rehearsal') return { kind, environment, service: name }
  if (kind === 'drift') return { kind, environment }
  if (kind === 'monitor' || kind === 'experiment') return { kind, environment, name }
  return { kind, name }
}
