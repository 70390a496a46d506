import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { NoPush, subscribeBrowser } from './subscribe.ts'

/** Makes this browser a channel of its user; a test message follows at once. */
export function ThisBrowser() {
  const client = useClient()
  const queries = useQueryClient()
  const [isAdding, setAdding] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const add = async (): Promise<void> => {
    setError(null)
    setAdding(true)
    try {
      await client.addBrowser({ body: await subscribeBrowser() })
      await queries.invalidateQueries({ queryKey: ['channels'] })
    } catch (problem) {
      setError(problem)
    } finally {
      setAdding(false)
    }
  }
  return (
    <>
      <Button disabled={isAdding} onClick={() => void add()}>
        Add this browser
      </Button>
      {error instanceof NoPush ? (
        <p role="alert" className="w-full text-small text-bad">
          {error.message}
        </p>
      ) : (
        <ProblemLine error={error} />
      )}
    </>
  )
}
