import { type FormEvent, useState } from 'react'
import type { Deployment } from '#contract/run/run.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { Modal } from '../ui/dialog.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { asSentence } from '../ui/state.ts'

interface Props {
  to: Deployment
  /** why the release may not work */
  why: string
  open: boolean
  close: () => void
}

/** Asks for a reason to return to a release that does not work with what ran before later ones. */
export function ForcedRollback({ to, why, open, close }: Props) {
  return (
    <Modal open={open} close={close} title={`Roll back ${to.environment} anyway?`}>
      {open ? <ForcedRollbackForm {...{ to, why, close }} /> : null}
    </Modal>
  )
}

function ForcedRollbackForm({ to, why, close }: Omit<Props, 'open'>) {
  const client = useClient()
  const [reason, setReason] = useState('')
  const [problem, setProblem] = useState<unknown>(null)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setProblem(null)
    const { app, environment } = to
    try {
      const body = { to: to.id, force: true, reason }
      await client.rollback({ params: { app, environment }, body })
      close()
    } catch (error) {
      setProblem(error)
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p className="font-medium text-bad">{asSentence(why)}</p>
      <label className="mt-3 block">
        <span className="label">Reason</span>
        <input
          className="field w-full"
          value={reason}
          required
          maxLength={500}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      {problem === null ? null : <ProblemLine error={problem} />}
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={close}>Cancel</Button>
        <Button kind="danger" type="submit">
          Roll back
        </Button>
      </div>
    </form>
  )
}
