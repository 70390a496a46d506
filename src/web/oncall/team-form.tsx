import { useState } from 'react'
import { FairleadError } from '#contract/errors.ts'
import { hoursText, readHours, type Team } from '#contract/oncall/oncall.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'

/** A step as its fields. */
interface Step {
  notify: string
  minutes: string
}

const listOf = (text: string): string[] =>
  text.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]))

function workingOf(text: string, zone: string): Team['working'] {
  if (text.trim() === '') return null
  const hours = readHours(text)
  if (hours === null)
    throw new FairleadError('invalid_input', {
      field: 'Working hours',
      problem: 'must be hours such as mon-fri 09:00-17:00',
    })
  return { zone: zone.trim(), hours }
}

/** Creates a team, or changes how alerts reach it. */
export function TeamForm({ team, close }: { team: Team | null; close: () => void }) {
  const client = useClient()
  const [name, setName] = useState(team?.name ?? '')
  const [suspects, setSuspects] = useState(String(team?.suspects ?? 5))
  const [steps, setSteps] = useState<Step[]>(
    team?.steps.map((one) => ({ notify: one.notify.join(', '), minutes: String(one.minutes) })) ?? [
      { notify: '', minutes: '5' },
    ],
  )
  const [repeats, setRepeats] = useState(String(team?.repeats ?? 2))
  const [hours, setHours] = useState(team?.working ? hoursText(team.working.hours) : '')
  const [zone, setZone] = useState(
    team?.working?.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  )
  const change = (at: number, more: Partial<Step>): void =>
    setSteps(steps.map((one, index) => (index === at ? { ...one, ...more } : one)))
  const send = async (): Promise<void> => {
    const body = {
      ...{ suspects: Number(suspects), repeats: Number(repeats) },
      steps: steps.map((one) => ({ notify: listOf(one.notify), minutes: Number(one.minutes) })),
      working: workingOf(hours, zone),
    }
    await client.putTeam({ params: { team: name.trim() }, body })
  }
  const { onSubmit, error } = useSave(send, { key: 'teams', close })
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <Field label="Name" value={name} set={setName} required disabled={team !== null} />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field
          label="Minutes for authors of the change"
          type="number"
          min={0}
          required
          value={suspects}
          set={setSuspects}
        />
        <Field
          label="Repetitions of all steps"
          type="number"
          min={0}
          max={9}
          required
          value={repeats}
          set={setRepeats}
        />
      </div>
      {steps.map((step, at) => (
        <div key={at} className="grid items-start gap-3 sm:grid-cols-[minmax(0,1fr)_6rem_auto]">
          <Field
            label={`Step ${at + 1}: who is notified`}
            hint="rota:NAME, person:NAME or channel:NAME, separated by commas"
            required
            value={step.notify}
            set={(notify) => change(at, { notify })}
          />
          <Field
            label="Minutes"
            type="number"
            min={1}
            required
            value={step.minutes}
            set={(minutes) => change(at, { minutes })}
          />
          {steps.length > 1 ? (
            <Button
              className="sm:mt-5"
              onClick={() => setSteps(steps.filter((_, index) => index !== at))}
            >
              Remove step {at + 1}
            </Button>
          ) : null}
        </div>
      ))}
      <div className="grid gap-3 sm:grid-cols-2">
        <Field
          label="Low urgency waits for (empty: does not wait)"
          placeholder="mon-fri 09:00-17:00"
          value={hours}
          set={setHours}
        />
        <Field label="Time zone" value={zone} set={setZone} required={hours.trim() !== ''} />
      </div>
      <ProblemLine error={error} />
      <div className="flex flex-wrap justify-end gap-2">
        <Button
          className="mr-auto"
          onClick={() => setSteps([...steps, { notify: '', minutes: '5' }])}
        >
          Add step
        </Button>
        <Button onClick={close}>Cancel</Button>
        <Button kind="primary" type="submit">
          Save
        </Button>
      </div>
    </form>
  )
}
