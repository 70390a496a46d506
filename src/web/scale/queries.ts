import { useQuery } from '@tanstack/react-query'
import { useClient } from '../live/dependencies.tsx'
import { pollInterval } from '../live/poll-interval.ts'

/** How many instances of the services of an environment run, and how many its file asks for. */
export function useScale(app: string, environment: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['scale', app, environment],
    queryFn: async ({ signal }) =>
      (await client.getScale({ params: { app, environment }, signal })).scales,
    refetchInterval: pollInterval,
  })
}
