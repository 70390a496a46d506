import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Rota } from '#contract/oncall/oncall.ts'
import { useClient } from '../live/dependencies.tsx'
import { useMay, useMe } from '../live/access-queries.ts'
import { Button, FormButtons } from '../ui/button.tsx'
import { Command } from '../ui/copy.tsx'
import { Confirm, Modal, type Question } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { fieldTime } from './calendar.ts'
import { ImportForm } from './import-form.tsx'
import { RotaForm } from './rota-form.tsx'
import { SwapForm } from './swap-form.tsx'

type Open = 'override' | 'swap' | 'import' | 'edit' | 'calendar' | null

/** What may be done with a rota. */
export function RotaActions({ rota }: { rota: Rota }) {
  const client = useClient()
  const queries = useQueryClient()
  const mayOverride = useMay('developer', null)
  const mayChange = useMay('operator', null)
  const [open, setOpen] = useState<Open>(null)
  const [url, setUrl] = useState('')
  const [question, ask] = useState<Question | null>(null)
  const close = (): void => setOpen(null)
  const askCalendar: Question = {
    title: `Create the address of the calendar of ${rota.name}?`,
    text: 'Calendar programs can subscribe to it. An address that was created before ends.',
    verb: 'Create',
    act: async () => {
      setUrl((await client.createCalendarLink({ params: { rota: rota.name } })).url)
      setOpen('calendar')
    },
  }
  const askDelete: Question = {
    title: `Delete the rota ${rota.name}?`,
    text: 'Its overrides are deleted, too. Teams that name it notify nobody in its place.',
    verb: 'Delete',
    danger: true,
    act: async () => {
      await client.deleteRota({ params: { rota: rota.name } })
      await queries.invalidateQueries({ queryKey: ['rotas'] })
    },
  }
  if (!mayOverride) return null
  return (
    <div className="flex flex-wrap gap-2">
      <Button onClick={() => setOpen('override')}>Override …</Button>
      <Button onClick={() => setOpen('swap')}>Swap …</Button>
      <Button onClick={() => setOpen('import')}>Import …</Button>
      <Button onClick={() => ask(askCalendar)}>Calendar …</Button>
      {mayChange ? (
        <>
          <Button onClick={() => setOpen('edit')}>Edit …</Button>
          <Button onClick={() => ask(askDelete)}>Delete …</Button>
        </>
      ) : null}
      <Modal open={open === 'override'} close={close} title={`Override ${rota.name}`}>
        <OverrideForm rota={rota.name} close={close} />
      </Modal>
      <Modal open={open === 'swap'} close={close} title={`Swap shifts of ${rota.name}`}>
        <SwapForm rota={rota.name} close={close} />
      </Modal>
      <Modal open={open === 'import'} close={close} title={`Import a calendar into ${rota.name}`}>
        <ImportForm rota={rota.name} close={close} />
      </Modal>
      <Modal open={open === 'edit'} close={close} title={`Edit ${rota.name}`}>
        <RotaForm rota={rota} close={close} />
      </Modal>
      <Modal open={open === 'calendar'} close={close} title="Calendar">
        <p>Copy the address now. It is not shown again.</p>
        <Command text={url} />
      </Modal>
      <Confirm question={question} close={() => ask(null)} />
    </div>
  )
}

const hour = 3_600_000

function OverrideForm({ rota, close }: { rota: string; close: () => void }) {
  const client = useClient()
  const queries = useQueryClient()
  const { data: me } = useMe()
  const [person, setPerson] = useState(me?.name ?? '')
  const [from, setFrom] = useState(() => fieldTime(Date.now()))
  const [until, setUntil] = useState(() => fieldTime(Date.now() + 12 * hour))
  const [reason, setReason] = useState('')
  const [error, setError] = useState<unknown>(null)
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setError(null)
    try {
      const body = {
        ...{ person: person.trim(), reason },
        ...{ from: new Date(from).toISOString(), until: new Date(until).toISOString() },
      }
      await client.createOverride({ params: { rota }, body })
      await queries.invalidateQueries({ queryKey: ['rotas'] })
      close()
    } catch (problem) {
      setError(problem)
    }
  }
  return (
    <form onSubmit={(event) => void save(event)} className="flex flex-col gap-3">
      <Field label="Who is on call" value={person} set={setPerson} required />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="From" type="datetime-local" value={from} set={setFrom} required />
        <Field label="Until" type="datetime-local" value={until} set={setUntil} required />
      </div>
      <Field label="Reason" value={reason} set={setReason} maxLength={500} />
      <ProblemLine error={error} />
      <FormButtons verb="Save" close={close} />
    </form>
  )
}
