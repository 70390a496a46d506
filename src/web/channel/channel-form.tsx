import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Urgency } from '#contract/alert/alert.ts'
import { useClient } from '../live/dependencies.tsx'
import { FormButtons } from '../ui/button.tsx'
import { Choice, Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'

interface Kind {
  kind: string
  title: string
  required: string[]
  optional: string[]
}

const urgencies: Record<Urgency, string> = { low: 'Every alert', high: 'High urgency only' }

/** Adds a channel, or replaces the one of the same name. */
export function ChannelForm({ kinds, close }: { kinds: Kind[]; close: () => void }) {
  const client = useClient()
  const queries = useQueryClient()
  const [name, setName] = useState('')
  const [kind, setKind] = useState(kinds[0]?.kind ?? '')
  const [person, setPerson] = useState('')
  const [urgency, setUrgency] = useState<Urgency>('low')
  const [settings, setSettings] = useState<Record<string, string>>({})
  const [error, setError] = useState<unknown>(null)
  const chosen = kinds.find((one) => one.kind === kind)
  const fields = chosen ? [...chosen.required, ...chosen.optional] : []
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setError(null)
    const given = fields.flatMap((field) => {
      const value = settings[field]?.trim() ?? ''
      return value === '' ? [] : [[field, value] as const]
    })
    try {
      await client.putChannel({
        params: { channel: name.trim() },
        body: {
          ...{ kind, urgency, settings: Object.fromEntries(given) },
          ...(person.trim() === '' ? {} : { person: person.trim() }),
        },
      })
      await queries.invalidateQueries({ queryKey: ['channels'] })
      close()
    } catch (problem) {
      setError(problem)
    }
  }
  return (
    <form onSubmit={(event) => void save(event)} className="flex flex-col gap-3">
      <Field label="Name" value={name} set={setName} required maxLength={40} />
      <Choice
        label="Kind"
        value={kind}
        set={setKind}
        choices={Object.fromEntries(kinds.map((one) => [one.kind, `${one.kind}: ${one.title}`]))}
      />
      {fields.map((field) => (
        <Field
          key={field}
          label={field}
          required={chosen?.required.includes(field) ?? false}
          autoComplete="off"
          value={settings[field] ?? ''}
          set={(value) => setSettings({ ...settings, [field]: value })}
        />
      ))}
      <Field label="User (empty: a shared channel)" value={person} set={setPerson} maxLength={80} />
      <Choice label="Gets" value={urgency} set={setUrgency} choices={urgencies} />
      <ProblemLine error={error} />
      <FormButtons verb="Save" disabled={name.trim() === '' || kind === ''} close={close} />
    </form>
  )
}
