import { useQuery } from '@tanstack/react-query'
import { useClient } from '../live/dependencies.tsx'
import { pollInterval } from '../live/poll-interval.ts'

/** The switches of an environment. */
export function useSwitches(app: string, environment: string) {
  const client = useClient()
  return useQuery({
    queryKey: ['switches', app, environment],
    queryFn: async ({ signal }) =>
      (await client.listSwitches({ query: { app, environment }, signal })).switches,
    refetchInterval: pollInterval,
  })
}
