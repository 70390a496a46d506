import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

/** Saves a form: sends it, fetches what it changed (`key`) again, and closes the form. */
export function useSave(
  send: () => Promise<unknown>,
  { key, close }: { key: string; close: () => void },
): { onSubmit(event: FormEvent): void; error: unknown } {
  const queries = useQueryClient()
  const [error, setError] = useState<unknown>(null)
  const save = async (): Promise<void> => {
    setError(null)
    try {
      await send()
      await queries.invalidateQueries({ queryKey: [key] })
      close()
    } catch (problem) {
      setError(problem)
    }
  }
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault()
    void save()
  }
  return { onSubmit, error }
}
