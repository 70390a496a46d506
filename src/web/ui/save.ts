import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'

/**
 * Saves a form: sends it, fetches what it changed (`key`) again, and closes the form. `close` gets
 * the answer.
 */
export function useSave<T>(
  send: () => Promise<T>,
  { key, close }: { key: string; close: (answer: T) => void },
): { onSubmit(event: FormEvent): void; error: unknown } {
  const queries = useQueryClient()
  const [error, setError] = useState<unknown>(null)
  const save = async (): Promise<void> => {
    setError(null)
    try {
      const answer = await send()
      await queries.invalidateQueries({ queryKey: [key] })
      close(answer)
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
