import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useClient } from '../live/dependencies.tsx'
import { Button, FormButtons } from '../ui/button.tsx'
import { FileField } from '../ui/field.tsx'
import { ProblemLine } from '../ui/problem.tsx'

/** Takes the entries of an iCalendar file as overrides. */
export function ImportForm({ rota, close }: { rota: string; close: () => void }) {
  const client = useClient()
  const queries = useQueryClient()
  const [file, setFile] = useState<File | null>(null)
  const [result, setResult] = useState<{ overrides: number; unmatched: string[] } | null>(null)
  const [error, setError] = useState<unknown>(null)
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setError(null)
    try {
      const body = { calendar: (await file?.text()) ?? '' }
      setResult(await client.importCalendar({ params: { rota }, body }))
      await queries.invalidateQueries({ queryKey: ['rotas'] })
    } catch (problem) {
      setError(problem)
    }
  }
  if (result !== null)
    return (
      <div className="flex flex-col gap-3">
        <p>
          {result.overrides === 1 ? '1 entry is' : `${result.overrides} entries are`} now overrides.
        </p>
        {result.unmatched.length === 0 ? null : (
          <p>No user belongs to these entries: {result.unmatched.join(', ')}.</p>
        )}
        <div className="flex justify-end">
          <Button onClick={close}>Close</Button>
        </div>
      </div>
    )
  return (
    <form onSubmit={(event) => void save(event)} className="flex flex-col gap-3">
      <FileField
        label="iCalendar file"
        hint="The title of an entry names the user. The entries replace those of the last import."
        accept=".ics,text/calendar"
        required
        set={setFile}
      />
      <ProblemLine error={error} />
      <FormButtons verb="Import" disabled={file === null} close={close} />
    </form>
  )
}
