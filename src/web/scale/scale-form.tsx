import { useState } from 'react'
import type { Scale } from '#contract/scale/scale.ts'
import { useClient } from '../live/dependencies.tsx'
import { FormButtons } from '../ui/button.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'

interface Props {
  app: string
  environment: string
  /** those whose number can be changed; at least one */
  scales: Scale[]
  /** the reason at first */
  because: string
  close: () => void
}

/** Says what another number of instances does, and sets it. */
export function ScaleForm({ app, environment, scales, because, close }: Props) {
  const client = useClient()
  const [service, setService] = useState(scales[0]?.service ?? '')
  const current = scales.find((one) => one.service === service)
  const [instances, setInstances] = useState(String((current?.instances ?? 0) + 1))
  const [reason, setReason] = useState(because)
  const { onSubmit, error } = useSave(
    () =>
      client.setScale({
        params: { app, environment, service },
        body: { instances: Number(instances), reason },
      }),
    { key: 'scale', close },
  )
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <p>
        More instances start beside those that run. Of fewer, the last ones end after their last
        request. The number stays until a release changes it in fairlead.yaml, or until somebody
        sets it back.
      </p>
      {scales.length > 1 ? (
        <Choice
          label="Service"
          value={service}
          set={setService}
          choices={Object.fromEntries(scales.map((one) => [one.service, one.service]))}
        />
      ) : null}
      <Field
        label={`Instances of ${service}`}
        hint={current ? `Now ${current.instances}; fairlead.yaml says ${current.declared}` : ''}
        type="number"
        min={1}
        max={64}
        required
        value={instances}
        set={setInstances}
      />
      <Field label="Reason" value={reason} set={setReason} maxLength={500} />
      <ProblemLine error={error} />
      <FormButtons verb="Change" close={close} />
    </form>
  )
}
