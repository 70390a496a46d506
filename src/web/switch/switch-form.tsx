import { useState } from 'react'
import { FairleadError } from '#contract/errors.ts'
import { choiceOf, settingAfter } from '#contract/switch/change.ts'
import type { SwitchSetting, SwitchView } from '#contract/switch/switch.ts'
import { choiceText } from '#contract/switch/text.ts'
import { FormButtons } from '../ui/button.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { useSave } from '../ui/save.ts'

/** The default of the file, as a choice. */
const reset = ''

/** Sets a switch for everybody or for a share of the targeting keys. */
export function SwitchForm({
  found,
  send,
  close,
}: {
  found: SwitchView
  send: (setting: SwitchSetting | null, reason: string) => Promise<void>
  close: () => void
}) {
  const { name, definition, setting } = found
  const names = Object.keys(definition?.variants ?? {})
  const standard = definition === null ? '' : choiceText(definition.default)
  const [value, setValue] = useState(setting === null ? reset : choiceText(setting.serve))
  const [percent, setPercent] = useState('100')
  const [reason, setReason] = useState('')
  const next = (): SwitchSetting | null => {
    if (value === reset || definition === null) return null
    const choice = choiceOf(definition, value)
    if (choice === null)
      throw new FairleadError('invalid_input', {
        ...{ field: name, problem: `must be a value of the type ${definition.type}` },
      })
    const share = Number(percent)
    return settingAfter(definition, setting, choice, share === 100 ? {} : { percent: share })
  }
  const { onSubmit, error } = useSave(async () => send(next(), reason), {
    key: 'switches',
    close,
  })
  const choices = Object.fromEntries([
    [reset, `The default: ${standard}`],
    ...names.map((one) => [one, one]),
  ]) as Record<string, string>
  return (
    <form onSubmit={onSubmit} className="flex flex-col gap-3">
      {names.length > 0 ? (
        <Choice label="Value" value={value} set={setValue} choices={choices} />
      ) : (
        <Field label="Value" hint={`Empty: ${standard}`} value={value} set={setValue} />
      )}
      <Field
        label="Percent of the targeting keys"
        type="number"
        min={0.01}
        max={100}
        step={0.01}
        value={percent}
        set={setPercent}
      />
      <Field label="Reason" value={reason} set={setReason} maxLength={500} />
      <ProblemLine error={error} />
      <FormButtons verb="Set" close={close} />
    </form>
  )
}
