import { useQuery } from '@tanstack/react-query'
import type { ErrorState } from '#contract/error/error.ts'
import { useClient } from '../live/dependencies.tsx'

export interface ErrorChoices {
  app?: string
  environment?: string
  state?: ErrorState
  text?: string
  fresh?: 'true'
}

/** Errors, the last seen first. Polled, because not every event of an error is an event here. */
export function useErrors(filters: ErrorChoices) {
  const client = useClient()
  return useQuery({
    queryKey: ['errors', filters],
    queryFn: ({ signal }) => client.listErrors({ query: { ...filters, limit: 100 }, signal }),
    refetchInterval: 5000,
  })
}

export function useError(error: number) {
  const client = useClient()
  return useQuery({
    queryKey: ['errors', error],
    queryFn: ({ signal }) => client.getError({ params: { error }, signal }),
    refetchInterval: 10_000,
  })
}

/** Where SDKs send the errors of an app; read when it is asked for. */
export function useErrorKey(app: string, isWanted: boolean) {
  const client = useClient()
  return useQuery({
    queryKey: ['error-key', app],
    queryFn: ({ signal }) => client.getErrorKey({ params: { app }, signal }),
    enabled: isWanted,
  })
}
