import { useState } from 'react'
import { FairleadError } from '#contract/errors.ts'
import { choiceOf } from '#contract/switch/change.ts'
import type { SwitchView } from '#contract/switch/switch.ts'
import { useClient } from '../live/dependencies.tsx'
import { FormButtons } from '../ui/button.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'

/** Begins a gradual change of a switch. */
export function RolloutForm({ found, close }: { found: SwitchView; close: () => void }) {
  const { app, environment, name, definition, variant, steps } = found
  const client = useClient()
  const names = Object.keys(definition?.variants ?? {})
  const [value, setValue] = useState(names.find((one) => one !== variant) ?? '')
  const [reason, setReason] = useState('')
  const send = () => {
    const serve = definition && choiceOf(definition, value)
    if (!serve)
      throw new FairleadError('invalid_input', {
        ...{ field: name, problem: `must be a value of the type ${definition?.type ?? ''}` },
      })
    const params = { app, environment, switch: name }
    return client.startSwitchRollout({ params, body: { serve, reason } })
  }
  const { onSubmit, error } = useSave(async () => send(), { key: 'switches', close })
  const choices = Object.fromEntries(names.map((one) => [one, one]))
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      <p>
        The value is served for {(steps ?? []).join(', ')} % of the targeting keys, then for
        everybody. It is rolled back when the requests of its keys fail more often.
      </p>
      {names.length > 0 ? (
        <Choice label="Value" value={value} set={setValue} choices={choices} />
      ) : (
        <Field label="Value" value={value} set={setValue} required />
      )}
      <Field label="Reason" value={reason} set={setReason} maxLength={500} />
      <ProblemLine error={error} />
      <FormButtons verb="Roll out" close={close} />
    </form>
  )
}
