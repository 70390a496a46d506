import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button, FormButtons } from '../ui/button.tsx'
import { Modal } from '../ui/dialog.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'

/** Lets a gate fail for some days, for a stated reason. */
export function WaiveGate({ app, gate }: { app: string; gate: string }) {
  const mayWaive = useMay('developer', app)
  const [isOpen, setOpen] = useState(false)
  if (!mayWaive) return null
  return (
    <>
      <Button onClick={() => setOpen(true)} aria-label={`Waive … ${gate}`}>
        Waive …
      </Button>
      <Modal open={isOpen} close={() => setOpen(false)} title={`Waive the gate ${gate}`}>
        <WaiveForm app={app} gate={gate} close={() => setOpen(false)} />
      </Modal>
    </>
  )
}

function WaiveForm({ app, gate, close }: { app: string; gate: string; close: () => void }) {
  const client = useClient()
  const queries = useQueryClient()
  const [reason, setReason] = useState('')
  const [days, setDays] = useState('7')
  const [error, setError] = useState<unknown>(null)
  const waive = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setError(null)
    try {
      await client.createWaiver({
        params: { app },
        body: { kind: 'gate', subject: gate, reason: reason.trim(), days: Number(days) },
      })
      await queries.invalidateQueries({ queryKey: ['waivers', app] })
      close()
    } catch (problem) {
      setError(problem)
    }
  }
  return (
    <form onSubmit={(event) => void waive(event)} className="flex flex-col gap-3">
      <p>
        The gate may fail in every run of {app} until then. Retry the run to deliver this change.
      </p>
      <Field
        label="Reason"
        value={reason}
        set={setReason}
        required
        minLength={3}
        maxLength={1000}
      />
      <Field
        label="Days"
        value={days}
        set={setDays}
        required
        type="number"
        min={1}
        max={90}
        step="any"
      />
      <ProblemLine error={error} />
      <FormButtons verb="Waive" close={close} />
    </form>
  )
}
