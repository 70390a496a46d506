import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import { useClient } from '../live/dependencies.tsx'
import { Button, FormButtons } from '../ui/button.tsx'
import { ProblemLine } from '../ui/problem.tsx'

/** Takes the entries of an iCalendar file as overrides. */
export function ImportForm({ rota, close }: { rota: string; close: () => void }) {
  const client = useClient()
  const queries = useQueryClient()
  const field = useId()
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
      <div className="flex flex-col gap-1">
        <label htmlFor={field} className="label">
          iCalendar file
        </label>
        <input
          id={field}
          type="file"
          accept=".ics,text/calendar"
          required
          aria-describedby={`${field}-hint`}
          className="field w-full"
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
        <span id={`${field}-hint`} className="label">
          The title of an entry names the user. The entries replace those of the last import.
        </span>
      </div>
      <ProblemLine error={error} />
      <FormButtons verb="Import" disabled={file === null} close={close} />
    </form>
  )
}
