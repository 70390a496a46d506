import { useState } from 'react'
import { useClient } from '../live/dependencies.tsx'
import { FormButtons } from '../ui/button.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'

interface Props {
  app: string
  environment: string
  /** the reason to begin with */
  suggested?: string
  close: () => void
}

/** Says what the maintenance page does, and starts it. */
export function MaintenanceForm({ app, environment, suggested = '', close }: Props) {
  const client = useClient()
  const [reason, setReason] = useState(suggested)
  const [minutes, setMinutes] = useState('')
  const { onSubmit, error } = useSave(
    () =>
      client.startMaintenance({
        params: { app, environment },
        body: { reason, ...(minutes === '' ? {} : { minutes: Number(minutes) }) },
      }),
    { key: 'maintenance', close },
  )
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <p>
        Every new request to {app} in {environment} is answered with status 503 and a page that says
        so. The services run on. The requests are not counted as errors of the release.
      </p>
      <Field label="Reason" value={reason} set={setReason} required maxLength={500} />
      <Field
        label="Minutes until it ends by itself"
        hint="Empty: until someone ends it"
        type="number"
        min={1}
        max={10_080}
        value={minutes}
        set={setMinutes}
      />
      <ProblemLine error={error} />
      <FormButtons verb="Start" close={close} />
    </form>
  )
}
